import { inside, type Node, type NodeOf, type RangeVar } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf, nodesIn } from "../syntax.ts";

export const viewBypassesRls: Rule = {
  id: "view-bypasses-rls",
  title: "A view or copy of a table with row level security",
  group: "security",
  severity: "warning",
  schemaFiles: true,
  asks: ["syntax", "neighbours"],
  why: "A view reads its tables with the rights of its owner, who usually owns the tables as well: policies do not apply, and whoever may read the view sees every row. A materialized view and `CREATE TABLE AS` hold a copy that has no policies at all.",
  instead: "`CREATE VIEW ... WITH (security_invoker = true)`, from PostgreSQL 15 on.",
  given:
    "CREATE TABLE notes (id bigint PRIMARY KEY, owner name);\nCREATE POLICY own ON notes USING (owner = current_user);\nALTER TABLE notes ENABLE ROW LEVEL SECURITY;",
  wrong: "CREATE VIEW recent_notes AS SELECT * FROM notes;",
  right: "CREATE VIEW recent_notes WITH (security_invoker = true) AS SELECT * FROM notes;",
  check({ node, world, postgres }) {
    const copied = inside(node, "CreateTableAsStmt");
    const copy = copied?.into?.rel;
    const view = inside(node, "ViewStmt");
    const altered = alteredToOwner(node);
    if (altered !== undefined) {
      return [
        {
          message: `${nameOf(altered)} reads its tables with its owner's rights from now on: it shows every row of those with row level security`,
          fix: `ALTER VIEW ${nameOf(altered)} SET (security_invoker = true);`,
        },
      ];
    }
    const query = view?.query ?? copied?.query;
    const table = [...nodesIn(query)].find(
      ([kind, range]) => kind === "RangeVar" && world.find(range as RangeVar)?.rowSecurity === true,
    )?.[1] as RangeVar | undefined;
    if (table !== undefined && copy !== undefined && copy.relpersistence !== "t") {
      return [
        {
          message: `${nameOf(copy)} keeps a copy of rows of ${nameOf(table)}, without its policies`,
          fix: `Grant ${nameOf(copy)} only to those who may see every row of ${nameOf(table)}`,
        },
      ];
    }
    const isInvoker = (view?.options ?? []).some((option) => isOn(inside(option, "DefElem")));
    if (view === undefined) return [];
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

function isOn(option: NodeOf<"DefElem"> | undefined): boolean {
  if (option?.defname !== "security_invoker") return false;
  const { arg } = option;
  if (arg === undefined) return true;
  const value = inside(arg, "String")?.sval ?? inside(arg, "Integer")?.ival ?? inside(arg, "Boolean")?.boolval ?? false;
  return /^(?:t|tr|tru|true|on|y|ye|yes|1)$/i.test(String(value));
}

/** A view that has used its reader's rights, and is told to use its owner's. */
function alteredToOwner(node: Node): RangeVar | undefined {
  const alter = inside(node, "AlterTableStmt");
  if (alter?.objtype !== "OBJECT_VIEW") return undefined;
  const isOff = (alter.cmds ?? []).some((entry) => {
    const command = inside(entry, "AlterTableCmd");
    const options = (inside(command?.def, "List")?.items ?? []).map((item) => inside(item, "DefElem"));
    const [option] = options.filter((one) => one?.defname === "security_invoker");
    if (option === undefined) return false;
    return command?.subtype === "AT_ResetRelOptions" || (command?.subtype === "AT_SetRelOptions" && !isOn(option));
  });
  return isOff ? alter.relation : undefined;
}
