import { expect, test } from "bun:test";
import { withFewRows } from "../../../src/sql/few-rows.ts";

const ROWS = Array.from({ length: 10_000 }, (_, n) => `(${n}, -1.5, 'é (,) ''${n}', NULL, '1'::int)`);

const squeezed = (text: string): string => text.replaceAll(/ {2,}/g, " ");

test("rows of constants are blank, and everything else stays at its byte", () => {
  const text = `WITH v AS (VALUES ${ROWS.join(", ")}), w AS (VALUES (1), (2)) UPDATE t SET a = 1 FROM v`;
  const few = withFewRows(text);
  expect(squeezed(few)).toBe(`WITH v AS (VALUES ${ROWS[0]} ), w AS (VALUES (1) ) UPDATE t SET a = 1 FROM v`);
  expect(Buffer.byteLength(few)).toBe(Buffer.byteLength(text));
  expect(Buffer.from(few).indexOf("UPDATE")).toBe(Buffer.from(text).indexOf("UPDATE"));
});

test.each(["(f(1))", "((SELECT 1))", "(a)", '("a")', "(E'\\'')", "(U&'x')", "(1 + 1)", "(1"])("%s stays", (row) => {
  const few = withFewRows(`INSERT INTO t VALUES ${ROWS.join(", ")}, ${row}`);
  expect(squeezed(few)).toBe(`INSERT INTO t VALUES ${ROWS[0]} , ${row}`);
});

test("a short text stays as it is", () => {
  expect(withFewRows("INSERT INTO t VALUES (1), (2)")).toBe("INSERT INTO t VALUES (1), (2)");
});
