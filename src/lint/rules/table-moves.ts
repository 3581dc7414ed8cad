import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf } from "../syntax.ts";

const WHAT: Readonly<Record<string, string>> = {
  AT_SetLogged: "SET LOGGED",
  AT_SetUnLogged: "SET UNLOGGED",
  AT_SetAccessMethod: "SET ACCESS METHOD",
  AT_SetTableSpace: "SET TABLESPACE",
};

export const tableMoves: Rule = {
  id: "table-moves",
  title: "SET LOGGED, UNLOGGED, ACCESS METHOD or TABLESPACE, which copy the table",
  group: "locks",
  severity: "error",
  asks: ["syntax", "neighbours", "trace"],
  aliases: { eugene: ["E10"] },
  why: "These copy every row of the table under an ACCESS EXCLUSIVE lock: nobody can read or write it.",
  instead: "Do it while nobody needs the table, or fill a new table in batches and rename.",
  wrong: "ALTER TABLE logs SET LOGGED;",
  right: "CREATE UNLOGGED TABLE logs (message text);\nALTER TABLE logs SET LOGGED;",
  check({ node, isOld, rewrites }) {
    return alterations(node, "AT_SetLogged", "AT_SetUnLogged", "AT_SetAccessMethod", "AT_SetTableSpace").flatMap(
      ({ table, command }) =>
        // Of what is so already; in which tablespace a database in use has it is not known here.
        isOld(table) && (command.subtype === "AT_SetTableSpace" || rewrites(table) !== false)
          ? [
              {
                message: `${WHAT[command.subtype ?? ""] ?? "This"} copies all of ${nameOf(table)}, while all reads and writes of it wait`,
                fix: "Run it while nobody needs the table, or fill a new one in batches",
              },
            ]
          : [],
    );
  },
};
