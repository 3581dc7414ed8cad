import { isAbsolute, relative } from "node:path";
import type { OpenOptions } from "#database/database.ts";
import type { Target } from "#database/target.ts";
import { clipName, NAME_BYTES } from "#sql/clip-name.ts";
import type { Config } from "#config/config.ts";
import type { CommandContext } from "./command.ts";
import { formatDuration } from "./output/text.ts";

/** How to reach a database, for commands that work on it as a whole. */
export function openOptions(context: CommandContext): OpenOptions {
  return { wait: context.wait, signal: context.io.signal, onRetry: sayRetry(context) };
}

/** Says why a server does not answer yet, once for as long as the reason is the same. */
export function sayRetry({
  messages,
  wait,
}: Pick<CommandContext, "messages" | "wait">): (error: Pick<Error, "message">) => void {
  let said: string | undefined;
  return ({ message }) => {
    if (message !== said) messages.log(`${message}; trying again for ${formatDuration(wait)}`);
    said = message;
  };
}

/** The database's name, or the embedded engine's folder. */
export function databaseName(target: Target): string {
  return target.engine === "server" ? target.database : (target.path ?? ":memory:");
}

/**
 * Says which database a command writes to, or reads as a whole: "Database: localhost:5432/shop (environment: local)", and
 * where its URL came from, if it is not that of the environment.
 */
export function tellDatabase(
  { messages, projectDir }: CommandContext,
  { target, environment, urlOrigin }: Config,
): void {
  const parts = [
    ...(urlOrigin === null ? [] : [`URL: ${urlOrigin}`]),
    ...(environment === null ? [] : [`environment: ${environment}`]),
  ];
  if (target.engine === "server" && clipName(target.database) !== target.database) {
    messages.warn(
      `PostgreSQL keeps ${NAME_BYTES} bytes of a name: the database is ${clipName(target.database)}, and every name that begins so is the same`,
    );
  }
  messages.log(`Database: ${databasePlace(target, projectDir)}${parts.length === 0 ? "" : ` (${parts.join(", ")})`}`);
}

/**
 * "localhost:5432/shop", or the embedded engine's folder.
 * @param from a folder inside it is named from here
 */
export function databasePlace(target: Target, from?: string): string {
  if (target.engine === "embedded") return `${folderOf(target.path, from)}, embedded`;
  return `${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}/${target.database}`;
}

function folderOf(path: string | undefined, from: string | undefined): string {
  if (path === undefined) return ":memory:";
  const below = from === undefined ? path : relative(from, path);
  return below === "" || below.startsWith("..") || isAbsolute(below) ? path : below;
}
