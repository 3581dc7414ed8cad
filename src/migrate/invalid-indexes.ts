import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";

/** Indexes that a failed CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY leaves, as quoted qualified names. */
export async function invalidIndexes(database: Database): Promise<string[]> {
  const rows = await queryCatalogue<{ name: string }>(
    database,
    `select format('%I.%I', n.nspname, c.relname) as name
       from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
      where not i.indisvalid order by 1`,
  );
  return rows.map((row) => row.name);
}

/** The statements that clear them away, a line each. */
export function repairStatements(indexes: readonly string[]): string {
  return indexes.map((index) => `\n  DROP INDEX CONCURRENTLY ${index};`).join("");
}
