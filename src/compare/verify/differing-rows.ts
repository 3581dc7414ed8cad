import { settle, differInChance } from "../contained/chance.ts";
import { hashesOf, moreThanBuilt, notBuilt, type Rows, rowsOf } from "../contained/rows.ts";
import { type BothRows, settleBoth, type SettledRows } from "../contained/same-values.ts";
import { MOST } from "./another-run.ts";
import type { Way } from "./replay-ways.ts";

/**
 * Rows that only migrations or only the schema files leave in an empty database, a sentence for each table.
 * @param left those of the migrations, where they were read
 * @param again as for `settleBoth`
 */
export async function differingRows(
  way: Way,
  left: Rows | undefined,
  built: Rows,
  again: (() => Promise<BothRows | undefined>) | undefined,
): Promise<string[]> {
  if (left === undefined || way === "base") return [];
  if (way === "schema" || way === "behind") {
    const [more, there] = [left, built].map((rows) => settle(rows, new Set()));
    return [...moreThanBuilt(more!, there!)].map(([table, size]) => leftAlone(table, size));
  }
  let other: Promise<BothRows | undefined> | undefined;
  const once = again && (async () => await (other ??= again()));
  const both = await settleBoth({ left, built }, once);
  const more = await moreOften(both, once);
  const lacking = (one: "left" | "built", than: "left" | "built"): Lacking[] => {
    const missing = notBuilt(both[one], both[than]);
    return [...new Set([...missing.keys(), ...more[one].keys()])].map((table) => {
      const keys = missing.get(table) ?? new Set();
      const how = keys.size === 0 ? "" : howGiven(keys, both[than].get(table));
      return { table, size: keys.size + (more[one].get(table) ?? 0), how };
    });
  };
  return [
    ...lacking("left", "built").map(({ table, size, how }) => leftAlone(table, size, how)),
    ...lacking("built", "left").map(
      ({ table, size, how }) =>
        `${rowsOf(size, table)}, which the schema files build${how} and which ${size === 1 ? "is" : "are"} not in what migrations leave`,
    ),
    ...both.unknown.map(
      (table) =>
        `values of ${table} in columns with computed defaults: a second run would tell them from chance, and more than ${MOST} migrations are not run twice`,
    ),
  ];
}

interface Lacking {
  readonly table: string;
  readonly size: number;
  /** " with other values than defaults give" */
  readonly how: string;
}

/**
 * How many of the rows that both have one of them has more often, by table. A way back may have left a row, which was made twice
 * then: a run without ways back tells.
 */
async function moreOften(
  both: SettledRows,
  again: (() => Promise<BothRows | undefined>) | undefined,
): Promise<Record<"left" | "built", ReadonlyMap<string, number>>> {
  const count = ({ left, built }: BothRows): Awaited<ReturnType<typeof moreOften>> => ({
    left: timesMore(left, built),
    built: timesMore(built, left),
  });
  const { left, built } = count(both);
  if (left.size + built.size === 0) return { left, built };
  const others = await again?.();
  return others === undefined
    ? { left: new Map(), built: new Map() }
    : count({ left: settle(others.left, both.fixed), built: settle(others.built, both.fixed) });
}

function timesMore(one: Rows, than: Rows): ReadonlyMap<string, number> {
  return new Map(
    [...one].flatMap(([table, rows]) => {
      const more = [...rows].map(([hash, times]) => {
        const there = hashesOf(than, table, hash);
        return there === 0 ? 0 : Math.max(0, times - there);
      });
      const sum = more.reduce((total, each) => total + each, 0);
      return sum === 0 ? [] : [[table, sum] as const];
    }),
  );
}

function howGiven(keys: ReadonlySet<string>, others: ReadonlyMap<string, number> | undefined): string {
  return differInChance([...keys], others) ? " with other values than defaults give" : "";
}

function leftAlone(table: string, size: number, how = ""): string {
  return `${rowsOf(size, table)}, which migrations leave${how} and which ${size === 1 ? "is" : "are"} not in what the schema files build`;
}
