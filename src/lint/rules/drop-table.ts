import { absentNote } from "../absent.ts";
import type { Rule } from "../rule.ts";
import { rangeOf } from "../world/relations.ts";
import { dropped, nameOfParts } from "../syntax.ts";

export const dropTable: Rule = {
  id: "drop-table",
  title: "DROP TABLE of a table in use",
  group: "data",
  severity: "warning",
  severityElse: "note where IF EXISTS found nothing",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["ban-drop-table"], atlas: ["DS102"], strongMigrations: ["create_table"] },
  why: "All rows are gone, and an application that still uses the table fails from that moment on.",
  instead:
    "First deploy applications that do not use the table, then drop it, and give the reason in the migration: `-- confiture:ignore drop-table nobody uses it since 3.0`.",
  wrong: "DROP TABLE users;",
  right: "CREATE TABLE import (id bigint);\nDROP TABLE import;",
  check({ node, isOld, facts }) {
    const absent = absentNote(facts);
    if (absent !== undefined && dropped(node, "OBJECT_TABLE").length > 0) return absent;
    return dropped(node, "OBJECT_TABLE").flatMap(({ parts }) => {
      if (!isOld(rangeOf(parts))) return [];
      return [
        {
          message: `All rows of ${nameOfParts(parts)} are gone afterwards, and applications that use it fail`,
          fix: "Drop it only after no running application uses it",
        },
      ];
    });
  },
};
