import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";

export const renameSchema: Rule = {
  id: "rename-schema",
  title: "ALTER SCHEMA ... RENAME",
  group: "data",
  severity: "error",
  asks: ["syntax", "neighbours"],
  aliases: { strongMigrations: ["rename_schema"] },
  why: "Every application that names the schema, or has it in its search_path, fails from that moment on.",
  instead: "Make a new schema, move what is in it with views left behind, and drop the old one later.",
  wrong: "ALTER SCHEMA app RENAME TO shop;",
  right: "CREATE SCHEMA shop;",
  check({ node, world }) {
    const rename = inside(node, "RenameStmt");
    if (rename?.renameType !== "OBJECT_SCHEMA" || world.isNewSchema(rename.subname ?? "")) return [];
    return [
      {
        message: `Applications that use the schema ${writeIdentifier(rename.subname ?? "")} fail as soon as it is called ${writeIdentifier(rename.newname ?? "")}`,
        fix: "Leave the name, or move objects one by one and leave views behind",
      },
    ];
  },
};
