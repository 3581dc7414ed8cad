import { queryCatalogue } from "#database/catalogue.ts";
import { queryOwnRows } from "#scratch/own-rows.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { CONSTANT } from "../contained/defaults.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";

/** The rows of a table, in the order in which they are there. */
export interface TableCells {
  readonly schema: string;
  readonly table: string;
  /** Those that are not generated, in the order of the table. */
  readonly columns: readonly CellColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface CellColumn {
  readonly name: string;
  /** "timestamp with time zone" */
  readonly type: string;
  /** A default that is computed for each row, as SQL; that of a sequence is none. */
  readonly computed: string | null;
}

/** Reads every table of a scratch database that has rows. */
export async function readCells(database: Database): Promise<TableCells[]> {
  const tables = await queryCatalogue<Omit<TableCells, "rows"> & { own: "only" | "" }>(database, TABLES, [
    SCRATCH_LEDGER.schema,
    SCRATCH_LEDGER.table,
  ]);
  const all: TableCells[] = [];
  for (const { schema, table, own, columns } of tables) {
    const values = columns.map(({ name }) => `${quoteIdentifier(name)}::text`);
    const rows = await queryOwnRows<{ row: (string | null)[] }>(
      database,
      `select to_json(array[${values.join(", ")}]::text[]) as row from ${own} ${quoteQualified(schema, table)} order by tableoid, ctid`,
    );
    if (rows.length > 0) all.push({ schema, table, columns, rows: rows.map(({ row }) => row) });
  }
  return all;
}

/** What an expression gives in a database at this moment, as a column of a type would have it; undefined where that cannot be told. */
export async function valueNow(database: Database, sql: string, type: string): Promise<string | null | undefined> {
  try {
    const [row] = await queryCatalogue<{ value: string | null }>(database, `select ((${sql})::${type})::text as value`);
    return row?.value;
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code !== "sql_failed") throw error;
    await database.execute("rollback");
    return undefined;
  }
}

/** Rows of partitions are their table's, those of children are not. What an extension keeps, and what is generated, comes by itself. */
const TABLES = `
  select n.nspname::text as schema, c.relname::text as table, case c.relkind when 'r' then 'only' else '' end as own,
         coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                  'computed', case when not ${CONSTANT} and pg_get_expr(d.adbin, d.adrelid) not like 'nextval(%'
                                   then pg_get_expr(d.adbin, d.adrelid) end) order by a.attnum)
                  filter (where a.attnum is not null), '[]') as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where c.relkind in ('r', 'p') and not c.relispartition
     and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and (n.nspname, c.relname) <> ($1, $2)
     and not exists (select from pg_depend d
                      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
   group by n.nspname, c.relname, c.relkind
   order by 1, 2`;
