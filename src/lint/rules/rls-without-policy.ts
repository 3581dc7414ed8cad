import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf } from "../syntax.ts";

export const rlsWithoutPolicy: Rule = {
  id: "rls-without-policy",
  title: "Row level security switched on without a policy",
  group: "security",
  severity: "warning",
  schemaFiles: true,
  asks: ["syntax", "neighbours"],
  why: "A table with row level security and no policy shows no row to anybody but its owner and those who bypass it: applications find it empty, and their inserts fail.",
  instead: "Make the policies in the same migration, before row level security is switched on.",
  wrong: "ALTER TABLE notes ENABLE ROW LEVEL SECURITY;",
  right: "CREATE POLICY own ON notes USING (owner = current_user);\nALTER TABLE notes ENABLE ROW LEVEL SECURITY;",
  atEnd({ node, world }) {
    return alterations(node, "AT_EnableRowSecurity").flatMap(({ table }) =>
      (world.find(table)?.policies.size ?? 0) > 0
        ? []
        : [
            {
              message: `${nameOf(table)} has no policy here: all but its owner find it empty from now on`,
              fix: `First make a policy on ${nameOf(table)} that says who may see which rows (CREATE POLICY)`,
            },
          ],
    );
  },
};
