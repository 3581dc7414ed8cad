import type { Rule } from "../rule.ts";
import { madeTable, nameOf } from "../syntax.ts";

export const rlsOff: Rule = {
  id: "rls-off",
  title: "A new table without row level security",
  group: "security",
  severity: "warning",
  on: false,
  schemaFiles: true,
  asks: ["syntax", "neighbours"],
  why: "Where clients reach the database themselves (Supabase, PostgREST), whoever may read a table without row level security reads all of it.",
  instead: "`ALTER TABLE ... ENABLE ROW LEVEL SECURITY`, and policies, in the same migration.",
  wrong: "CREATE TABLE notes (id bigint PRIMARY KEY);",
  right:
    "CREATE TABLE notes (id bigint PRIMARY KEY, owner name);\nCREATE POLICY own ON notes USING (owner = current_user);\nALTER TABLE notes ENABLE ROW LEVEL SECURITY;",
  atEnd({ node, world }) {
    const made = madeTable(node);
    const table = world.find(made?.table);
    if (made === undefined || table?.rowSecurity !== false || table.temporary) return [];
    return [
      {
        message: `${nameOf(made.table)} has no row level security: whoever may read it reads all of it`,
        fix: `ALTER TABLE ${nameOf(made.table)} ENABLE ROW LEVEL SECURITY;`,
        at: made.table.location,
      },
    ];
  },
};
