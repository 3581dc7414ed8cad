import { expect, test } from "bun:test";
import { tokensOf } from "#sql/lexer/tokens.ts";
import { forPeople, paintFor } from "../../../src/cli/output/style.ts";
import { fit, wrap } from "../../../src/cli/output/wrap.ts";
import { wrapSql } from "../../../src/cli/output/wrap-sql.ts";
import { NO_MORE } from "../../support/output.ts";

const TEXT = `error: The migration cannot be generated because something is different from what was said
  --> db/migrations/a_very_long_name_of_a_migration_that_does_not_fit.sql:12:1
12 | select something from somewhere where everything is longer than the terminal
   |        ^
  next: Write it by hand, \`confiture migrate new NAME\`, and then run it again on this database
  confiture migrate new a_name_that_is_much_too_long_for_this_terminal
  -e, --env NAME   environment, db/environments/NAME.yaml (default: local)
`;

test("long lines break between words, and what is copied or stands in columns stays", () => {
  const lines = wrap(TEXT, 40).split("\n");
  expect(lines.slice(0, 3)).toEqual([
    "error: The migration cannot be generated",
    "  because something is different from",
    "  what was said",
  ]);
  expect(lines).toContain("12 | select something from somewhere where everything is longer than the terminal");
  expect(lines).toContain("  --> db/migrations/a_very_long_name_of_a_migration_that_does_not_fit.sql:12:1");
  expect(lines).toContain("  confiture migrate new a_name_that_is_much_too_long_for_this_terminal");
  expect(lines).toContain("  -e, --env NAME   environment, db/environments/NAME.yaml (default: local)");
  expect(wrap("⏳ 001_a_name_that_is_much_too_long_for_it (pending)", 40)).toBe(
    "⏳ 001_a_name_that_is_much_too_long_for_it\n  (pending)",
  );
  expect(wrap(TEXT, 40)).toContain("`confiture migrate new NAME`");
  expect(wrap(TEXT, 40).replaceAll(/\n +/g, " ")).toBe(TEXT.replaceAll(/\n +/g, " "));
});

test("marks for formats take no room, and a line that is fixed is so when it is painted", () => {
  const paint = paintFor({ write: () => {}, ...NO_MORE, isTerminal: true }, "always", {});
  const line = `${paint("bold", "002_index_orders")} (outside a transaction, has a way back)`;
  expect(wrap(line, 56)).toBe(line);
  expect(Bun.stripANSI(forPeople(wrap(line, 40)))).toBe("002_index_orders (outside a transaction,\n  has a way back)");
  const command = paint("bold", "confiture migrate new a_name_that_is_much_too_long_for_this_terminal");
  expect(wrap(command, 40)).toBe(command);
});

test("nothing is broken in a pipe, or where it fits", () => {
  const write = (): void => {};
  expect(fit({ write, ...NO_MORE, isTerminal: false }, TEXT)).toBe(TEXT);
  expect(wrap(TEXT, 200)).toBe(TEXT);
});

test("SQL is broken at blanks between two tokens, and says the same", () => {
  const sql = `SELECT 'a  b   c', "a  b" AS "x y" FROM t -- a  b\n  WHERE a = $$c  d$$ AND b || 'e\n\\f' = E'g  h'`;
  const lines = wrapSql(sql, 20).split("\n");
  expect(lines.slice(0, 3)).toEqual(["SELECT 'a  b   c',", '  "a  b" AS "x y"', "  FROM t -- a  b"]);
  const texts = (text: string): string[] => tokensOf(text).map((token) => token.text);
  expect(texts(wrapSql(sql, 20))).toEqual(texts(sql));
  expect(wrapSql(sql, 200)).toBe(sql);
});
