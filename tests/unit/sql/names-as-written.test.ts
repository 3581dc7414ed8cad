import { expect, test } from "bun:test";
import { namesAsWritten } from "#sql/names-as-written.ts";
import { loadParser } from "#sql/parser.ts";

const parser = await loadParser();

test.each([
  ["CREATE VIEW v AS SELECT a.id FROM users a JOIN app.orders o USING (id)", ["relation v", "relation users"]],
  ['CREATE VIEW v AS WITH x AS (SELECT 1) SELECT * FROM x, "X"', ["relation v", 'relation "X"']],
  [
    "CREATE VIEW v AS SELECT é.a, f('größe'), app.g(1)::kind FROM é",
    ["relation v", "function f", "type kind", "relation é"],
  ],
  [
    "CREATE FUNCTION f(a kind[], b users.id%TYPE) RETURNS SETOF Users LANGUAGE sql AS 'SELECT * FROM users'",
    ["type kind", "type Users"],
  ],
  ["CREATE POLICY p ON users USING (is_own(id))", ["relation users", "function is_own"]],
  ["CREATE AGGREGATE total(kind) (sfunc = add_one, stype = int)", ["type kind", "type add_one"]],
] as const)("%s", (sql, expected) => {
  const found = namesAsWritten(parser.parse(sql)!, sql).toSorted((a, b) => a.start - b.start);
  const shown = found.map(({ kind, name, start }) => {
    const written = sql.slice(start).match(/^(?:"[^"]+"|[\p{L}_]+)/u)?.[0] ?? "";
    expect(written.startsWith('"') ? written.slice(1, -1) : written.toLowerCase()).toBe(name);
    return `${kind} ${written}`;
  });
  expect(shown).toEqual([...expected]);
});
