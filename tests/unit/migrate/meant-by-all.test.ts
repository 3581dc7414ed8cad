import { describe, expect, test } from "bun:test";
import { meantByAll } from "#migrate/approval/meant-by-all.ts";
import { Statement } from "#sql/statement.ts";

describe("what a statement means without naming it", () => {
  test.each<[string, string[]]>([
    ['GRANT SELECT ON ALL TABLES IN SCHEMA app, "Odd" TO public', ["rpvmf in app, Odd"]],
    ["REVOKE ALL ON ALL SEQUENCES IN SCHEMA app FROM public", ["S in app"]],
    ["GRANT EXECUTE ON ALL ROUTINES IN SCHEMA app TO worker", ["routines in app"]],
    ["GRANT SELECT ON users TO ALL_READERS", []],
    ["GRANT ALL ON TABLE users TO worker", []],
    ["ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO worker", []],
    ["CREATE PUBLICATION p FOR ALL TABLES", ["rp"]],
    [
      "CREATE PUBLICATION p FOR TABLE a, TABLES IN SCHEMA app, TABLES IN SCHEMA other",
      ["rp in app, tables", "rp in other"],
    ],
    ["ALTER PUBLICATION p ADD TABLES IN SCHEMA CURRENT_SCHEMA", ["rp"]],
    ["CREATE PUBLICATION p FOR TABLE a", []],
    ["ALTER TABLE ALL IN TABLESPACE slow OWNED BY me SET TABLESPACE fast", ["rpf on slow"]],
    ["ALTER MATERIALIZED VIEW ALL IN TABLESPACE slow SET TABLESPACE fast", ["m on slow"]],
    ["REINDEX (VERBOSE) SCHEMA CONCURRENTLY app", ["rpm in app"]],
    ["REINDEX DATABASE shop", ["rpm"]],
    ["REINDEX SYSTEM", []],
    ["REINDEX TABLE users", []],
    ["VACUUM (FULL, ANALYZE)", ["rpm"]],
    ["VACUUM ANALYZE", ["rpm"]],
    ["VACUUM ANALYZE users", []],
    ["ANALYZE", ["rpm"]],
    ["ANALYZE users", []],
    ["CLUSTER", ["rpm"]],
    ["CLUSTER users", []],
    ["EXPLAIN ANALYZE SELECT 1", []],
    ["BEGIN IF true THEN ANALYZE; END IF; END", ["rpm"]],
  ])("%s", (sql, expected) => {
    const shown = meantByAll(Statement.of(sql).tokens()).map(({ relkinds, routines, schemas, tablespaces }) =>
      [
        routines ? "routines" : relkinds,
        ...(schemas === null ? [] : [`in ${schemas.join(", ")}`]),
        ...(tablespaces === null ? [] : [`on ${tablespaces.join(", ")}`]),
      ].join(" "),
    );
    expect(shown).toEqual(expected);
  });
});
