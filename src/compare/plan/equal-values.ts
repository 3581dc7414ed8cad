import type { RowsHazard } from "#sql/effects/hazard.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { textOf } from "../engine/lookups.ts";
import { columnConversion } from "./automatic.ts";
import { mergesValues } from "./conversions.ts";
import { underlying } from "./domains.ts";
import { rowsHazard } from "./statement.ts";

/**
 * What rows do to a change of a column's type or collation, with the keys that stay on it: where values become equal that were
 * different, a key finds two that share it. Pure.
 * @param rows what they do to it besides
 */
export function withKeys(
  rows: RowsHazard | undefined,
  column: ObjectId,
  from: Facts,
  to: Facts,
): RowsHazard | undefined {
  if (!makesEqual(column, from, to)) return rows;
  const keys = keysOn(column, from, to);
  return keys.length === 0 ? rows : { ...(rows ?? rowsHazard("equal-values")), keys };
}

function makesEqual(column: ObjectId, from: Facts, to: Facts): boolean {
  const [before, after] = [from, to].map((facts) => textOf(facts, column, "type") ?? "") as [string, string];
  if (before !== after) {
    const { loses } = columnConversion(before, from, after, to);
    if (loses || mergesValues(underlying(before, from), underlying(after, to))) return true;
  }
  const collations = [from, to].map((facts) => textOf(facts, column, "collation"));
  return collations[0] !== collations[1] && !isDeterministic(collations[1], to);
}

function isDeterministic(collation: string | undefined, facts: Facts): boolean {
  const { schema, name } = parseQualifiedName(collation ?? "") ?? {};
  if (schema === undefined || name === undefined) return true;
  return facts.get({ kind: "collation", schema, name })?.payload["deterministic"] !== false;
}

/** Names of primary keys, unique and exclusion constraints, and unique indexes that stay. */
function keysOn(column: ObjectId, from: Facts, to: Facts): string[] {
  return from.incomingEdges(column).flatMap(({ from: id }) => {
    if (!to.has(id)) return [];
    if (id.kind === "constraint") return ["p", "u", "x"].includes(textOf(from, id, "type") ?? "") ? [id.name] : [];
    return id.kind === "index" && textOf(from, id, "def")?.startsWith("CREATE UNIQUE ") === true ? [id.name] : [];
  });
}
