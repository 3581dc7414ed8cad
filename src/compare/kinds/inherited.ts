import { parentTable } from "../engine/lookups.ts";
import type { Fact } from "../engine/facts.ts";
import type { Extra, Side } from "./kind.ts";

/** The column, constraint or trigger that a child or partition has what a property is about from. */
export function inherited(
  kind: "column" | "constraint" | "trigger",
  { relation, path }: Pick<Extra, "relation" | "path">,
  { facts }: Pick<Side, "facts">,
): Fact | undefined {
  const name = path[2] ?? "";
  let table = relation;
  while (table !== undefined) {
    table = parentTable(facts, { kind: "table", schema: table.schema, name: table.name });
    const own = table && facts.get({ kind, schema: table.schema, table: table.name, name });
    if (own !== undefined) return own;
  }
  return undefined;
}
