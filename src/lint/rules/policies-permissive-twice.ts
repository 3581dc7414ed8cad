import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";
import { writeIdentifier } from "#sql/quote.ts";

export const policiesPermissiveTwice: Rule = {
  id: "policies-permissive-twice",
  title: "A second permissive policy for the same command and role",
  group: "security",
  severity: "note",
  schemaFiles: true,
  asks: ["syntax", "neighbours"],
  why: "Permissive policies are joined by OR: a row is shown as soon as one of them says so. A second one never narrows what the first allows, and both are evaluated for every row.",
  instead: "Put both conditions into one policy, or write `AS RESTRICTIVE` where the second is to narrow the first.",
  given:
    "CREATE TABLE notes (id bigint PRIMARY KEY, owner name, shared boolean);\nCREATE POLICY own ON notes USING (owner = current_user);\nALTER TABLE notes ENABLE ROW LEVEL SECURITY;",
  wrong: "CREATE POLICY shared ON notes FOR SELECT USING (shared);",
  right: "CREATE POLICY shared ON notes AS RESTRICTIVE FOR SELECT USING (shared);",
  check({ node, world }) {
    const policy = inside(node, "CreatePolicyStmt");
    if (policy?.table === undefined || policy.permissive !== true) return [];
    const command = policy.cmd_name ?? "all";
    const roles = (policy.roles ?? []).map((role) => inside(role, "RoleSpec")?.rolename ?? "public");
    const other = [...(world.find(policy.table)?.policies ?? [])].find(
      ([, known]) =>
        known.permissive &&
        (known.command === command || known.command === "all" || command === "all") &&
        (known.roles.includes("public") ||
          roles.includes("public") ||
          known.roles.some((role) => roles.includes(role))),
    );
    if (other === undefined) return [];
    return [
      {
        message: `${nameOf(policy.table)} has the permissive policy ${writeIdentifier(other[0])} already: rows are shown that either of the two allows`,
        fix: "One policy with both conditions, or AS RESTRICTIVE",
      },
    ];
  },
};
