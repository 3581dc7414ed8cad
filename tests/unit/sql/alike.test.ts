import { expect, test } from "bun:test";
import { callsInRows, rowShapeOf } from "../../../src/sql/alike.ts";
import { Statement } from "../../../src/sql/statement.ts";

const shapeOf = (sql: string): string | undefined => rowShapeOf(Statement.of(sql));

test.each([
  ["UPDATE a SET b = 'x' WHERE c = 1", "UPDATE a  SET b = 'it''s' -- why\nWHERE c = 23.5", true],
  ["INSERT INTO a VALUES (1, 'x')", "INSERT INTO a VALUES (2, 'y')", true],
  ["INSERT INTO a VALUES (1, 'x')", "INSERT INTO a VALUES (1, 'x', 2)", false],
  ["DELETE FROM a WHERE b = 1", "DELETE FROM b WHERE b = 1", false],
  ["DELETE FROM a WHERE b = 1", "DELETE FROM a WHERE b = NULL", false],
  // The grammar may refuse one of them for what is inside of its value.
  ["UPDATE a SET b = E'x'", "UPDATE a SET b = E'\\u00zz'", false],
  ["UPDATE a SET b = 1", "UPDATE a SET b = 1x", false],
  ['UPDATE a SET b = "x"', `UPDATE a SET b = 'x'`, false],
])("%j and %j are alike: %p", (one, other, isAlike) => {
  expect(shapeOf(one)).toBeString();
  expect(shapeOf(one) === shapeOf(other)).toBe(isAlike);
});

test.each([
  "SELECT 1",
  "WITH a AS (SELECT 1) UPDATE b SET c = 1",
  "DO 'x'",
  `UPDATE a SET b = '${"x".repeat(20_000)}'`,
])("%.40s has no shape", (sql) => {
  expect(shapeOf(sql)).toBeUndefined();
});

test.each([
  ["INSERT INTO a (b, c) VALUES (1, 'f(x)'), (2, NULL) ON CONFLICT (b) DO NOTHING RETURNING (b)", false],
  ["INSERT INTO a VALUES (1, -- f(x)\n('x'))", false],
  ["INSERT INTO a DEFAULT VALUES", false],
  ["INSERT INTO a VALUES (1, f (2))", true],
  ['INSERT INTO a VALUES (1, "f"(2))', true],
  ["INSERT INTO a VALUES (1) RETURNING f(b)", true],
])("%s calls something: %p", (text, calls) => {
  expect(callsInRows({ text })).toBe(calls);
});
