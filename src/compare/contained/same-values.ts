import { settle, valuesOf, withoutValues } from "./chance.ts";
import type { Fixed } from "./marks.ts";
import { changedTables, plainTable, type Rows } from "./rows.ts";

/** Rows that migrations leave and rows that schema files build, each value by itself (`Chance`). */
export interface BothRows {
  readonly left: Rows;
  readonly built: Rows;
}

/** The same with the values that are no chance. */
export interface SettledRows extends BothRows {
  readonly fixed: Fixed;
  /** Tables whose values were not compared where a default would compute one. */
  readonly unknown: readonly string[];
}

/**
 * Finds out which values in columns with computed defaults are the same each time, as far as it matters: those that both ways
 * give are, and of the others those that the same way gives again.
 * @param again runs both ways once more, in other databases; undefined where that takes too long
 */
export async function settleBoth(
  { left, built }: BothRows,
  again: (() => Promise<BothRows | undefined>) | undefined,
): Promise<SettledRows> {
  const values = [valuesOf(left), valuesOf(built)] as const;
  const all = values[0].union(values[1]);
  const settledWith = (fixed: Fixed): BothRows => ({ left: settle(left, fixed), built: settle(built, fixed) });
  const withAll = settledWith(all);
  const isOpen = (table: string): boolean =>
    [left, built].some((rows) => valuesOf(new Map([[table, rows.get(table) ?? new Map()]])).size > 0);
  const open = [...changedTables(withAll.left, withAll.built)].filter(isOpen);
  if (open.length === 0) return { ...withAll, fixed: all, unknown: [] };
  if (again === undefined) {
    const plain = { left: withoutValues(left), built: withoutValues(built) };
    return { ...plain, fixed: new Set(), unknown: open.map(plainTable) };
  }
  // What is not there again is told otherwise: that a way fails the second time is no matter of rows.
  const others = await again();
  const isSame = (one: ReadonlySet<string>, other: Rows | undefined): Set<string> =>
    other === undefined ? new Set() : one.intersection(valuesOf(other));
  const fixed = values[0]
    .intersection(values[1])
    .union(isSame(values[0], others?.left))
    .union(isSame(values[1], others?.built));
  return { ...settledWith(fixed), fixed, unknown: [] };
}
