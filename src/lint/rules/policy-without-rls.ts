import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const policyWithoutRls: Rule = {
  id: "policy-without-rls",
  title: "A policy of a table without row level security",
  group: "security",
  severity: "warning",
  schemaFiles: true,
  asks: ["syntax", "neighbours"],
  why: "Policies do nothing until row level security is switched on for their table. Everybody who may read the table goes on reading all of it.",
  instead: "`ALTER TABLE ... ENABLE ROW LEVEL SECURITY` in the same migration.",
  given: "CREATE TABLE notes (id bigint PRIMARY KEY, owner name);",
  wrong: "CREATE POLICY own ON notes USING (owner = current_user);",
  right: "CREATE POLICY own ON notes USING (owner = current_user);\nALTER TABLE notes ENABLE ROW LEVEL SECURITY;",
  atEnd({ node, world }) {
    const table = inside(node, "CreatePolicyStmt")?.table;
    // What is not known may be on.
    if (table === undefined || world.find(table)?.rowSecurity !== false) return [];
    return [
      {
        message: `This policy does nothing: row level security of ${nameOf(table)} is off`,
        fix: `ALTER TABLE ${nameOf(table)} ENABLE ROW LEVEL SECURITY;`,
      },
    ];
  },
};
