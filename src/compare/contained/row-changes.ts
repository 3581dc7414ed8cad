import { otherColumn, settleKey } from "./chance.ts";
import type { Fixed } from "./marks.ts";
import { changedTables, hashesOf, plainTable, type Rows } from "./rows.ts";

/** What a migration has done to the rows of a table, each value by itself (`Chance`). */
export interface RowChange {
  /** How many open migrations come before it. */
  readonly at: number;
  readonly table: string;
  readonly gone: readonly string[];
  readonly came: readonly string[];
}

/** Pure. */
export function rowChanges(at: number, before: Rows, after: Rows): RowChange[] {
  return [...changedTables(before, after)].map((table) => ({
    at,
    table,
    gone: moreIn(before, after, table),
    came: moreIn(after, before, table),
  }));
}

function moreIn(rows: Rows, others: Rows, table: string): string[] {
  return [...(rows.get(table) ?? [])].flatMap(([key, times]) => (times > hashesOf(others, table, key) ? [key] : []));
}

/**
 * Columns in which migrations give another value to rows that are there, where both values are chance: no comparison tells whether
 * that was done. By how many open migrations come before. Pure.
 */
export function chanceChanges(changes: readonly RowChange[], fixed: Fixed): Map<number, string> {
  const found = new Map<number, string>();
  for (const { at, table, gone, came } of changes) {
    if (gone.length === 0 || came.length === 0 || found.has(at)) continue;
    const settled = new Map(came.map((key) => [settleKey(key, fixed), key]));
    for (const key of gone) {
      const other = settled.get(settleKey(key, fixed));
      const column = other === undefined ? undefined : otherColumn(key, other);
      if (column !== undefined) found.set(at, `${plainTable(table)}.${column}`);
    }
  }
  return found;
}
