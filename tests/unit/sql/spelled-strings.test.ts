import { expect, test } from "bun:test";
import { withSpelledStrings } from "#sql/spelled-strings.ts";

test.each([
  ["(1, 'plain', NULL)", "(1, 'plain', NULL)"],
  ["('a\rb', 'it''s\x1b[0m')", String.raw`(E'a\rb', E'it''s\x1b[0m')`],
  ["( E'back\\\\slash\r\n\t')", String.raw`( E'back\\slash\r` + "\n\t')"],
  ["('\u202ea\u0085')", String.raw`(E'\u202ea\u0085')`],
  ['("odd\rname", $$a\rb$$)', '("odd\rname", $$a\rb$$)'],
])("%j is written %j", (sql, written) => {
  expect(withSpelledStrings(sql)).toBe(written);
});
