import { writeIdentifier } from "#sql/quote.ts";
import { absentNote } from "../absent.ts";
import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf } from "../syntax.ts";

export const dropColumn: Rule = {
  id: "drop-column",
  title: "DROP COLUMN of a table in use",
  group: "data",
  severity: "warning",
  severityElse: "note where IF EXISTS found nothing",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["ban-drop-column"], atlas: ["DS103"], strongMigrations: ["remove_column"] },
  why: "The values are gone, and an application that still reads or writes the column fails from that moment on.",
  instead:
    "First deploy applications that do not name the column, then drop it. Say so in the migration: `-- confiture:ignore drop-column no release reads it since 4.2`.",
  wrong: "ALTER TABLE users DROP COLUMN bio;",
  right: "ALTER TABLE users ADD COLUMN bio_html text;",
  check({ node, isOld, facts }) {
    const columns = alterations(node, "AT_DropColumn");
    const absent = absentNote(facts);
    if (absent !== undefined && columns.length > 0) return absent;
    return columns.flatMap(({ table, command }) =>
      isOld(table)
        ? [
            {
              message: `The values of ${nameOf(table)}.${writeIdentifier(command.name ?? "")} are gone afterwards, and applications that name the column fail`,
              fix: "Drop it only after no running application names it",
            },
          ]
        : [],
    );
  },
};
