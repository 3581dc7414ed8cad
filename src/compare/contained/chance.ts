import { BETWEEN, type Fixed, HASH } from "./marks.ts";
import type { Rows } from "./rows.ts";

/** Rows with what is the same each time; of the rest it is left that it is chance. Pure. */
export function settle(rows: Rows, fixed: Fixed): Rows {
  return new Map(
    [...rows].map(([table, keys]) => {
      const settled = new Map<string, number>();
      for (const [key, times] of keys) {
        const one = settleKey(key, fixed);
        settled.set(one, (settled.get(one) ?? 0) + times);
      }
      return [table, settled];
    }),
  );
}

/** The same of one of them. Pure. */
export function settleKey(key: string, fixed: Fixed): string {
  const [row = "", ...marks] = key.split(BETWEEN);
  const settled = marks.flatMap((mark) => {
    const [sign, hash, column] = [mark.slice(0, 1), mark.slice(1, HASH + 1), mark.slice(HASH + 1)];
    if (sign === "-" || (/[=!]/.test(sign) && fixed.has(hash))) return [sign === "-" ? mark : `=${hash}${column}`];
    return sign === "!" ? [`!${column}`] : [];
  });
  return [row, ...settled].join(BETWEEN);
}

/**
 * Rows with each of their values, also those that may be chance: for a database in which nothing else changes them meanwhile. A time
 * that is the present is the same as any other such one. Pure.
 */
export function exact(rows: Rows): Rows {
  return new Map(
    [...rows].map(([table, keys]) => {
      const all = new Map<string, number>();
      for (const [key, times] of keys) {
        const one = key.replaceAll(PRESENT, `${BETWEEN}~`);
        all.set(one, (all.get(one) ?? 0) + times);
      }
      return [table, all];
    }),
  );
}

const PRESENT = new RegExp(`${BETWEEN}~.{${HASH}}`, "g");

/** Rows with what is the same in every database, and nothing of the rest. Pure. */
export function withoutValues(rows: Rows): Rows {
  return new Map(
    [...rows].map(([table, keys]) => {
      const all = new Map<string, number>();
      for (const [key, times] of keys) all.set(key.slice(0, HASH), (all.get(key.slice(0, HASH)) ?? 0) + times);
      return [table, all];
    }),
  );
}

/** Whether rows have values that may be chance. Pure. */
export function mayHoldChance(rows: Rows): boolean {
  return rows.values().some((keys) => keys.keys().some((key) => MAY_BE_CHANCE.test(key)));
}

const MAY_BE_CHANCE = new RegExp(`${BETWEEN}[~=!]`);

/**
 * Hashes of the values that may be chance.
 * @param without rows that do not count
 */
export function valuesOf(rows: Rows, without: Rows = new Map()): Set<string> {
  const values = new Set<string>();
  for (const [table, keys] of rows) {
    for (const key of keys.keys()) {
      if (without.get(table)?.has(key) === true) continue;
      for (const mark of key.split(BETWEEN).slice(1)) if (/^[=!]/.test(mark)) values.add(mark.slice(1, HASH + 1));
    }
  }
  return values;
}

/** The first column of which two rows have other values. Pure. */
export function otherColumn(one: string, other: string): string | undefined {
  const [ones, others] = [one.split(BETWEEN), other.split(BETWEEN)];
  const at = ones.findIndex((mark, index) => index > 0 && mark !== others[index]);
  return [ones[at], others[at]].find((mark) => mark !== undefined && mark.length > HASH)?.slice(HASH + 1);
}

/** Whether each of these rows is there but for values that defaults compute. Pure. */
export function differInChance(keys: readonly string[], there: ReadonlyMap<string, number> = new Map()): boolean {
  const row = (key: string): string => key.slice(0, HASH);
  const rows = new Set(there.keys().map(row));
  return keys.every((key) => key.length > HASH && rows.has(row(key)));
}
