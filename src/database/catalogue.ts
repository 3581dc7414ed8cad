import type { Database } from "./database.ts";

/**
 * What a query of ours looks names up in: the system catalogue first, temporary objects last, nothing of the
 * user's. A schema on the user's search_path could otherwise shadow functions and operators.
 */
export const CATALOGUE_PATH = "set local search_path = pg_catalog, pg_temp";

/**
 * Runs a read-only query of ours outside any transaction, in one round trip, whatever the session's
 * search_path is. Tables of the user's must be qualified in `sql`.
 */
export async function queryCatalogue<Row extends object>(
  database: Database,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const answers = await Promise.allSettled([
    database.execute(`begin read only; ${CATALOGUE_PATH}`),
    database.query<Row>(sql, parameters),
    database.execute("commit"),
  ]);
  for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
  return (answers[1] as PromiseFulfilledResult<Row[]>).value;
}
