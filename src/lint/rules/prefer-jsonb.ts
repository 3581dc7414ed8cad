import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { madeColumns, nameOf, typeText } from "../syntax.ts";

export const preferJsonb: Rule = {
  id: "prefer-jsonb",
  title: "json in a new column",
  group: "objects",
  severity: "note",
  schemaFiles: true,
  asks: ["syntax"],
  aliases: { eugene: ["E3"], strongMigrations: ["add_column_json"] },
  why: "`json` has no equality: `SELECT DISTINCT`, `GROUP BY` and `UNION` over a table with such a column fail. It is parsed again with every use, and no index serves it.",
  instead: "Use `jsonb`, unless the text has to stay as it was written.",
  wrong: "CREATE TABLE events (id bigint PRIMARY KEY, data json);",
  right: "CREATE TABLE events (id bigint PRIMARY KEY, data jsonb);",
  check({ node }) {
    return madeColumns(node).flatMap(({ table, column }): Found[] =>
      /^json(?:\[|$)/.test(typeText(column.typeName))
        ? [
            {
              message: `${nameOf(table)}.${writeIdentifier(column.colname ?? "")} is json, which has no equality: DISTINCT and GROUP BY fail`,
              fix: `${writeIdentifier(column.colname ?? "")} jsonb`,
              at: column.location,
            },
          ]
        : [],
    );
  },
};
