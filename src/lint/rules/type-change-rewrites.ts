import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { isFreeConversion, nameOf, typeText } from "../syntax.ts";

export const typeChangeRewrites: Rule = {
  id: "type-change-rewrites",
  title: "ALTER COLUMN TYPE that rewrites every row",
  group: "locks",
  severity: "error",
  severityElse: "warning where the type that the column has is not known",
  asks: ["syntax", "neighbours", "trace"],
  aliases: {
    squawk: ["changing-column-type"],
    eugene: ["E5"],
    atlas: ["PG301"],
    strongMigrations: ["change_column"],
  },
  why: "Most changes of a type rewrite the table and all its indexes under an ACCESS EXCLUSIVE lock: nobody can read or write the table. Some need no rewrite: a longer `varchar`, `varchar` to `text`, a `numeric` with more digits before the point.",
  instead:
    "Add a new column, keep it up to date with a trigger, fill it in batches, and move the applications over; drop the old column in a later migration.",
  given: "CREATE TABLE users (id integer, name varchar(20));",
  wrong: "ALTER TABLE users ALTER COLUMN id TYPE bigint;",
  right: "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);",
  check({ node, isOld, rewrites, world, facts }) {
    return alterations(node, "AT_AlterColumnType").flatMap(({ table, command }): Found[] => {
      if (!isOld(table)) return [];
      const definition = inside(command.def, "ColumnDef");
      const to = typeText(definition?.typeName);
      const from = world.column(table, command.name)?.type ?? "";
      const column = writeIdentifier(command.name ?? "");
      const measured = rewrites(table);
      if (measured === false) {
        if (facts?.rewritesIndexes.length === 0) return [];
        return [
          {
            message: `The new type or collation of ${column} rebuilds indexes of ${nameOf(table)} while all reads and writes of it wait`,
          },
        ];
      }
      if (measured === undefined && definition?.raw_default === undefined && isFreeConversion(from, to)) return [];
      const isSure = measured === true || from !== "";
      return [
        {
          message: isSure
            ? `Changing ${column}${from === "" ? "" : ` from ${from}`} to ${to} rewrites every row of ${nameOf(table)} while all reads and writes of it wait`
            : `Changing ${column} to ${to} may rewrite every row of ${nameOf(table)} while all reads and writes of it wait; its current type is not known here`,
          severity: isSure ? undefined : "warning",
          fix: `Add a column ${writeIdentifier(`${command.name ?? ""}_new`)} ${to}, fill it in batches, move applications over, and drop ${column} later`,
          at: definition?.location,
        },
      ];
    });
  },
};
