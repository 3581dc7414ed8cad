import { quoteQualified } from "#sql/quote.ts";
import type { Facts } from "../engine/facts.ts";
import { textOf } from "../engine/lookups.ts";
import { indexParts } from "../catalogue/index-parts.ts";
import { type PlannedStatement, statementOf } from "./statement.ts";

/**
 * Indexes that differ in their storage parameters alone are not built again (manual, ALTER INDEX; not for those of partitioned
 * tables). Pure.
 */
export function indexParametersSet(from: Facts, to: Facts): PlannedStatement[] {
  return to.facts().flatMap(({ id, parent }) => {
    if (id.kind !== "index" || parent?.kind !== "table" || textOf(to, parent, "partitionKey") !== undefined) return [];
    const [before, after] = [from, to].map((facts) => indexParts(textOf(facts, id, "def") ?? ""));
    if (before === undefined || after === undefined || before.rest !== after.rest) return [];
    const set = [...after.parameters].filter(([name, value]) => before.parameters.get(name) !== value);
    const reset = [...before.parameters.keys()].filter((name) => !after.parameters.has(name));
    const alter = `ALTER INDEX ${quoteQualified(id.schema, id.name)}`;
    return [
      ...(reset.length === 0 ? [] : [`${alter} RESET (${reset.join(", ")})`]),
      ...(set.length === 0 ? [] : [`${alter} SET (${set.map(([name, value]) => `${name}=${value}`).join(", ")})`]),
    ].map((sql) => ({ ...statementOf(sql), needs: [id] }));
  });
}
