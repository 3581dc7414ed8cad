import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { BEGUN, CONSTANT, COUNTED, TOLD } from "./defaults.ts";
import { type Chance, marksOf } from "./marks.ts";
import { dataKey, readMaterializedViews, viewOfDataKey } from "./materialized.ts";
import { queryOwnRows } from "#scratch/own-rows.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";
import type { RowColumn, RowTable } from "./row-table.ts";
import { isNumberCounted, type Written } from "./written.ts";

/**
 * How often each row is there, by table and by a hash of what is the same in every database. A materialized view has its rows as
 * a table does, and one more under its `dataKey` where it is populated.
 */
export type Rows = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Reads the rows of tables and materialized views.
 * @param without the ledger
 */
export async function readRowHashes(
  database: Database,
  without: { readonly schema: string; readonly table: string },
  { only, written = new Set(), ignored = new Set(), chance, tables }: ReadRowsOptions = {},
): Promise<Rows> {
  const found = new Map<string, ReadonlyMap<string, number>>();
  // A database in use is only read.
  const query = without === SCRATCH_LEDGER ? queryOwnRows : queryCatalogue;
  for (const rowTable of tables ?? (await readTables(database, without))) {
    const { schema, table, columns, isView } = rowTable;
    const name = quoteQualified(schema, table);
    if (only !== undefined && !only.has(name) && !only.has(dataKey(name))) continue;
    if (isView) found.set(dataKey(name), new Map([[POPULATED, 1]]));
    const regarded = columns.filter(({ name: column }) => !ignored.has(`${table}.${column}`));
    const isCompared = ({ name: column, same, counted, referring }: RowColumn): boolean =>
      same || (counted && isNumberCounted(written, table, column, referring));
    const compared = regarded.filter(isCompared);
    const others = regarded.filter((column) => !isCompared(column));
    const marks = chance === undefined ? "" : marksOf(others, chance);
    const hashes = await query<{ hash: string; times: number }>(
      database,
      `select ${hashOf(compared)}${marks} as hash, count(*)::int as times from ${sourceOf(rowTable)} group by 1`,
      typeof chance === "object" && marks !== "" ? [[...chance.fixed]] : [],
    );
    if (hashes.length > 0) found.set(name, new Map(hashes.map(({ hash, times }) => [hash, times])));
  }
  return found;
}

export interface ReadRowsOptions {
  /** Tables, by `Rows`' keys; every one that has rows when undefined. */
  readonly only?: ReadonlySet<string>;
  /** Columns of numbers that count although a sequence gives them. */
  readonly written?: Written;
  /** Columns, "table.column", that do not count. */
  readonly ignored?: ReadonlySet<string>;
  /** Where they are known already (`readTables`). */
  readonly tables?: readonly RowTable[];
  /** How values count that are chance; not at all when undefined. */
  readonly chance?: Chance;
}

/** In the place of a row's hash. */
const POPULATED = "populated";

/**
 * Tables that have rows, and materialized views that are populated.
 * @param without the ledger
 */
export async function readTables(
  database: Database,
  { schema, table }: { readonly schema: string; readonly table: string },
): Promise<RowTable[]> {
  const tables = await queryCatalogue<Omit<RowTable, "columns" | "isView"> & { columns: RowColumn[] | null }>(
    database,
    TABLES,
    [schema, table],
  );
  return [
    ...tables.map((each) => ({ ...each, columns: each.columns ?? [], isView: false })),
    ...(await readMaterializedViews(database)),
  ];
}

/** What to read a table's rows from: those that are on another server are nobody's here. Pure. */
export function sourceOf({ schema, table, columns, local }: RowTable): string {
  if (local === null) return quoteQualified(schema, table);
  const read = ["tableoid", "ctid", ...columns.map(({ name }) => quoteIdentifier(name))].join(", ");
  return `(${local.map((part) => `select ${read} from only ${part}`).join(" union all ")}) as local_rows`;
}

/** Whether a table has more rows than so many, without reading more of it than that. */
export async function hasMoreRows(database: Database, table: RowTable, than: number): Promise<boolean> {
  const [row] = await queryCatalogue<{ more: boolean }>(
    database,
    `select count(*) > $1 as more from (select from ${sourceOf(table)} limit $1 + 1) as first`,
    [than],
  );
  return row?.more === true;
}

/**
 * The hash of a row, as an expression over its columns in the order of their names. What the clock has told since the work began is
 * another time in every database, and counts as `now()`. Pure.
 */
export function hashOf(columns: readonly Pick<RowColumn, "name" | "moment">[]): string {
  const values = columns.map((column) => orNow(column, `${quoteIdentifier(column.name)}::text`));
  return `md5(array[${values.join(", ")}]::text[]::text)`;
}

/** An expression for a value, or the text `now()` for one that the clock has told since this process began. Pure. */
export function orNow({ name, moment }: Pick<RowColumn, "name" | "moment">, value: string): string {
  if (!moment) return value;
  return `case when ${quoteIdentifier(name)} between ${BEGUN} and clock_timestamp() then 'now()' else ${value} end`;
}

