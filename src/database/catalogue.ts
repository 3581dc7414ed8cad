import type { Database } from "./database.ts";

/**
 * What a query of ours looks names up in: the system catalogue first, temporary objects last, nothing of the
 * user's. A schema on the user's search_path could otherwise shadow functions and operators.
 */
export const CATALOGUE_PATH = "set local search_path = pg_catalog, pg_temp";

/** How each of those queries begins, for whoever watches a session. */
export const LOOK_UP = `begin read only; ${CATALOGUE_PATH}`;

/**
 * Runs a read-only query of ours outside any transaction, in one round trip, whatever the session's
 * search_path is. Tables of the user's must be qualified in `sql`.
 */
export async function queryCatalogue<Row extends object>(
  database: Database,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const beginning = database.execute(LOOK_UP);
  const answer = database.query<Row>(sql, parameters);
  await inOrder([beginning, answer, database.execute("commit")]);
  return await answer;
}

/** Waits for all that was sent, then throws the first failure: those behind it are its consequences. */
export async function inOrder(steps: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(steps)) if (outcome.status === "rejected") throw outcome.reason;
}
