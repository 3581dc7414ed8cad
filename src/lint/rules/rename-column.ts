import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const renameColumn: Rule = {
  id: "rename-column",
  title: "RENAME COLUMN of a table in use",
  group: "data",
  severity: "error",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["renaming-column"], atlas: ["BC102"], strongMigrations: ["rename_column"] },
  why: "From the moment of the rename every application that uses the old name fails, until the next release of it is everywhere.",
  instead:
    "Add a column with the new name, keep both up to date with a trigger, fill the old rows, move the applications over, and drop the old column later.",
  wrong: "ALTER TABLE users RENAME COLUMN name TO full_name;",
  right: "ALTER TABLE users ADD COLUMN full_name text;",
  check({ node, isOld }) {
    const rename = inside(node, "RenameStmt");
    if (rename?.renameType !== "OBJECT_COLUMN" || rename.relationType !== "OBJECT_TABLE" || !isOld(rename.relation))
      return [];
    return [
      {
        message: `Applications that use ${nameOf(rename.relation)}.${writeIdentifier(rename.subname ?? "")} fail as soon as it is called ${writeIdentifier(rename.newname ?? "")}`,
        fix: `Add ${writeIdentifier(rename.newname ?? "")} beside it, keep both up to date, and drop the old one later`,
      },
    ];
  },
};