/** Whether a row of a scratch database counts for what it is only until this process ends, as it has what the clock told. */
export async function goesByClock(database: Database): Promise<boolean> {
  for (const table of await readTables(database, SCRATCH_LEDGER)) {
    const told = table.columns.filter(({ same, moment }) => same && moment).map((column) => orNow(column, "''"));
    if (told.length === 0) continue;
    const [row] = await queryOwnRows<{ found: boolean }>(
      database,
      `select exists (select from ${sourceOf(table)} where 'now()' in (${told.join(", ")})) as found`,
    );
    if (row?.found === true) return true;
  }
  return false;
}

/**
 * Rows that migrations leave and a database that is built does not get, by table: what `verify` and `schema update` go by. A
 * way back may have left a row, which was made twice then, so it does not count how often one is there. Pure.
 */
export function notBuilt(left: Rows, built: Rows): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    [...left].flatMap(([table, rows]) => {
      const missing = [...rows.keys()].filter((hash) => hashesOf(built, table, hash) === 0);
      return missing.length === 0 ? [] : [[table, new Set(missing)] as const];
    }),
  );
}

/**
 * How many more rows of each table migrations leave than the schema files build, where they were rolled back from what these build:
 * a way back may have emptied a column of the files' own rows, which are others then. Pure.
 */
export function moreThanBuilt(left: Rows, built: Rows): ReadonlyMap<string, number> {
  const others = notBuilt(built, left);
  return new Map(
    [...notBuilt(left, built)].flatMap(([table, { size }]) => {
      const more = size - (others.get(table)?.size ?? 0);
      return more > 0 ? [[table, more] as const] : [];
    }),
  );
}

const TABLES = `
  select n.nspname::text as schema, c.relname::text as table, c.oid::int8::float8 as made,
         (select json_agg(json_build_object('name', a.attname, 'same', a.attidentity = '' and (d.oid is null or ${CONSTANT}),
                  'counted', a.attidentity <> '' or coalesce(${COUNTED}, false),
                  'type', format_type(a.atttypid, a.atttypmod),
                  'now', case when not ${CONSTANT} and ${TOLD} then pg_get_expr(d.adbin, d.adrelid) end,
                  'at', a.attnum, 'always', a.attidentity = 'a',
                  'referring', coalesce((select json_agg(distinct other.relname)
                                           from pg_constraint f join pg_class other on other.oid = f.conrelid
                                          where f.contype = 'f' and f.confrelid = c.oid and a.attnum = any (f.confkey)), '[]'),
                  'bare', a.atttypid = any ('{int2,int4,int8,bool}'::regtype[]),
                  'moment', a.atttypid = any ('{timestamp,timestamptz}'::regtype[])) order by a.attname)
            from pg_attribute a
            left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
             and a.attgenerated = '') as columns,
         (with recursive tree (oid) as (
            select c.oid union select i.inhrelid from pg_inherits i join tree on i.inhparent = tree.oid)
          select case when bool_or(part.relkind = 'f')
                      then json_agg(format('%I.%I', own.nspname, part.relname) order by part.oid) filter (where part.relkind = 'r') end
            from tree
            join pg_class part on part.oid = tree.oid
            join pg_namespace own on own.oid = part.relnamespace) as local
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and not c.relispartition
     -- Those of a partitioned table are in its partitions.
     and case c.relkind when 'r' then pg_relation_size(c.oid) > 0
              else exists (select from pg_partition_tree(c.oid) tree join pg_class part on part.oid = tree.relid
                            where tree.isleaf and part.relkind = 'r' and pg_relation_size(part.oid) > 0) end
     and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and (n.nspname, c.relname) <> ($1, $2)
   order by 1, 2`;

/** "2 rows of public.t", or "the data of public.m" for a `dataKey`. Pure. */
export function rowsOf(count: number, table: string): string {
  const view = viewOfDataKey(table);
  if (view !== undefined) return `the data of ${plainTable(view)}`;
  return `${count} ${count === 1 ? "row" : "rows"} of ${plainTable(table)}`;
}

/** `public.t` of `Rows`' key, for reports. Pure. */
export function plainTable(table: string): string {
  return table.replaceAll(/"([a-z_][a-z0-9_]*)"/g, "$1");
}

/** How often a row is there. Pure. */
export function hashesOf(rows: Rows, table: string, hash: string): number {
  return rows.get(table)?.get(hash) ?? 0;
}

/** Each row as often as it was there in one of both. Pure. */
export function mostOf(one: Rows, other: Rows): Rows {
  const all = new Map([...one].map(([table, rows]) => [table, new Map(rows)]));
  for (const [table, rows] of other) {
    const most = all.get(table) ?? new Map<string, number>();
    for (const [hash, times] of rows) most.set(hash, Math.max(times, most.get(hash) ?? 0));
    all.set(table, most);
  }
  return all;
}

/** Tables in which two states differ. Pure. */
export function changedTables(before: Rows, after: Rows): Set<string> {
  return new Set(
    [...before.keys(), ...after.keys()].filter((table) => !Bun.deepEquals(before.get(table), after.get(table))),
  );
}
