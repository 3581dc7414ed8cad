import { inside, type Node, strings } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const policyPerRowFunction: Rule = {
  id: "policy-per-row-function",
  title: "A policy that asks who the user is once for every row",
  group: "security",
  severity: "note",
  schemaFiles: true,
  asks: ["syntax"],
  why: "A function such as `current_setting()` or `auth.uid()` in a policy is called for every row that is looked at. In a sub-select PostgreSQL calls it once for the statement.",
  instead: "Write `(SELECT auth.uid())` in place of `auth.uid()`.",
  wrong: "CREATE POLICY own ON notes USING (owner = current_setting('app.user'));",
  right: "CREATE POLICY own ON notes USING (owner = (SELECT current_setting('app.user')));",
  check({ node }) {
    const policy = inside(node, "CreatePolicyStmt");
    const name = calledPerRow([policy?.qual, policy?.with_check]);
    return name === undefined
      ? []
      : [
          {
            message: `${name}() is called for every row of ${nameOf(policy?.table)}`,
            fix: `Write the call as a sub-select, (SELECT ${name}(${name.endsWith("current_setting") ? "'NAME'" : ""})), which is run once for the statement`,
          },
        ];
  },
};

/** What asks about the session, outside of sub-selects. */
function calledPerRow(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return value.map(calledPerRow).find((name) => name !== undefined);
  for (const [key, inner] of Object.entries(value)) {
    if (key === "SubLink") continue;
    if (key === "FuncCall") {
      const parts = strings((inner as { funcname?: Node[] }).funcname);
      if (parts.at(-1) === "current_setting" || parts.at(-2) === "auth") return parts.join(".");
    }
    const name = calledPerRow(inner);
    if (name !== undefined) return name;
  }
  return undefined;
}
