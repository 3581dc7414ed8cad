import { inside, type Node, type NodeOf, type RangeVar } from "#sql/parser.ts";
import { tablesOf } from "../file-tables.ts";
import type { Context, Rule } from "../rule.ts";
import { nameOf, nodesIn, rangeOfName } from "../syntax.ts";

export const viewBypassesRls: Rule = {
  id: "view-bypasses-rls",
  title: "A view or copy of a table with row level security",
  group: "security",
  severity: "warning",
  schemaFiles: true,
  asks: ["syntax", "neighbours"],
  why: "A view reads its tables with the rights of its owner, who usually owns the tables as well: policies do not apply, and whoever may read the view sees every row. A materialized view, `CREATE TABLE AS`, and a new table that is filled from the old one (`CREATE TABLE ... (LIKE ...)`, `INSERT ... SELECT`) hold a copy that has no policies at all, also where the copy takes the name of the old table.",
  instead:
    "`CREATE VIEW ... WITH (security_invoker = true)`, from PostgreSQL 15 on. A table that takes the place of another one gets its policies, and `ENABLE ROW LEVEL SECURITY`, in the same migration.",
  given:
    "CREATE TABLE notes (id bigint PRIMARY KEY, owner name);\nCREATE POLICY own ON notes USING (owner = current_user);\nALTER TABLE notes ENABLE ROW LEVEL SECURITY;",
  wrong: "CREATE VIEW recent_notes AS SELECT * FROM notes;",
  right: "CREATE VIEW recent_notes WITH (security_invoker = true) AS SELECT * FROM notes;",
  check(context) {
    const { node, world, postgres } = context;
    const copied = inside(node, "CreateTableAsStmt");
    const filled = inside(node, "InsertStmt");
    const copy = copied?.into?.rel ?? filled?.relation;
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
    const { table: replaced, now = "" } = tablesOf(context.file).replaced.get(context.statement) ?? {};
    if (replaced !== undefined && world.find(rangeOfName(now))?.rowSecurity === true && !isSecured(context, replaced)) {
      return [
        {
          message: `${replaced} shows every row from here on: the policies stay with ${now}`,
          fix: `ALTER TABLE ${replaced} ENABLE ROW LEVEL SECURITY;  -- and make its policies, in the same migration`,
        },
      ];
    }
    const query = view?.query ?? copied?.query ?? filled?.selectStmt;
    const table = [...nodesIn(query)].find(
      ([kind, range]) => kind === "RangeVar" && world.find(range as RangeVar)?.rowSecurity === true,
    )?.[1] as RangeVar | undefined;
    if (table !== undefined && copy !== undefined && copy.relpersistence !== "t") {
      // A table that was there before has the rights that it was given for what is in it.
      const isKnown = filled === undefined || (world.find(copy) !== undefined && !context.isOld(copy));
      if (!isKnown || world.find(copy)?.rowSecurity === true || isSecured(context, nameOf(copy))) return [];
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
            : `ALTER VIEW ${nameOf(view.view)} SET (security_invoker = true);  -- or WITH (security_invoker = true) when it is created`,
      },
    ];
  },
};

/** Whether the file gives the table that it makes row level security. */
function isSecured({ file, statement }: Context, name: string): boolean {
  return tablesOf(file).madeAs(name, statement)?.isSecured === true;
}

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
