import type { RowsHazard } from "#sql/effects/hazard.ts";
import { describe } from "../catalogue/describe.ts";
import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { textOf } from "../engine/lookups.ts";
import { rowsHazard } from "./statement.ts";

/**
 * What a function computed that now has another body: PostgreSQL takes an immutable one at its word, and computes neither indexes nor
 * stored columns anew (manual, "Function Volatility Categories"). Pure.
 */
export function staleHazard(id: ObjectId, from: Facts, to: Facts): RowsHazard | undefined {
  if (id.kind !== "function" || textOf(from, id, "def") === textOf(to, id, "def")) return undefined;
  const stale = to.incomingEdges(id).flatMap(({ from: dependent }) => {
    // What is made anew is computed anew.
    if (!from.has(dependent)) return [];
    if (dependent.kind === "index") return [describe(dependent).name];
    if (dependent.kind !== "default" && dependent.kind !== "column") return [];
    const column: ObjectId = { ...dependent, kind: "column" };
    return textOf(to, column, "generatedExpr") === undefined ? [] : [describe(column).name];
  });
  return stale.length === 0 ? undefined : rowsHazard("stale", { computed: [...new Set(stale)] });
}
