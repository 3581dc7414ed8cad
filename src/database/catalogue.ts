import type { Database } from "./database.ts";

/**
 * What a query of ours looks names up in: the system catalogue first, temporary objects last, nothing of the
 * user's. A schema on the user's search_path could otherwise shadow functions and operators.
 */
export const CATALOGUE_PATH = "set local search_path = pg_catalog, pg_temp";

/**
 * Settings of a server, database or role that would reach what is read: how PostgreSQL writes the constants in
 * definitions, and how it understands a query. (tests/database/compare/settings.test.ts goes through all there are.)
 */
const IN_ONE_FORM = Object.entries({
  array_nulls: "on",
  bytea_output: "hex",
  DateStyle: "ISO, YMD",
  extra_float_digits: "1",
  IntervalStyle: "postgres",
  lc_monetary: "C",
  quote_all_identifiers: "off",
  // An error where policies would hide rows.
  row_security: "off",
  standard_conforming_strings: "on",
  TimeZone: "UTC",
  transform_null_equals: "off",
})
  .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', true)`)
  .join(", ");

/** Makes of the beginning of a transaction one in which everything is read in the same form, whatever the settings. */
export function inOneForm(begin: string): string {
  return `${begin}; select ${IN_ONE_FORM}`;
}

/**
 * Asks queries of ours in the open transaction of a session, which stays open: what they need is set for that long. Where one fails,
 * the transaction has failed.
 */
export async function lookingInside<T>(database: Database, work: () => Promise<T>): Promise<T> {
  await database.execute(`${inOneForm("savepoint confiture_look")}; ${CATALOGUE_PATH}`);
  const found = await work();
  await database.execute("rollback to savepoint confiture_look; release savepoint confiture_look");
  return found;
}

/** How each of those queries begins, for whoever watches a session. */
export const LOOK_UP = `${inOneForm("begin read only")}; ${CATALOGUE_PATH}`;

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

/**
 * A query of ours that runs in whatever transaction and search_path there is, as a scratch database is asked in the middle of a
 * migration: operators between spaces come from PostgreSQL itself. Names are to be qualified in `sql`.
 */
export function withOwnOperators(sql: string): string {
  return sql.replaceAll(/ (=|<>|>=|<=|<|>|&|\|\||~|~\*|!~) /g, " operator(pg_catalog.$1) ");
}

/** Waits for all that was sent, then throws the first failure: those behind it are its consequences. */
export async function inOrder(steps: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(steps)) if (outcome.status === "rejected") throw outcome.reason;
}
