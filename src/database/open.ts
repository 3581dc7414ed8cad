import { ConfitureError } from "#errors/error.ts";
import type { Database, OpenOptions } from "./database.ts";
import type { Target } from "./target.ts";

/**
 * Opens a session on whatever the target names. The caller closes it; prefer `withDatabase`.
 * @throws ConfitureError `connect_*`, `embedded_in_use`, `embedded_failed`
 */
export async function openDatabase(target: Target, options: OpenOptions = {}): Promise<Database> {
  try {
    return await openEngine(target, options);
  } catch (error) {
    throw error instanceof ConfitureError ? error.with({ about: target }) : error;
  }
}

async function openEngine(target: Target, options: OpenOptions): Promise<Database> {
  // Each engine is loaded only when it is used: neither belongs in the start-up of `--version`.
  if (target.engine === "server") {
    const { openServer } = await import("./server.ts");
    return await openServer(target, options);
  }
  const { openEmbeddedDatabase } = await import("./embedded/embedded.ts");
  return await openEmbeddedDatabase(target, options);
}

/**
 * Opens a session for the time of `work`, and closes it whatever happens.
 * @throws ConfitureError as `openDatabase` and `work`; `interrupted` for what the signal ended
 */
export async function withDatabase<T>(
  target: Target,
  options: OpenOptions,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(target, options);
  try {
    return await work(database);
  } catch (error) {
    throw orInterrupted(options.signal, error);
  } finally {
    await database.close();
  }
}

/** Whether a statement was cancelled because of the signal, or its session ended, which the embedded engine does where one catches that. */
export function interruptedBy(signal: AbortSignal | undefined, error: unknown): boolean {
  if (signal?.aborted !== true || !(error instanceof ConfitureError) || error.code === "interrupted") return false;
  return error.server?.sqlstate === "57014" || error.data?.["isEndedHere"] === true;
}

/** @returns `interrupted` in place of an error that the signal has brought about; any other as it is */
export function orInterrupted(signal: AbortSignal | undefined, error: unknown): unknown {
  return interruptedBy(signal, error) ? new ConfitureError("interrupted", "Interrupted", { cause: error }) : error;
}
