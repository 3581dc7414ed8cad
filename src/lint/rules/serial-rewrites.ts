import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { addedColumns, nameOf, typeText } from "../syntax.ts";

export const serialRewrites: Rule = {
  id: "serial-rewrites",
  title: "ADD COLUMN with serial or identity",
  group: "locks",
  severity: "error",
  asks: ["syntax", "neighbours", "trace"],
  aliases: {
    squawk: ["adding-serial-primary-key-field"],
    eugene: ["E11"],
    strongMigrations: ["add_column_auto_incrementing"],
  },
  why: "A `serial` or identity column gives every row a number of its own, so the whole table is rewritten under an ACCESS EXCLUSIVE lock.",
  instead:
    "Add a plain column with a sequence, set its default to `nextval` of that, fill the old rows in batches, and make it NOT NULL afterwards.",
  wrong: "ALTER TABLE users ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;",
  right: "ALTER TABLE users ADD COLUMN number bigint;",
  check({ node, isOld, rewrites }) {
    return addedColumns(node).flatMap(({ table, column, constraints }): Found[] => {
      const isNumbered =
        constraints.some(({ contype }) => contype === "CONSTR_IDENTITY") ||
        /serial\d?$/.test(typeText(column.typeName));
      if (!isNumbered || !isOld(table) || rewrites(table) === false) return [];
      const name = writeIdentifier(column.colname ?? "");
      return [
        {
          message: `${name} gets a number in every row of ${nameOf(table)}, which is rewritten while all reads and writes of it wait`,
          fix: `Add ${name} as a plain column, set its default to nextval of a sequence, and fill the old rows in batches`,
          at: column.location,
        },
      ];
    });
  },
};
