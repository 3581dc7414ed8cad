import { expect, test } from "bun:test";
import { unquoteNames } from "#sql/lexer/unquote.ts";

const SAME = [
  `SELECT '"a"', $$"a"$$, $b$ "a" $b$ -- "a"\n/* "a" */`,
  `SELECT "A", "a b", "a""b", "é", "user", "char", "a$"`,
  `SELECT U&"a", E'"a"', 1"a"`,
];

test("only names in quotes lose them, and only those that mean the same without", () => {
  for (const sql of SAME) expect(unquoteNames(sql)).toBe(sql);
  expect(unquoteNames(`ALTER TABLE "public"."t" RENAME "name" TO "User";`)).toBe(
    `ALTER TABLE public.t RENAME name TO "User";`,
  );
  expect(unquoteNames(`SELECT("a")`)).toBe("SELECT(a)");
});
