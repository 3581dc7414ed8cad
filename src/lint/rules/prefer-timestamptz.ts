import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { madeColumns, nameOf, typeText } from "../syntax.ts";

export const preferTimestamptz: Rule = {
  id: "prefer-timestamptz",
  title: "timestamp without time zone in a new column",
  group: "objects",
  severity: "note",
  schemaFiles: true,
  asks: ["syntax"],
  aliases: { squawk: ["prefer-timestamp-tz"] },
  why: "A `timestamp` is a picture of a clock, not a moment: what it means depends on who wrote it. `timestamptz` takes as much room and is a moment.",
  instead: "Use `timestamptz`.",
  wrong: "CREATE TABLE events (id bigint PRIMARY KEY, at timestamp);",
  right: "CREATE TABLE events (id bigint PRIMARY KEY, at timestamptz);",
  check({ node }) {
    return madeColumns(node).flatMap(({ table, column }): Found[] =>
      /^timestamp(?:\(|\[|$)/.test(typeText(column.typeName))
        ? [
            {
              message: `${nameOf(table)}.${writeIdentifier(column.colname ?? "")} has no time zone, so it does not say which moment it is`,
              fix: `${writeIdentifier(column.colname ?? "")} timestamptz`,
              at: column.location,
            },
          ]
        : [],
    );
  },
};
