import type { OpenOptions } from "#database/database.ts";
import type { Target } from "#database/target.ts";
import type { CommandContext } from "./command.ts";

/** How to reach a database, for commands that work on it as a whole. */
export function openOptions({ wait, io, messages }: CommandContext): OpenOptions {
  return { wait, signal: io.signal, onRetry: (error) => messages.log(`${error.message}; trying again`) };
}

/** The database's name, or the embedded engine's folder. */
export function databaseName(target: Target): string {
  return target.engine === "server" ? target.database : (target.path ?? ":memory:");
}
