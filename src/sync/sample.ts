import { reportedName } from "#sql/quote.ts";
import type { Database } from "#database/database.ts";
import type { SyncPlan } from "./plan.ts";
import { shownTable } from "./rules/names.ts";
import { readingAsPlanned } from "./reading-as-planned.ts";
import { readingFailed } from "./run/reading-failed.ts";

/** Some rows of a table as a copy has them, as texts; null is NULL. */
export interface Sample {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/**
 * Reads rows as a copy would.
 * @param database in no transaction
 * @param tables a table, or partitions of one
 * @throws ConfitureError `sync_source_failed`
 */
export async function sampleRows(database: Database, plan: SyncPlan, most: number): Promise<Sample> {
  const { tables } = plan;
  // A partition may have its columns in another order.
  const names = tables[0]?.columns.map((column) => column.name) ?? [];
  const rows: (readonly (string | null)[])[] = [];
  try {
    await readingAsPlanned(database, plan, async () => {
      for (const { schema, name, query, columns } of tables) {
        if (rows.length === most) break;
        const places = names.map((column) => columns.findIndex((one) => one.name === column));
        try {
          await database.execute(`${query} LIMIT ${most - rows.length}`, {
            columns() {},
            row: (values) => void rows.push(places.map((at) => values[at] ?? null)),
            copied() {},
            completed() {},
            ready() {},
          });
        } catch (error) {
          throw readingFailed(error, reportedName(schema, name));
        }
      }
    });
  } catch (error) {
    throw readingFailed(error);
  }
  return { columns: names, rows };
}

/** Tables that inherit from one and are no partitions of it: their rows are theirs, and so are their rules. */
export async function inheritorsOf(database: Database, schema: string, table: string): Promise<string[]> {
  const rows = await database.query<{ schema: string; name: string }>(
    `select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name
       from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) i.inhrelid
       join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
       join pg_catalog.pg_class p on p.oid operator(pg_catalog.=) i.inhparent
       join pg_catalog.pg_namespace q on q.oid operator(pg_catalog.=) p.relnamespace
      where q.nspname operator(pg_catalog.=) $1 and p.relname operator(pg_catalog.=) $2 and not c.relispartition order by 1, 2`,
    [schema, table],
  );
  return rows.map(shownTable);
}
