import { inside, type RangeVar } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf, nodesIn } from "../syntax.ts";

export const viewBypassesRls: Rule = {
  id: "view-bypasses-rls",
  title: "A view over a table with row level security",
  group: "security",
  severity: "warning",
  schemaFiles: true,
  asks: ["syntax", "neighbours"],
  why: "A view reads its tables with the rights of its owner, who usually owns the tables as well: policies do not apply, and whoever may read the view sees every row.",
  instead: "`CREATE VIEW ... WITH (security_invoker = true)`, from PostgreSQL 15 on.",
  given:
    "CREATE TABLE notes (id bigint PRIMARY KEY, owner name);\nCREATE POLICY own ON notes USING (owner = current_user);\nALTER TABLE notes ENABLE ROW LEVEL SECURITY;",
  wrong: "CREATE VIEW recent_notes AS SELECT * FROM notes;",
  right: "CREATE VIEW recent_notes WITH (security_invoker = true) AS SELECT * FROM notes;",
  check({ node, world, postgres }) {
    const view = inside(node, "ViewStmt");
    if (view === undefined) return [];
    const isInvoker = (view.options ?? []).some((option) => inside(option, "DefElem")?.defname === "security_invoker");
    const table = [...nodesIn(view.query)].find(
      ([kind, range]) => kind === "RangeVar" && world.find(range as RangeVar)?.rowSecurity === true,
    )?.[1] as RangeVar | undefined;
    if (table === undefined || isInvoker) return [];
    return [
      {
        message: `${nameOf(view.view)} shows every row of ${nameOf(table)}, whatever its policies say`,
        fix:
          postgres !== undefined && postgres < 15
            ? `Put the condition of the policies into the view: PostgreSQL ${postgres} has no security_invoker`
            : `CREATE VIEW ${nameOf(view.view)} WITH (security_invoker = true) AS ...`,
      },
    ];
  },
};
