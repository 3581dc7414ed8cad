import type { Database } from "#database/database.ts";
import type { SwallowedWrites } from "#sql/effects/swallowed-writes.ts";
import type { Write } from "#sql/effects/trigger-code.ts";
import { backToSavepoint, releaseSavepoint, setSavepoint } from "./guarded.ts";
import { asServerError } from "./run-statement.ts";
import { type TimeLimit, withinLimit } from "../runs/within-limit.ts";

/** So many rows of a table are tried. */
const ROWS = 3;

interface Column {
  readonly name: string;
  /** What PostgreSQL sorts its type under (pg_type.typcategory). */
  readonly category: string;
  readonly isGenerated: boolean;
  /** GENERATED ALWAYS AS IDENTITY: no UPDATE sets it. */
  readonly isIdentity: boolean;
}

/**
 * Which writes of rows that are in a table are swallowed by its triggers, by trying: nothing of it is kept. A write that fails for another
 * reason came further than to the triggers.
 */
export async function swallowedRows(
  database: Database,
  { table, events }: SwallowedWrites,
  limit: TimeLimit,
): Promise<Write[]> {
  const columns = await database.query<Column>(COLUMNS, [table]);
  const swallowed: Write[] = [];
  for (const event of events) {
    for (let row = 0; row < ROWS; row++) {
      const sql = writeOf(event, table, columns, row);
      if (sql === undefined || limit.reached.has(sql) || !(await isSwallowed(database, sql, limit))) continue;
      swallowed.push(event);
      break;
    }
  }
  return swallowed;
}

async function isSwallowed(database: Database, sql: string, limit: TimeLimit): Promise<boolean> {
  if (!(await setSavepoint(database))) return false;
  let written: number | undefined;
  try {
    await withinLimit(database, limit, sql, async () => {
      const [counts] = await database.query<{ found: number; written: number }>(sql);
      written = (counts?.found ?? 0) > 0 ? counts?.written : undefined;
    });
  } catch (error) {
    asServerError(error);
  }
  await backToSavepoint(database);
  await releaseSavepoint(database);
  return written === 0;
}

/** Writes one row of the table, and tells whether there was one, and whether it was written. */
function writeOf(event: Write, table: string, columns: readonly Column[], row: number): string | undefined {
  const own = columns.filter(({ isGenerated }) => !isGenerated);
  const names = own.map(({ name }) => name).join(", ");
  const one = `one as materialized (select t.*, t.ctid as "the row", t.tableoid as "its table" from ${table} t limit 1 offset ${row})`;
  const isOne =
    'from one where t.ctid operator(pg_catalog.=) one."the row" and t.tableoid operator(pg_catalog.=) one."its table"';
  const writes: Record<Write, string> = {
    INSERT: `insert into ${table} (${names}) overriding system value select ${names} from one returning 1`,
    // A trigger may leave alone what does not change.
    UPDATE: `update ${table} t set ${own
      .filter(({ isIdentity }) => !isIdentity)
      .map((column) => `${column.name} = ${changed(column)}`)
      .join(", ")} ${isOne} returning 1`,
    DELETE: `delete from ${table} t using one ${isOne.replace("from one ", "")} returning 1`,
  };
  if (own.length === 0) return undefined;
  return `with ${one}, written as (${writes[event]})
    select (select pg_catalog.count(*)::pg_catalog.int4 from one) as found,
           (select pg_catalog.count(*)::pg_catalog.int4 from written) as written`;
}

function changed({ name, category }: Column): string {
  switch (category) {
    case "N":
      return `t.${name} + 1`;
    case "S":
      return `t.${name} || 'x'`;
    case "B":
      return `not t.${name}`;
    case "D":
      return `t.${name} + '1 day'::pg_catalog.interval`;
    default:
      return `t.${name}`;
  }
}

const COLUMNS = `
  select pg_catalog.quote_ident(a.attname) as name, y.typcategory::pg_catalog.text as category,
         (a.attgenerated operator(pg_catalog.<>) '') as "isGenerated", (a.attidentity operator(pg_catalog.=) 'a') as "isIdentity"
    from pg_catalog.pg_attribute a join pg_catalog.pg_type y on y.oid operator(pg_catalog.=) a.atttypid
   where a.attrelid operator(pg_catalog.=) pg_catalog.to_regclass($1) and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
   order by a.attnum`;
