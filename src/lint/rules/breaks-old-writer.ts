import { inside, type Node, type NodeOf, type RangeVar, strings } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import { isAddedBy, requiredOfOldWriters } from "../left-out.ts";
import type { Context, Found, Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { addedConstraints, isNullConstant, nameOf, nodesIn, notNullColumns } from "../syntax.ts";

export const breaksOldWriter: Rule = {
  id: "breaks-old-writer",
  title: "Statements of applications that fail from the moment the migration commits",
  group: "data",
  severity: "warning",
  severityElse: "note of a CHECK that is NOT VALID, and in a file that is no migration",
  asks: ["syntax", "neighbours"],
  why: "While a migration runs and until the last old process is gone, applications write as they did before. A column that they leave out and that may not be NULL any more, an identity that takes no values or is dropped, or a right that is taken away makes their statements fail. A new column is left out by every release that is older than the migration: a default that fills only the rows that are there, and is dropped in the same file, helps none of them. A CHECK that is `NOT VALID` reads no row that is there, but holds for every one that is written, also by an UPDATE of something else in it.",
  instead:
    "Give the column a default in an earlier migration, or deploy applications that write it before it becomes NOT NULL. Drop the default of a new column in a later migration, when every release writes the column.",
  given: "CREATE TABLE users (id bigint PRIMARY KEY, locale text);",
  wrong:
    "ALTER TABLE users ALTER COLUMN locale SET NOT NULL;\nALTER TABLE users ADD COLUMN plan text NOT NULL DEFAULT 'free';\nALTER TABLE users ALTER COLUMN plan DROP DEFAULT;",
  right:
    "ALTER TABLE users ALTER COLUMN locale SET DEFAULT 'en';\nALTER TABLE users ALTER COLUMN locale SET NOT NULL;\nALTER TABLE users ADD COLUMN plan text NOT NULL DEFAULT 'free';",
  check(context) {
    return [...required(context), ...identities(context), ...revoked(context), ...unvalidated(context)];
  },
  atEnd(context) {
    const [{ table } = { table: undefined }] = alterations(context.node);
    if (table === undefined || !context.isOld(table)) return [];
    // Of a script, each statement commits by itself: releases that write the column may be there before the next one.
    const isScript = context.file.migration === undefined;
    return requiredOfOldWriters(context).map((name): Found => {
      const column = `${nameOf(table)}.${writeIdentifier(name)}`;
      return {
        message: `INSERTs of every release that does not know ${column} fail from now on: the column is new here, and has no default`,
        severity: isScript ? "note" : undefined,
        fix: `Leave ${column} its default (ALTER COLUMN ${writeIdentifier(name)} SET DEFAULT), or forbid NULL in it in a later migration, when every release writes it`,
      };
    });
  },
};

/** A column that may not be NULL any more. */
function required(context: Context): Found[] {
  const { node, file, world, isOld } = context;
  const columns = [
    ...alterations(node, "AT_SetNotNull").map(({ table, command }) => ({ table, names: [command.name ?? ""] })),
    ...addedConstraints(node, "CONSTR_NOTNULL").flatMap(({ table, constraint, column }) =>
      column === undefined ? [{ table, names: strings(constraint.keys) }] : [],
    ),
  ];
  return columns.flatMap(({ table, names }) =>
    names.flatMap((name): Found[] => {
      // Of what is not known, or may not be NULL already, writers give a value.
      const isLeftOut = world.column(table, name)?.hasDefault === false && !world.refusesNull(table, name);
      if (!isOld(table) || !isLeftOut) return [];
      if (isAddedBy(file, world, table, name) || getsDefault(context, table, name)) return [];
      if (world.mayFill(table, name)) return [];
      return [
        {
          message: `INSERTs that leave ${nameOf(table)}.${writeIdentifier(name)} out fail from now on: it has no default`,
          fix: `First give ${nameOf(table)}.${writeIdentifier(name)} a default (ALTER COLUMN ${writeIdentifier(name)} SET DEFAULT), or wait until every release writes it`,
        },
      ];
    }),
  );
}

/** An identity that takes no values, or gives none any more. */
function identities(context: Context): Found[] {
  const { node, file, world, isOld } = context;
  return alterations(node, "AT_AddIdentity", "AT_SetIdentity", "AT_DropIdentity").flatMap(
    ({ table, command }): Found[] => {
      const { name = "", subtype } = command;
      if (!isOld(table) || isAddedBy(file, world, table, name)) return [];
      const column = `${nameOf(table)}.${writeIdentifier(name)}`;
      if (subtype === "AT_DropIdentity") {
        if (getsDefault(context, table, name) || world.mayFill(table, name)) return [];
        return [
          {
            message: `INSERTs that leave ${column} out fail from now on: it is NOT NULL, and has no identity any more`,
            fix: `Give ${column} a default in the same migration (ALTER COLUMN ${writeIdentifier(name)} SET DEFAULT), or wait until every release writes it`,
          },
        ];
      }
      const isAlways =
        inside(command.def, "Constraint")?.generated_when === "a" ||
        (inside(command.def, "List")?.items ?? []).some((option) => isGeneratedAlways(option));
      return isAlways
        ? [{ message: `INSERTs that give ${column} a value fail from now on`, fix: "GENERATED BY DEFAULT AS IDENTITY" }]
        : [];
    },
  );
}

/** SET GENERATED ALWAYS */
function isGeneratedAlways(option: Node): boolean {
  const { defname, arg } = inside(option, "DefElem") ?? {};
  return defname === "generated" && inside(arg, "Integer")?.ival === "a".codePointAt(0);
}

/** Whether the column gets a default in the same statement or behind it. */
function getsDefault({ file, statement, world }: Context, table: RangeVar, column: string): boolean {
  return file.statements
    .slice(file.statements.indexOf(statement))
    .some(
      ({ node }) =>
        node !== undefined &&
        alterations(node, "AT_ColumnDefault", "AT_AddIdentity").some(
          ({ table: other, command }) =>
            command.name === column &&
            command.def !== undefined &&
            !isNullConstant(command.def) &&
            world.keyOf(other) === world.keyOf(table),
        ),
    );
}

/** A right that is taken away. */
function revoked(context: Context): Found[] {
  const { node, isOld, world } = context;
  const grant = inside(node, "GrantStmt");
  // GRANT OPTION FOR leaves the right itself.
  if (grant === undefined || grant.is_grant === true || grant.grant_option === true) return [];
  const isOfPublic = roles(grant).every((role) => role === "");
  return (grant.objects ?? []).flatMap((object) => {
    const range = inside(object, "RangeVar");
    if (range === undefined || !isOld(range) || isGivenBack(context, grant, range)) return [];
    // Nobody has a right by PUBLIC unless it was given to that.
    if (isOfPublic && grant.objtype === "OBJECT_TABLE" && !world.isOpenToPublic(range)) return [];
    return [{ message: `Whoever still uses this right on ${nameOf(range)} fails as soon as this commits` }];
  });
}

/** Whether what is revoked is granted again behind it, as far as rows are concerned. */
function isGivenBack({ file, statement, world }: Context, revoke: Grant, range: RangeVar): boolean {
  const taken = privileges(revoke) ?? DML;
  return roles(revoke).every((role) =>
    taken.every((privilege) =>
      file.statements.slice(file.statements.indexOf(statement) + 1).some(({ node }) => {
        const grant = inside(node, "GrantStmt");
        if (grant?.is_grant !== true || !roles(grant).includes(role)) return false;
        const isSame = (grant.objects ?? []).some((object) => {
          const other = inside(object, "RangeVar");
          return other !== undefined && world.keyOf(other) === world.keyOf(range);
        });
        return isSame && privileges(grant)?.includes(privilege) !== false;
      }),
    ),
  );
}

type Grant = NodeOf<"GrantStmt">;

const DML: readonly string[] = ["select", "insert", "update", "delete"];

/** Those that are named; undefined for all. */
function privileges(grant: Grant): string[] | undefined {
  return grant.privileges?.map((privilege) => inside(privilege, "AccessPriv")?.priv_name ?? "");
}

/** Names of roles; empty for PUBLIC. */
function roles(grant: Grant): string[] {
  return (grant.grantees ?? []).map((role) => inside(role, "RoleSpec")?.rolename ?? "");
}

/** A CHECK that holds for what is written from now on. */
function unvalidated({ node, file, world, isOld }: Context): Found[] {
  return addedConstraints(node, "CONSTR_CHECK").flatMap(({ table, constraint }): Found[] => {
    const isOn = constraint.skip_validation === true && constraint.is_enforced !== false;
    // What a new column makes of old writers is told when the whole file was seen.
    const isOfNew = columnsIn(constraint.raw_expr).some((name) => isAddedBy(file, world, table, name));
    const isKept = notNullColumns(constraint, []).some((name) => world.refusesNull(table, name));
    if (!isOn || !isOld(table) || isOfNew || isKept) return [];
    return [
      {
        message: `From now on every UPDATE of a row of ${nameOf(table)} that violates this CHECK fails, whatever it changes, and so do INSERTs of such rows`,
        fix: "First clean up such rows, and let every release write no more of them",
        severity: "note",
        at: constraint.location,
      },
    ];
  });
}

function columnsIn(expression: Node | undefined): string[] {
  return [...nodesIn(expression)].flatMap(([kind, inner]) =>
    kind === "ColumnRef" ? strings((inner as NodeOf<"ColumnRef">).fields).slice(-1) : [],
  );
}
