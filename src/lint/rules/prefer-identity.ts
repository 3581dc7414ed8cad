import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { madeTable, nameOf, typeText } from "../syntax.ts";

export const preferIdentity: Rule = {
  id: "prefer-identity",
  title: "serial in a new table",
  group: "objects",
  severity: "note",
  schemaFiles: true,
  asks: ["syntax"],
  aliases: { squawk: ["prefer-identity"] },
  why: "`serial` is a sequence, a default and an ownership that can come apart: rights on the sequence have to be granted by themselves, and an INSERT with a number of its own collides later.",
  instead: "Use `GENERATED ALWAYS AS IDENTITY`, the form of the SQL standard.",
  wrong: "CREATE TABLE users (id bigserial PRIMARY KEY);",
  right: "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
  check({ node }) {
    const made = madeTable(node);
    return (made?.columns ?? []).flatMap((column): Found[] =>
      /serial\d?$/.test(typeText(column.typeName))
        ? [
            {
              message: `${nameOf(made?.table)}.${writeIdentifier(column.colname ?? "")} is a serial`,
              fix: `${writeIdentifier(column.colname ?? "")} bigint GENERATED ALWAYS AS IDENTITY`,
              at: column.location,
            },
          ]
        : [],
    );
  },
};
