import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf } from "../syntax.ts";

export const dropDefault: Rule = {
  id: "drop-default",
  title: "DROP DEFAULT or DROP EXPRESSION of a column in use",
  group: "data",
  severity: "note",
  asks: ["syntax", "neighbours"],
  why: "An application that leaves the column out when it inserts writes NULL from then on, or fails where the column is NOT NULL. Of a generated column every application does so: none of them could write it.",
  instead: "First deploy applications that give the column a value, then drop the default.",
  wrong: "ALTER TABLE users ALTER COLUMN locale DROP DEFAULT;",
  right: "ALTER TABLE users ADD COLUMN locale text DEFAULT 'en';\nALTER TABLE users ALTER COLUMN locale DROP DEFAULT;",
  check({ node, isOld, earlier, world }) {
    return alterations(node, "AT_ColumnDefault", "AT_DropExpression").flatMap(({ table, command }) => {
      if (command.def !== undefined || !isOld(table)) return [];
      const key = world.keyOf(table);
      // Added with a default only to fill the rows that were there.
      const isOwn = earlier.some(({ node: other }) =>
        other === undefined
          ? false
          : alterations(other, "AT_AddColumn").some(
              (added) => world.keyOf(added.table) === key && columnOf(added.command) === command.name,
            ),
      );
      if (isOwn) return [];
      const column = `${nameOf(table)}.${writeIdentifier(command.name ?? "")}`;
      const what = "insert NULL from now on, or fail where it is NOT NULL";
      return command.subtype === "AT_DropExpression"
        ? [{ message: `${column} is computed no more: writers leave it as it was, ${what}` }]
        : [{ message: `Writers that leave ${column} out ${what}` }];
    });
  },
};

function columnOf({ def }: { readonly def?: unknown }): string | undefined {
  return (def as { ColumnDef?: { colname?: string } } | undefined)?.ColumnDef?.colname;
}
