import { inside, type Node } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";

export const duplicateAssignment: Rule = {
  id: "duplicate-assignment",
  title: "A column that is given two values",
  group: "transactions",
  severity: "error",
  asks: ["syntax"],
  aliases: { squawk: ["ban-duplicate-column-assignments"] },
  why: "PostgreSQL refuses an UPDATE or INSERT that names a column twice.",
  instead: "Remove one of the two.",
  wrong: "UPDATE users SET locale = 'en', locale = 'de' WHERE id = 1;",
  right: "UPDATE users SET locale = 'en' WHERE id = 1;",
  check({ node }) {
    const targets: readonly Node[] = inside(node, "UpdateStmt")?.targetList ?? inside(node, "InsertStmt")?.cols ?? [];
    const seen = new Set<string>();
    for (const target of targets) {
      const { name = "", indirection, location } = inside(target, "ResTarget") ?? {};
      if (indirection !== undefined) continue;
      if (seen.has(name))
        return [{ message: `${writeIdentifier(name)} is given a value twice, which PostgreSQL refuses`, at: location }];
      seen.add(name);
    }
    return [];
  },
};
