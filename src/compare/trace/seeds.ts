import type { Database } from "#database/database.ts";
import type { ConfitureError } from "#errors/error.ts";
import { rowShapeOf } from "#sql/alike.ts";
import type { Statement } from "#sql/statement.ts";
import type { StatementError } from "./facts.ts";
import type { Meter } from "./meter.ts";

/** So many are run at once; if one of them fails, fewer are tried. */
export const MOST_ROWS = 200;

/**
 * Statements that stand one after the other and can be run together: INSERTs that only bring rows along, or UPDATEs or DELETEs that
 * differ in nothing but their values.
 * @param most how many
 */
export function rowsFrom(statements: readonly Statement[], from: number, most: number): readonly Statement[] {
  const first = statements[from]!;
  const shape = insertsRows(first) ? undefined : rowShapeOf(first);
  const isLike = (one: Statement): boolean => (shape === undefined ? insertsRows(one) : rowShapeOf(one) === shape);
  let end = from;
  while (end < statements.length && end - from < most && isLike(statements[end]!)) end++;
  return statements.slice(from, end);
}

/** Whether a statement is an INSERT that only brings rows along. */
export function insertsRows({ firstWord, text }: Statement): boolean {
  return firstWord === "INSERT" && !/\bselect\b|\bdo\s+update\b/i.test(text);
}

/** Whether a statement only brings rows along: such an INSERT, or a COPY whose lines follow it. */
export function bringsRows(statement: Statement): boolean {
  return insertsRows(statement) || statement.copyData !== undefined;
}

/** unique_violation, exclusion_violation */
const TAKEN = /^23505$|^23P01$/;

/** Whether rows that a migration brings along only met keys that were made up: these say nothing of those in production. */
export function meetsMadeUpKeys(statement: Statement, { error, onRows }: StatementError): boolean {
  return onRows?.madeUp === true && meetsKeys(statement, error);
}

/** Whether rows that a migration brings along met keys that are there. */
export function meetsKeys(statement: Statement, { server }: ConfitureError): boolean {
  return bringsRows(statement) && TAKEN.test(server?.sqlstate ?? "");
}

/** foreign_key_violation */
const REFERS_TO_NOTHING = "23503";

/**
 * Whether rows that a migration brings along refer to rows of a table in use: which there are is not known here.
 * In a transaction, behind its savepoint.
 */
export async function refersToRowsInUse(
  database: Database,
  statement: Statement,
  { server }: ConfitureError,
  meter: Meter,
): Promise<boolean> {
  if (server?.sqlstate !== REFERS_TO_NOTHING || !bringsRows(statement)) return false;
  const [referenced] = await database.query<{ name: string }>(
    `select pg_catalog.format('%I.%I', n.nspname, r.relname) as name
       from pg_catalog.pg_constraint k
       join pg_catalog.pg_class r on r.oid operator(pg_catalog.=) k.confrelid
       join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) r.relnamespace
      where k.conname operator(pg_catalog.=) $1
        and k.conrelid operator(pg_catalog.=) pg_catalog.to_regclass(pg_catalog.format('%I.%I', $2::text, $3::text))`,
    [server.constraint ?? "", server.schema ?? "", server.table ?? ""],
  );
  return referenced !== undefined && meter.find(referenced.name)?.isNew === false;
}
