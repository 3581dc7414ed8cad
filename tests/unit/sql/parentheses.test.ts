import { expect, test } from "bun:test";
import { withoutNeedlessParentheses } from "#sql/parentheses.ts";
import { loadParser } from "#sql/parser.ts";

const parser = await loadParser();

function written(sql: string): string {
  const text = withoutNeedlessParentheses(sql, parser);
  expect(parser.outline(text)).toBe(parser.outline(sql));
  return text;
}

/** An expression of a CHECK, as PostgreSQL writes it out. */
function check(expression: string): string {
  return /^ALTER TABLE t ADD CHECK \(([^]*)\)$/.exec(written(`ALTER TABLE t ADD CHECK (${expression})`))![1]!;
}

const CHECKS: readonly (readonly [given: string, expected: string])[] = [
  [
    "((age > 18) AND ((state = 'open'::text) OR (length(email) > 3)))",
    "age > 18 AND (state = 'open'::text OR length(email) > 3)",
  ],
  ["((a AND b) OR (c AND d))", "(a AND b) OR (c AND d)"],
  ["(((age >= 0) AND (age <= 150)) OR (age IS NULL))", "(age >= 0 AND age <= 150) OR age IS NULL"],
  ["(((a >= 0) AND (a <= 10))::boolean AND (b > 0))", "(a >= 0 AND a <= 10)::boolean AND b > 0"],
  [
    "((state)::text = ANY ((ARRAY['open'::character varying])::text[]))",
    "state::text = ANY (ARRAY['open'::character varying]::text[])",
  ],
  ["(((a + b) * c) > (-1))", "(a + b) * c > -1"],
  ["((-1)::integer = (- a))", "(-1)::integer = - a"],
  ["((a - (-1)) > (b - (c + 1)))", "a - (-1) > b - (c + 1)"],
  ["((NOT (a = 1)) AND (NOT (b)))", "NOT (a = 1) AND NOT b"],
  ["((data ->> 'a'::text) = 'b'::text)", "(data ->> 'a'::text) = 'b'::text"],
  ["(((a)::text || (b)::text) <> ''::text)", "(a::text || b::text) <> ''::text"],
  ["((kind = 'a'::text) = (x IS NOT NULL))", "(kind = 'a'::text) = (x IS NOT NULL)"],
  ["(((a).x > 1) AND ((b)[1] = 2))", "(a).x > 1 AND b[1] = 2"],
  ["(NOT(a))", "NOT a"],
  ["(('(('::text <> \"((\") AND (a = $$((b))$$))", "'(('::text <> \"((\" AND a = $$((b))$$"],
  ["((a, b) OVERLAPS (c, d))", "(a, b) OVERLAPS (c, d)"],
  ["(a = ANY (ARRAY[(1), (2 + 3)]))", "a = ANY (ARRAY[1, 2 + 3])"],
];

test("an expression keeps the parentheses that change it, and those that help a reader", () => {
  for (const [given, expected] of CHECKS) expect(check(given)).toBe(expected);
});

const STATEMENTS: readonly (readonly [given: string, expected: string])[] = [
  [
    "CREATE TABLE t (a integer DEFAULT (-1) NOT NULL, b integer DEFAULT (1 + 2), c boolean DEFAULT (1 IS NULL), d date DEFAULT (now() AT TIME ZONE 'utc'::text), e numeric GENERATED ALWAYS AS (((a)::numeric * 0.2)) STORED)",
    "CREATE TABLE t (a integer DEFAULT -1 NOT NULL, b integer DEFAULT 1 + 2, c boolean DEFAULT (1 IS NULL), d date DEFAULT (now() AT TIME ZONE 'utc'::text), e numeric GENERATED ALWAYS AS (a::numeric * 0.2) STORED)",
  ],
  [
    "CREATE INDEX i ON t USING btree (((a)::text), (((b + c))), lower((d)::text)) WHERE ((a > 1) AND (b IS NOT NULL))",
    "CREATE INDEX i ON t USING btree ((a::text), (b + c), lower(d::text)) WHERE a > 1 AND b IS NOT NULL",
  ],
  [
    "ALTER TABLE t ALTER COLUMN a TYPE integer USING (a)::integer",
    "ALTER TABLE t ALTER COLUMN a TYPE integer USING a::integer",
  ],
  [
    "CREATE POLICY p ON t USING (((a > 1) AND (b = CURRENT_USER))) WITH CHECK ((a > 1))",
    "CREATE POLICY p ON t USING (a > 1 AND b = CURRENT_USER) WITH CHECK (a > 1)",
  ],
  [
    "CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW WHEN (((old.a)::text IS DISTINCT FROM (new.a)::text)) EXECUTE FUNCTION f()",
    "CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW WHEN (old.a::text IS DISTINCT FROM new.a::text) EXECUTE FUNCTION f()",
  ],
  [
    "ALTER TABLE t ADD CONSTRAINT e EXCLUDE USING gist (room WITH =, during WITH &&) WHERE ((a > 1))",
    "ALTER TABLE t ADD CONSTRAINT e EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (a > 1)",
  ],
  ["ALTER PUBLICATION p ADD TABLE t (a) WHERE ((a > 1))", "ALTER PUBLICATION p ADD TABLE t (a) WHERE (a > 1)"],
  ["CREATE STATISTICS s ON ((a + b)), (lower(c)) FROM t", "CREATE STATISTICS s ON (a + b), lower(c) FROM t"],
  [
    "CREATE VIEW v AS\n SELECT a.id,\n    (a.y + a.z) AS yz,\n    CASE\n        WHEN (a.x > 1) THEN (a.y)::text\n        ELSE NULL::text\n    END AS c\n   FROM (a\n     JOIN b ON ((a.id = b.a_id)))\n  WHERE ((a.x > 1) AND (EXISTS ( SELECT 1\n           FROM q\n          WHERE (q.a = a.id))))",
    "CREATE VIEW v AS\n SELECT a.id,\n    a.y + a.z AS yz,\n    CASE\n        WHEN a.x > 1 THEN a.y::text\n        ELSE NULL::text\n    END AS c\n   FROM a\n     JOIN b ON a.id = b.a_id\n  WHERE a.x > 1 AND EXISTS ( SELECT 1\n           FROM q\n          WHERE q.a = a.id)",
  ],
];

test("a statement keeps the parentheses that its grammar wants", () => {
  for (const [given, expected] of STATEMENTS) expect(written(given)).toBe(expected);
});

test("what the grammar does not take stays as it is", () => {
  for (const sql of ["CREATE NOTHING ((a))", "ALTER TABLE t ADD CHECK ((a > 1)", "ALTER TABLE t ADD CHECK (a > 1))"]) {
    expect(withoutNeedlessParentheses(sql, parser)).toBe(sql);
  }
});
