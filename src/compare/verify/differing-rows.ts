import { settle, differInChance } from "../contained/chance.ts";
import { moreThanBuilt, notBuilt, type Rows, rowsOf } from "../contained/rows.ts";
import { type BothRows, settleBoth } from "../contained/same-values.ts";
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
  const both = await settleBoth({ left, built }, again);
  return [
    ...[...notBuilt(both.left, both.built)].map(([table, keys]) =>
      leftAlone(table, keys.size, howGiven(keys, both.built.get(table))),
    ),
    ...[...notBuilt(both.built, both.left)].map(([table, keys]) => {
      const how = howGiven(keys, both.left.get(table));
      return `${rowsOf(keys.size, table)}, which the schema files build${how} and which ${keys.size === 1 ? "is" : "are"} not in what migrations leave`;
    }),
    ...both.unknown.map(
      (table) =>
        `values of ${table} in columns with computed defaults: a second run would tell them from chance, and more than ${MOST} migrations are not run twice`,
    ),
  ];
}

function howGiven(keys: ReadonlySet<string>, others: ReadonlyMap<string, number> | undefined): string {
  return differInChance([...keys], others) ? " with other values than defaults give" : "";
}

function leftAlone(table: string, size: number, how = ""): string {
  return `${rowsOf(size, table)}, which migrations leave${how} and which ${size === 1 ? "is" : "are"} not in what the schema files build`;
}
