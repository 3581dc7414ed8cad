import { ConfitureError } from "#errors/error.ts";
import type { Database } from "./database.ts";

/** Milliseconds between two requests to cancel: one that finds the server between two statements is lost. */
const AGAIN = 200;

/** query_canceled */
const CANCELLED = "57014";

/**
 * Does work, and cancels what it sends once it has taken so many milliseconds.
 * @throws ConfitureError `sql_failed` with `timeLimit` in its data for what was cancelled; as `work`
 */
export async function withTimeLimit<T>(database: Database, milliseconds: number, work: () => Promise<T>): Promise<T> {
  const since = performance.now();
  try {
    return await (database.limitWork === undefined
      ? cancellingAfter(database, milliseconds, work)
      : limitedByEngine(database, milliseconds, work));
  } catch (error) {
    const isOver = performance.now() - since >= milliseconds;
    if (!isOver || !(error instanceof ConfitureError) || error.server?.sqlstate !== CANCELLED) throw error;
    throw error.with({ data: { ...error.data, timeLimit: milliseconds } });
  }
}

async function limitedByEngine<T>(database: Database, milliseconds: number, work: () => Promise<T>): Promise<T> {
  database.limitWork?.(milliseconds);
  try {
    return await work();
  } finally {
    database.limitWork?.(undefined);
  }
}

async function cancellingAfter<T>(database: Database, milliseconds: number, work: () => Promise<T>): Promise<T> {
  let cancelling = Promise.resolve();
  let timer: NodeJS.Timeout;
  const cancel = (): void => {
    cancelling = database.cancel();
    timer = setTimeout(cancel, AGAIN);
  };
  timer = setTimeout(cancel, milliseconds);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    // It is not to meet what comes next.
    await cancelling;
  }
}
