import { quoteQualified } from "#sql/quote.ts";
import type { Facts } from "../engine/facts.ts";
import { textOf } from "../engine/lookups.ts";
import { type PlannedStatement, statementOf } from "./statement.ts";

/**
 * Indexes that differ in their storage parameters alone are not built again (manual, ALTER INDEX; not for those of partitioned
 * tables). Pure.
 */
export function indexParametersSet(from: Facts, to: Facts): PlannedStatement[] {
  return to.facts().flatMap(({ id, parent }) => {
    if (id.kind !== "index" || parent?.kind !== "table" || textOf(to, parent, "partitionKey") !== undefined) return [];
    const [before, after] = [from, to].map((facts) => partsOf(textOf(facts, id, "def") ?? ""));
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

interface Parts {
  readonly rest: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The parts of a definition as pg_get_indexdef writes it; undefined where they cannot be told apart. */
function partsOf(definition: string): Parts | undefined {
  if (definition === "" || definition.split(" WITH (").length > 2) return undefined;
  const list = PARAMETERS.exec(definition);
  if (list === null) return { rest: definition, parameters: new Map() };
  const parameters = (list[1] ?? "").split(", ").map((one) => one.split("=") as [string, string]);
  return { rest: definition.replace(list[0], ""), parameters: new Map(parameters) };
}

const PARAMETER = String.raw`\w+=(?:'\w+'|\w+)`;
const PARAMETERS = new RegExp(String.raw` WITH \((${PARAMETER}(?:, ${PARAMETER})*)\)`);
