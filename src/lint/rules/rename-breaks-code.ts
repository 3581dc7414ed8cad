import { inside, strings } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Context, Found, Rule } from "../rule.ts";
import { nameOf, nameOfParts } from "../syntax.ts";

export const renameBreaksCode: Rule = {
  id: "rename-breaks-code",
  title: "RENAME of something that the body of a function names",
  group: "data",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  why: "PostgreSQL follows a rename in views, constraints, indexes and policies, but the body of a function is text to it: the function is called, or its trigger fires, and fails.",
  instead:
    "Replace the function in the same migration. Whether a body means this table's column is told by the names in it alone: where it means another one, ignore the finding with the reason.",
  given: "CREATE FUNCTION user_names() RETURNS SETOF text LANGUAGE sql AS 'SELECT name FROM users';",
  wrong: "ALTER TABLE users RENAME COLUMN name TO full_name;",
  right:
    "ALTER TABLE users RENAME COLUMN name TO full_name;\nCREATE OR REPLACE FUNCTION user_names() RETURNS SETOF text LANGUAGE sql AS 'SELECT full_name FROM users';",
  // Those that are replaced or dropped behind it are well by then.
  atEnd(context) {
    const { newname = "" } = inside(context.node, "RenameStmt") ?? {};
    const { what, names } = namedInCode(context);
    return names.map((name): Found => ({
      message: `The body of ${name} names ${what}, and no rename changes a body: it fails as soon as this commits`,
      fix: `Replace ${name} in the same migration, with ${writeIdentifier(newname)} in its body`,
    }));
  },
};

/** What is renamed and does not have its name any more, with the functions whose bodies name it. */
function namedInCode({ node, world }: Context): { readonly what: string; readonly names: readonly string[] } {
  const none = { what: "", names: [] };
  const { renameType, relation, relationType, subname, object } = inside(node, "RenameStmt") ?? {};
  const table = relation?.relname;
  if (renameType === "OBJECT_COLUMN" && relationType === "OBJECT_TABLE" && table !== undefined) {
    const column = subname ?? "";
    if (world.column(relation, column) !== undefined) return none;
    return { what: `${nameOf(relation)}.${writeIdentifier(column)}`, names: world.bodies.namingColumn(table, column) };
  }
  if ((renameType === "OBJECT_TABLE" || renameType === "OBJECT_VIEW") && table !== undefined) {
    if (world.find(relation) !== undefined) return none;
    return { what: nameOf(relation), names: world.bodies.naming(table) };
  }
  if (renameType !== "OBJECT_FUNCTION" && renameType !== "OBJECT_PROCEDURE") return none;
  const parts = strings(inside(object, "ObjectWithArgs")?.objname);
  return { what: nameOfParts(parts), names: world.bodies.naming(parts.at(-1) ?? "") };
}
