import { inside, strings } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { nameOfParts } from "../syntax.ts";

export const enumValueOrder: Rule = {
  id: "enum-value-order",
  title: "ADD VALUE without BEFORE or AFTER",
  group: "transactions",
  severity: "note",
  on: false,
  asks: ["syntax"],
  aliases: { squawk: ["require-enum-value-ordering"] },
  why: "Values of an enum are sorted in the order of its definition. Without a place the new one comes last, which may not be what was meant, and cannot be changed afterwards.",
  instead: "Say where it belongs.",
  wrong: "ALTER TYPE mood ADD VALUE 'fine';",
  right: "ALTER TYPE mood ADD VALUE 'fine' AFTER 'ok';",
  check({ node }) {
    const alter = inside(node, "AlterEnumStmt");
    return alter?.newVal !== undefined && alter.oldVal === undefined && alter.newValNeighbor === undefined
      ? [
          {
            message: `'${alter.newVal}' comes last in ${nameOfParts(strings(alter.typeName))}`,
            fix: `Say where it belongs: ADD VALUE ${quoteLiteral(alter.newVal)} BEFORE, or AFTER, another value`,
          },
        ]
      : [];
  },
};
