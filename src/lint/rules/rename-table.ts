import { inside, strings } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Context, Rule } from "../rule.ts";
import { indexOn, nameOf, nameOfParts } from "../syntax.ts";

export const renameTable: Rule = {
  id: "rename-table",
  title: "RENAME of a table, view, type or function in use",
  group: "data",
  severity: "error",
  severityElse: "warning of a type or function",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["renaming-table"], atlas: ["BC101"], strongMigrations: ["rename_table"] },
  why: "From the moment of the rename every application that uses the old name fails. Libraries that cast parameters use the names of types.",
  instead:
    "Rename the table and create a view with the old name in the same migration: PostgreSQL can also write through such a view. Drop the view when nobody uses it any more.",
  wrong: "ALTER TABLE users RENAME TO accounts;",
  right: "ALTER TABLE users RENAME TO accounts;\nCREATE VIEW users AS SELECT * FROM accounts;",
  atEnd(context) {
    const { node, file, world, statement, movesOld } = context;
    const rename = inside(node, "RenameStmt");
    const called = nameOfCode(context);
    if (called !== undefined)
      return [
        {
          message: `Applications that use ${called} fail as soon as it is called ${writeIdentifier(rename?.newname ?? "")}`,
          severity: "warning",
          fix: "Leave the name, or first deploy applications that do without it",
        },
      ];
    const isRelation =
      rename?.renameType === "OBJECT_TABLE" ||
      rename?.renameType === "OBJECT_VIEW" ||
      rename?.renameType === "OBJECT_MATVIEW";
    if (rename === undefined || !isRelation) return [];
    const { relation, newname = "" } = rename;
    // Something stands in its place again: a view, or the table that it was swapped for.
    if (!movesOld || world.find(relation) !== undefined) return [];
    const isSwapped = file.statements.some(
      (other) => other !== statement && inside(other.node, "RenameStmt")?.newname === relation?.relname,
    );
    if (isSwapped) return [];
    return [
      {
        message: `Applications that use ${nameOf(relation)} fail as soon as it is called ${writeIdentifier(newname)}`,
        fix: `CREATE VIEW ${nameOf(relation)} AS SELECT * FROM ${indexOn(relation, newname)};  -- in the same migration`,
      },
    ];
  },
};

/** The old name of a type or function in use that is renamed, unless something new bears it. */
function nameOfCode({ node, file, world, statement }: Context): string | undefined {
  const { renameType, object, newname } = inside(node, "RenameStmt") ?? {};
  const isType = renameType === "OBJECT_TYPE" || renameType === "OBJECT_DOMAIN";
  if (!isType && renameType !== "OBJECT_FUNCTION" && renameType !== "OBJECT_PROCEDURE") return undefined;
  const parts = strings(inside(object, "List")?.items ?? inside(object, "ObjectWithArgs")?.objname);
  const isOwn = isType ? world.isNewType(parts) : world.isNewFunction(parts) || world.isTriggerFunction(parts);
  const at = file.statements.indexOf(statement);
  const bears = (name: string | undefined, from: number, to?: number): boolean =>
    file.statements.slice(from, to).some(({ node: other }) => nameGiven(other) === name);
  // Made or renamed again behind it; or called so by this file alone.
  const isReplaced = bears(parts.at(-1), at + 1) || bears(parts.at(-1), 0, at);
  return isOwn || isReplaced || newname === undefined ? undefined : nameOfParts(parts);
}

/** The name that a statement gives a type or function. */
function nameGiven(node: Context["node"] | undefined): string | undefined {
  const made =
    inside(node, "CreateEnumStmt")?.typeName ??
    inside(node, "CreateDomainStmt")?.domainname ??
    inside(node, "CreateFunctionStmt")?.funcname;
  return (
    inside(node, "RenameStmt")?.newname ?? inside(node, "CompositeTypeStmt")?.typevar?.relname ?? strings(made).at(-1)
  );
}
