import { exposuresInText } from "#sql/effects/exposure.ts";
import { type Exposure, exposureWords, isSameExposure } from "#sql/effects/exposure-kinds.ts";
import { homeSchema, isCallableInTheEnd } from "#sql/effects/definer.ts";
import { isSchemaMadeBy, type Opened, openedBy } from "#sql/effects/opened.ts";
import { inside, type Node, type RangeVar, strings } from "#sql/parser.ts";
import { Statement } from "#sql/statement.ts";
import type { Context, Found, Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { dropped, nameOf } from "../syntax.ts";

export const exposesData: Rule = {
  id: "exposes-data",
  title: "Data shown to those who could not see it before",
  group: "security",
  severity: "warning",
  severityElse: "note of what is new, or where row level security or the policy is not known",
  asks: ["syntax", "neighbours", "trace"],
  why: "These show rows to people who could not see them: row level security that is switched off; a right for `PUBLIC`, which every role has, those made later too; the use of a schema, in which it may have rights that nobody could make use of; a role that is `SUPERUSER` or `BYPASSRLS`; a publication of all tables, or of all tables of a schema; and a `COPY` to a file or program of the server. To a function that is `LEAKPROOF`, PostgreSQL shows rows before policies and `security_barrier` views have their say. Three more may show rows: a policy that is made or changed on a table that has row level security already; another owner of such a table, for whom policies do not hold; and a `SECURITY DEFINER` function, which everybody may call and which reads with the rights of its owner. The same holds for such statements in the body of a function that a migration calls. Rows that somebody has read cannot be taken back.",
  instead:
    "Grant to the roles that need it, name the tables, and change policies instead of switching them off. On a protected environment, `confiture migrate up` asks before it runs such a statement.",
  wrong: "ALTER TABLE notes DISABLE ROW LEVEL SECURITY;\nGRANT SELECT ON notes TO PUBLIC;",
  right: "GRANT SELECT ON notes TO reporting;",
  check(context) {
    const { node, statement, isOld } = context;
    const policy = withoutPolicy(context);
    if (policy.length > 0) return policy;
    const shown = exposuresInText(Statement.of(statement.text));
    if (shown.length === 0) return opened(context);
    const [alteration] = alterations(node);
    if (alteration !== undefined && !isOld(alteration.table)) return [];
    const granted = (inside(node, "GrantStmt")?.objects ?? []).flatMap((object) => inside(object, "RangeVar") ?? []);
    const isNew = granted.length > 0 && granted.every((table) => !isOld(table));
    return [
      ...shown.map((one): Found => ({
        message: `Exposes ${exposureWords(one)}`,
        ...(isNew ? { severity: "note" } : {}),
        fix: fixOf(context),
      })),
      ...opened(context),
    ];
  },
};

function fixOf({ node }: Context): string {
  if ("AlterTableStmt" in node) return "Change the policies (ALTER POLICY), and leave row level security on";
  if ("CreateFunctionStmt" in node || "AlterFunctionStmt" in node)
    return "Leave LEAKPROOF out: the function is called behind policies then";
  if ("CopyStmt" in node) return "Copy over the connection (`COPY ... TO STDOUT`), outside of migrations";
  if ("CreatePublicationStmt" in node || "AlterPublicationStmt" in node)
    return "Publish tables whose rows every subscriber may see, by their names, or the rows that they may see (WHERE)";
  return "GrantStmt" in node || "AlterDefaultPrivilegesStmt" in node
    ? "Grant it to the roles that need it"
    : "Grant the role what it needs, table by table";
}

/** What its text alone does not tell: where it was run, that is known; elsewhere, what migrations say of the table. */
function opened(context: Context): readonly Found[] {
  const { statement, facts } = context;
  return [
    ...openedBy(Statement.of(statement.text)).flatMap((open) => ofOpened(context, open)),
    ...byCode(facts?.exposes ?? []),
  ];
}

function ofOpened(context: Context, open: Opened): readonly Found[] {
  const { node, facts, file } = context;
  const { exposure } = open;
  if (facts !== undefined && !facts.exposes.some((one) => isSameExposure(one, exposure))) return [];
  // What is there, and which roles no policy stops, a server knows.
  if (
    facts === undefined &&
    (open.view ?? open.owners ?? (open.role === undefined ? undefined : open.routine)) !== undefined
  )
    return [];
  if (facts === undefined && open.role !== undefined && open.role !== "postgres") return [];
  const found = { message: `Exposes ${exposureWords(exposure)}`, fix: fixOfOpened(node) };
  if (open.table === undefined) {
    const all = file.statements.map(({ text }) => Statement.of(text));
    if (open.schema !== undefined && isSchemaMadeBy(open.schema, all)) return [];
    // Where it was run, that is known.
    const isOpen =
      facts !== undefined ||
      open.routine === undefined ||
      isCallableInTheEnd(open.routine, all, undefined, true, homeSchema(all, undefined));
    if (!isOpen) return [];
    // Nobody has called a new one yet, which OR REPLACE makes as well.
    const made = inside(node, "CreateFunctionStmt");
    const isNew = made?.replace !== true || !context.world.isOldFunction(strings(made.funcname));
    return [made !== undefined && isNew && file.migration !== undefined ? { ...found, severity: "note" } : found];
  }
  const table =
    inside(node, "CreatePolicyStmt")?.table ?? inside(node, "AlterPolicyStmt")?.table ?? alterations(node)[0]?.table;
  const rowSecurity = context.world.find(table)?.rowSecurity;
  if (!context.isOld(table) || isSecuredHere(context, table)) return [];
  if (facts !== undefined || rowSecurity === true) return [found];
  if (rowSecurity === false) return [];
  return [{ ...found, severity: "note", message: `${found.message}, if row level security is on there` }];
}

/** A table that had none before has kept nothing from anybody. */
function isSecuredHere({ file, world }: Context, table: RangeVar | undefined): boolean {
  return file.statements.some(
    ({ node }) =>
      node !== undefined &&
      alterations(node, "AT_EnableRowSecurity").some((other) => world.keyOf(other.table) === world.keyOf(table)),
  );
}

/** Statements in the bodies of functions that it runs; views that expose something are found by another rule. */
function byCode(exposes: readonly Exposure[]): readonly Found[] {
  return exposes.flatMap((one): Found[] => {
    const message = `Exposes ${exposureWords(one)}`;
    if (one.by !== undefined) {
      return [{ message, fix: "Write the statement itself into the migration, and grant to the roles that need it" }];
    }
    return one.kind === "granted-calls" ? [{ message, fix: "Grant it to the roles that need it" }] : [];
  });
}

function fixOfOpened(node: Node): string {
  if ("GrantStmt" in node) return "Grant it to the roles that need it";
  if ("GrantRoleStmt" in node) return "Grant the role what it needs, table by table";
  if ("AlterTableStmt" in node)
    return "Let a role own the table that may see all of its rows, or FORCE ROW LEVEL SECURITY";
  if ("ViewStmt" in node) return "Write WITH (security_barrier) again";
  if ("AlterOwnerStmt" in node || "ReassignOwnedStmt" in node)
    return "Let a role own it that sees no more than those who use it";
  return "CreatePolicyStmt" in node || "AlterPolicyStmt" in node
    ? "Look through TO and USING: rows that any permissive policy lets through are seen"
    : "Take EXECUTE from PUBLIC in the same migration (REVOKE), and grant it to the roles that need it";
}

/** A restrictive policy keeps rows from people; without a permissive one they see less. */
function withoutPolicy({ node, world, file, isOld }: Context): readonly Found[] {
  return dropped(node, "OBJECT_POLICY").flatMap(({ parts }): Found[] => {
    const [schemaname, relname = ""] = parts.length > 2 ? parts.slice(-3) : [undefined, parts[0]];
    const table: RangeVar = schemaname === undefined ? { relname } : { schemaname, relname };
    const known = world.find(table)?.policies.get(parts.at(-1) ?? "");
    if (known?.permissive === true || !isOld(table)) return [];
    const isReplaced = file.statements.some(({ node: other }) => {
      return inside(other, "CreatePolicyStmt")?.table?.relname === relname;
    });
    if (isReplaced) return [];
    return [
      {
        message: `Exposes rows of ${nameOf(table)} that this policy keeps from others${known === undefined ? ", if it is restrictive" : ""}`,
        ...(known === undefined ? { severity: "note" } : {}),
        fix: "Make the policy that takes its place in the same migration",
      },
    ];
  });
}
