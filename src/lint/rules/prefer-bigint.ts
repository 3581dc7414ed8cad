import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { constraintsOf, madeTable, nameOf, typeText } from "../syntax.ts";
import { strings } from "#sql/parser.ts";

export const preferBigint: Rule = {
  id: "prefer-bigint",
  title: "A key of a new table that is smaller than bigint",
  group: "objects",
  severity: "warning",
  schemaFiles: true,
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["prefer-bigint-over-int", "prefer-bigint-over-smallint"] },
  why: "An `integer` key ends at 2,147,483,647, and a sequence uses numbers up also for inserts that fail. Changing it later means rewriting the table and every table that points to it.",
  instead: "Use `bigint`. Because of alignment it is often no larger.",
  wrong: "CREATE TABLE users (id integer PRIMARY KEY);",
  right: "CREATE TABLE users (id bigint PRIMARY KEY);",
  atEnd({ node, world }) {
    const made = madeTable(node);
    const keys = made?.constraints.find(
      ({ contype, keys: named }) => contype === "CONSTR_PRIMARY" && named !== undefined,
    );
    const named = strings(keys?.keys);
    return (made?.columns ?? []).flatMap((column): Found[] => {
      const type = typeText(column.typeName);
      const isKey =
        (named.length === 1 && named[0] === column.colname) ||
        constraintsOf(column).some(({ contype }) => contype === "CONSTR_PRIMARY");
      // One that points to another key has the type of that one, which is told where it is made.
      const pointers = world.find(made?.table)?.constraints.values() ?? [];
      const isPointer = [...pointers].some(
        ({ kind, columns }) => kind === "CONSTR_FOREIGN" && columns.includes(column.colname ?? ""),
      );
      if (!isKey || isPointer || !/^(?:smallint|integer|serial|serial4|serial2|smallserial)$/.test(type)) return [];
      return [
        {
          message: `The key ${nameOf(made?.table)}.${writeIdentifier(column.colname ?? "")} ends at ${/small|2$/.test(type) ? "32,767" : "2,147,483,647"}`,
          fix: `${writeIdentifier(column.colname ?? "")} bigint`,
          at: column.location,
        },
      ];
    });
  },
};
