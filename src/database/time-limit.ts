import { ConfitureError } from "#errors/error.ts";
import type { Database } from "./database.ts";

/** Milliseconds between two requests to cancel: one that finds the server between two statements is lost. */
const AGAIN = 200;

/** Code may catch as many requests to cancel as it likes: after so many, its session is ended. */
const PATIENCE = 5;

/** query_canceled, admin_shutdown */
const CANCELLED = "57014";
const ENDED = "57P01";

/**
 * Does work, and cancels what it sends once it has taken so many milliseconds. The session of what catches that is ended, where
 * somebody can.
 * @throws ConfitureError with `timeLimit` in its data for what was cancelled: `sql_failed`, and `connection_lost` where the session
 * is over; as `work`
 */
export async function withTimeLimit<T>(database: Database, milliseconds: number, work: () => Promise<T>): Promise<T> {
  const since = performance.now();
  try {
    return await (database.limitWork === undefined
      ? cancellingAfter(database, milliseconds, work)
      : limitedByEngine(database, milliseconds, work));
  } catch (error) {
    const isOver = performance.now() - since >= milliseconds;
    if (!isOver || !(error instanceof ConfitureError)) throw error;
    const { sqlstate } = error.server ?? {};
    if (sqlstate !== CANCELLED && sqlstate !== ENDED) throw error;
    throw error.with({ data: { ...error.data, timeLimit: milliseconds } });
  }
}

async function limitedByEngine<T>(database: Database, milliseconds: number, work: () => Promise<T>): Promise<T> {
  const before = database.limitWork?.(milliseconds);
  try {
    return await work();
  } finally {
    database.limitWork?.(before);
  }
}

async function cancellingAfter<T>(database: Database, milliseconds: number, work: () => Promise<T>): Promise<T> {
  let cancelling = Promise.resolve();
  let timer: NodeJS.Timeout;
  let requests = 0;
  const cancel = (): void => {
    cancelling = ++requests > PATIENCE && database.terminate !== undefined ? database.terminate() : database.cancel();
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
