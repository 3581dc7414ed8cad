import type { RowCounts } from "#sync/run/row-counts.ts";
import { type Detail, NAMED } from "./sync-proof.ts";
import { agree, count, formatCount } from "./text.ts";

/** Whether each table of a copy has the rows that it had when it was made. */
export function renderRows({ copied, now, fewer, more, unnamed }: RowCounts, detail: Detail): string[] {
  const most = detail === "verbose" ? Infinity : NAMED;
  if (copied === null)
    return ["Rows: not compared, as the database does not say how many were copied into which table"];
  const lines = (what: string, tables: RowCounts["fewer"]): string[] => [
    ...tables
      .slice(0, most)
      .map((each) => `${what}: ${each.table}: ${rowsOf(each.copied)} copied, ${formatCount(each.now)} now`),
    ...(tables.length > most ? [`${what}: in ${tables.length - most} more tables`] : []),
  ];
  return [
    ...lines("ROWS MISSING", fewer),
    ...lines("Rows added", more),
    ...(fewer.length + more.length > 0 || detail === "quiet"
      ? []
      : [`Rows: ${formatCount(now)}; each table has as many as were copied into it`]),
    ...(unnamed === 0
      ? []
      : [`Not counted: ${count(unnamed, "table")} that were copied, and that the source has no more`]),
  ];
}

function rowsOf(value: number): string {
  return `${formatCount(value)} ${agree(value, "row", "rows")}`;
}
