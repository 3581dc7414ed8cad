import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const renameTable: Rule = {
  id: "rename-table",
  title: "RENAME of a table or view in use",
  group: "data",
  severity: "error",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["renaming-table"], atlas: ["BC101"], strongMigrations: ["rename_table"] },
  why: "From the moment of the rename every application that uses the old name fails.",
  instead:
    "Rename the table and create a view with the old name in the same migration: PostgreSQL can also write through such a view. Drop the view when nobody uses it any more.",
  wrong: "ALTER TABLE users RENAME TO accounts;",
  right: "ALTER TABLE users RENAME TO accounts;\nCREATE VIEW users AS SELECT * FROM accounts;",
  atEnd({ node, file, world, statement, movesOld }) {
    const rename = inside(node, "RenameStmt");
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
        fix: `CREATE VIEW ${nameOf(relation)} AS SELECT * FROM ${writeIdentifier(newname)};  -- in the same migration`,
      },
    ];
  },
};
