import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { madeColumns, nameOf, typeText } from "../syntax.ts";

export const preferText: Rule = {
  id: "prefer-text",
  title: "varchar(n) or char(n) in a new column",
  group: "objects",
  severity: "note",
  on: false,
  schemaFiles: true,
  asks: ["syntax"],
  aliases: { squawk: ["prefer-text-field", "ban-char-field"] },
  why: "`varchar(n)` is no faster than `text`, and its limit is hard to lower later. `char(n)` fills up with spaces.",
  instead: "Use `text`, with a CHECK where there is a limit: that can be changed without a rewrite.",
  wrong: "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(100));",
  right: "CREATE TABLE users (id bigint PRIMARY KEY, name text CHECK (length(name) <= 100));",
  check({ node }) {
    return madeColumns(node).flatMap(({ table, column }): Found[] =>
      /^(?:varchar|char)\(/.test(typeText(column.typeName))
        ? [
            {
              message: `${nameOf(table)}.${writeIdentifier(column.colname ?? "")} is ${typeText(column.typeName)}`,
              fix: `${writeIdentifier(column.colname ?? "")} text`,
              at: column.location,
            },
          ]
        : [],
    );
  },
};
