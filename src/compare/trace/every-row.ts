import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Statement } from "#sql/statement.ts";
import { backToSavepoint } from "./guarded.ts";
import type { RowsInTheWay } from "./rows-in-the-way.ts";

/** So many rows are tried, each by itself. */
const MOST_ROWS = 5;
/** Fewer are not different enough to stand for others. */
const LEAST_ROWS = 3;
/** not_null_violation, and what a constraint says of values: foreign_key_violation, check_violation */
const ABOUT_ONE_ROW = /^2350[23]$|^23514$/;
const NULLS = "23502";

/** foreign_key_violation */
const REFERS = "23503";

/**
 * Whether rows can each by itself be in the way of a statement. Those that refer to what it deletes or changes are in its way by what they
 * refer to, and others refer to something else. Pure.
 */
export function isByItself({ firstWord }: Statement, { server }: ConfitureError): boolean {
  return server?.sqlstate !== REFERS || firstWord === "ALTER";
}

/**
 * Whether a constraint stops a statement at every row of a table, whatever else that row holds: each of them by itself is in its way,
 * and the columns that the constraint is about have one value in all of them, such as those that are new. In a transaction, behind its savepoint.
 * @param table as `Relation.name`
 * @param work runs the statement
 */
export async function failsOnEveryRow(
  database: Database,
  table: string | undefined,
  { server }: ConfitureError,
  rows: RowsInTheWay,
  work: () => Promise<void>,
): Promise<boolean> {
  const { sqlstate = "", constraint, column = "" } = server ?? {};
  if (table === undefined || !ABOUT_ONE_ROW.test(sqlstate)) return false;
  // What looked for an example may have failed.
  await backToSavepoint(database);
  const found = await database.query<{ place: string; row: string }>(
    `select r.ctid::pg_catalog.text as place, pg_catalog.to_jsonb(r)::pg_catalog.text as row from only ${table} r limit ${MOST_ROWS}`,
  );
  const values = found.map(({ row }) => JSON.parse(row) as Readonly<Record<string, unknown>>);
  // A column that the statement makes has the same value everywhere.
  const isMade = sqlstate === NULLS && values.length > 0 && !(column in values[0]!);
  if (values.length < LEAST_ROWS && !isMade) return false;
  const attempt = async (): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof ConfitureError && error.code === "sql_failed") return false;
      throw error;
    }
  };
  for (const { place } of found) {
    await rows.remove(database, [`only ${table} where ctid operator(pg_catalog.<>) '${place}'::pg_catalog.tid`]);
    const works = await attempt();
    await backToSavepoint(database);
    if (works) return false;
  }
  if (sqlstate === NULLS) return true;
  await rows.remove(database, [`only ${table}`]);
  const columns = (await attempt()) ? await columnsOf(database, table, constraint ?? "") : undefined;
  await backToSavepoint(database);
  if (columns === undefined) return false;
  return columns.every((name) => new Set(values.map((row) => JSON.stringify(row[name] ?? null))).size === 1);
}

/** The columns that a constraint is about; none where it is about none. */
async function columnsOf(database: Database, table: string, constraint: string): Promise<string[] | undefined> {
  const [row] = await database.query<{ columns: string | null }>(
    `select (select pg_catalog.json_agg(a.attname)::pg_catalog.text from pg_catalog.pg_attribute a
              where a.attrelid operator(pg_catalog.=) k.conrelid and a.attnum operator(pg_catalog.=) any (k.conkey)) as columns
       from pg_catalog.pg_constraint k
      where k.conrelid operator(pg_catalog.=) pg_catalog.to_regclass($1) and k.conname operator(pg_catalog.=) $2`,
    [table, constraint],
  );
  if (row === undefined) return undefined;
  return row.columns === null ? [] : (JSON.parse(row.columns) as string[]);
}
