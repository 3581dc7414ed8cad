import { moreThanBuilt, notBuilt, type Rows, rowsOf } from "../contained/rows.ts";
import type { Way } from "./replay-ways.ts";

/**
 * Rows that only migrations or only the schema files leave in an empty database, a sentence for each table. Pure.
 * @param left those of the migrations, where they were read
 */
export function differingRows(way: Way, left: Rows | undefined, built: Rows): string[] {
  if (left === undefined || way === "base") return [];
  if (way === "schema" || way === "behind") return [...moreThanBuilt(left, built)].map(leftAlone);
  return [
    ...[...notBuilt(left, built)].map(([table, { size }]) => leftAlone([table, size])),
    ...[...notBuilt(built, left)].map(
      ([table, { size }]) =>
        `${rowsOf(size, table)}, which the schema files build and which ${size === 1 ? "is" : "are"} not in what migrations leave`,
    ),
  ];
}

function leftAlone([table, size]: readonly [table: string, size: number]): string {
  return `${rowsOf(size, table)}, which migrations leave and which ${size === 1 ? "is" : "are"} not in what the schema files build`;
}
