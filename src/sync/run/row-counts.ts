import type { Database } from "#database/database.ts";
import { quoteQualified, reportedName } from "#sql/quote.ts";
import type { SyncPlan } from "../plan.ts";
import type { CopyRecord } from "./record.ts";

/** How many rows a copy has, and had when it was made. */
export interface RowCounts {
  /** As the copy's record says; null without one. */
  readonly copied: number | null;
  readonly now: number;
  /** Tables with fewer rows than were copied into them, and with more. */
  readonly fewer: readonly TableRows[];
  readonly more: readonly TableRows[];
  /** How many tables the record counts that the source has no more: nothing tells their names. */
  readonly unnamed: number;
}

interface TableRows {
  readonly table: string;
  readonly copied: number;
  readonly now: number;
}

/**
 * Counts the rows of a copy, table by table.
 * @param plan of the source as it is now
 * @param isThere whether the copy has a table of the plan
 */
export async function countRows(
  target: Database,
  { tables }: SyncPlan,
  isThere: (table: SyncPlan["tables"][number]) => boolean,
  record: CopyRecord,
): Promise<RowCounts> {
  const counts: TableRows[] = [];
  for (const table of tables) {
    const { schema, name } = table;
    const now = isThere(table) ? await count(target, `only ${quoteQualified(schema, name)}`) : 0;
    // Tables that were made without rows count as well: they had none.
    counts.push({ table: reportedName(schema, name), copied: record.rowsOf(table) ?? 0, now });
  }
  const now = counts.reduce((sum, each) => sum + each.now, 0);
  if (record.tables === undefined) return { copied: null, now, fewer: [], more: [], unnamed: 0 };
  return {
    copied: record.rows,
    now,
    fewer: counts.filter((each) => each.now < each.copied),
    more: counts.filter((each) => each.now > each.copied),
    unnamed: record.tables - tables.filter((table) => record.rowsOf(table) !== undefined).length,
  };
}

async function count(database: Database, from: string): Promise<number> {
  const [row] = await database.query<{ rows: number }>(
    `select pg_catalog.count(*)::pg_catalog.float8 as rows from ${from}`,
  );
  return row?.rows ?? 0;
}
