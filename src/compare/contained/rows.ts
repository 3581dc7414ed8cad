import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";

/** How often each row is there, by table and by a hash of what is the same in every database. */
export type Rows = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Reads the rows of tables.
 * @param without the ledger
 * @param only tables, by `Rows`' keys; every one that has rows when undefined
 */
export async function readRowHashes(
  database: Database,
  without: { readonly schema: string; readonly table: string },
  only?: ReadonlySet<string>,
): Promise<Rows> {
  const tables = await queryCatalogue<Table>(database, TABLES, [without.schema, without.table]);
  const found = new Map<string, ReadonlyMap<string, number>>();
  for (const { schema, table, columns } of tables) {
    const name = quoteQualified(schema, table);
    if (only !== undefined && !only.has(name)) continue;
    const values = (columns ?? []).map((column) => `${quoteIdentifier(column)}::text`);
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
  /** Null where every one of them differs from database to database. */
  readonly columns: readonly string[] | null;
}

/**
 * Columns in the order of their names, without those that have another value each time a row is made: what is generated or
 * counted, and what a default computes.
 */
const TABLES = `
  select n.nspname::text as schema, c.relname::text as table,
         (select json_agg(a.attname order by a.attname)
            from pg_attribute a
            left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
             and a.attidentity = '' and a.attgenerated = ''
             and (d.oid is null or pg_get_expr(d.adbin, d.adrelid)
                  ~ $re$^(\\(?-?[0-9.]+\\)?|'([^']|'')*'|true|false|NULL)(::[a-z0-9_ ."()\\[\\]]+)?$$re$)) as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
   where (c.relkind = 'p' or (c.relkind = 'r' and pg_relation_size(c.oid) > 0)) and not c.relispartition
     and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and (n.nspname, c.relname) <> ($1, $2)
   order by 1, 2`;

/** Whether the rows that a change has left are in a database, and those that it took away are not. Pure. */
export function hasRowsOf(before: Rows, after: Rows, database: Rows): boolean {
  for (const [table, rows] of after) {
    for (const [hash, times] of rows) {
      const left = times - (before.get(table)?.get(hash) ?? 0);
      if (left > 0 && (database.get(table)?.get(hash) ?? 0) < left) return false;
    }
  }
  for (const [table, rows] of before) {
    for (const [hash, times] of rows) {
      const still = after.get(table)?.get(hash) ?? 0;
      if (still < times && (database.get(table)?.get(hash) ?? 0) > still) return false;
    }
  }
  return true;
}

/** Tables in which two states differ. Pure. */
export function changedTables(before: Rows, after: Rows): Set<string> {
  return new Set(
    [...before.keys(), ...after.keys()].filter((table) => !Bun.deepEquals(before.get(table), after.get(table))),
  );
}
