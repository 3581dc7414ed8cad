import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { isWritten, type Written } from "./written.ts";

/** How often each row is there, by table and by a hash of what is the same in every database. */
export type Rows = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Reads the rows of tables.
 * @param without the ledger
 * @param only tables, by `Rows`' keys; every one that has rows when undefined
 * @param written columns of numbers that count although a sequence gives them
 */
export async function readRowHashes(
  database: Database,
  without: { readonly schema: string; readonly table: string },
  { only, written = new Set() }: { readonly only?: ReadonlySet<string>; readonly written?: Written } = {},
): Promise<Rows> {
  const tables = await queryCatalogue<Table>(database, TABLES, [without.schema, without.table]);
  const found = new Map<string, ReadonlyMap<string, number>>();
  for (const { schema, table, columns: all } of tables) {
    const name = quoteQualified(schema, table);
    if (only !== undefined && !only.has(name)) continue;
    const columns = (all ?? []).filter(
      ({ name: column, same, counted }) => same || (counted && isWritten(written, table, column)),
    );
    const values = columns.map(({ name: column }) => `${quoteIdentifier(column)}::text`);
    const hashes = await queryCatalogue<{ hash: string; times: number }>(
      database,
      `select md5(array[${values.join(", ")}]::text[]::text) as hash, count(*)::int as times from ${name} group by 1`,
    );
    if (hashes.length > 0) found.set(name, new Map(hashes.map(({ hash, times }) => [hash, times])));
  }
  return found;
}

interface Table {
  readonly schema: string;
  readonly table: string;
  /** In the order of their names; null where there are none. */
  readonly columns: readonly { readonly name: string; readonly same: boolean; readonly counted: boolean }[] | null;
}

const CONSTANT = `pg_get_expr(d.adbin, d.adrelid)
                  ~ $re$^(\\(?-?[0-9.]+\\)?|'([^']|'')*'|true|false|NULL)(::[a-z0-9_ ."()\\[\\]]+)?$$re$`;

/** Columns of which a default computes another value each time, "table.column"; no comparison of rows shows them. */
export async function readComputed(database: Database): Promise<ReadonlySet<string>> {
  const found = await queryCatalogue<{ name: string }>(
    database,
    `select c.relname || '.' || a.attname as name
       from pg_attrdef d
       join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum and a.attgenerated = ''
       join pg_class c on c.oid = d.adrelid
      where not ${CONSTANT} and pg_get_expr(d.adbin, d.adrelid) not like 'nextval(%'`,
  );
  return new Set(found.map(({ name }) => name));
}

/** Columns that are not generated, and whether a row has the same in every database: no number that is counted, no default that is computed. */
const TABLES = `
  select n.nspname::text as schema, c.relname::text as table,
         (select json_agg(json_build_object('name', a.attname, 'same', a.attidentity = '' and (d.oid is null or ${CONSTANT}),
                  'counted', a.attidentity <> '' or coalesce(pg_get_expr(d.adbin, d.adrelid) like 'nextval(%', false)) order by a.attname)
            from pg_attribute a
            left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
             and a.attgenerated = '') as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
   where (c.relkind = 'p' or (c.relkind = 'r' and pg_relation_size(c.oid) > 0)) and not c.relispartition
     and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and (n.nspname, c.relname) <> ($1, $2)
   order by 1, 2`;

/** "2 rows of public.t". Pure. */
export function rowsOf(count: number, table: string): string {
  return `${count} ${count === 1 ? "row" : "rows"} of ${table.replaceAll(/"([a-z_][a-z0-9_]*)"/g, "$1")}`;
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
