import { inside, type RangeVar } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const schemaQualified: Rule = {
  id: "schema-qualified",
  title: "A table named without its schema",
  group: "objects",
  severity: "note",
  on: false,
  schemaFiles: true,
  asks: ["syntax"],
  aliases: { squawk: ["require-table-schema"] },
  why: "Which table a name without a schema means depends on the search_path of whoever runs the migration.",
  instead: "Write the schema.",
  wrong: "CREATE TABLE users (id bigint PRIMARY KEY);",
  right: "CREATE TABLE public.users (id bigint PRIMARY KEY);",
  check({ node, world }) {
    const relation: RangeVar | undefined =
      inside(node, "CreateStmt")?.relation ??
      inside(node, "AlterTableStmt")?.relation ??
      inside(node, "IndexStmt")?.relation;
    const isTemporary = relation?.relpersistence === "t" || world.find(relation)?.temporary === true;
    if (relation?.relname === undefined || relation.schemaname !== undefined || isTemporary) return [];
    return [
      {
        message: `Which ${nameOf(relation)} is meant depends on the search_path`,
        fix: `public.${nameOf(relation)}`,
        at: relation.location,
      },
    ];
  },
};
