import { expect, test } from "bun:test";
import { nothingKnown, uncomparedEffects } from "#sql/effects/uncompared.ts";
import { loadParser } from "#sql/parser.ts";
import { splitStatements } from "#sql/split.ts";

const RIGHTS = "changes rights on an object of PostgreSQL's own";
const OBJECT = "changes an object of PostgreSQL's own or of an extension";

test.each([
  ["REVOKE EXECUTE ON FUNCTION lo_export(oid, text), s.now() FROM PUBLIC", RIGHTS],
  ["REVOKE EXECUTE ON FUNCTION now() FROM PUBLIC", RIGHTS],
  ["REVOKE USAGE ON TYPE text FROM PUBLIC", RIGHTS],
  ["GRANT USAGE ON LANGUAGE plpgsql TO app", RIGHTS],
  ["GRANT SELECT ON pg_catalog.pg_class TO app", RIGHTS],
  ["COMMENT ON FUNCTION now() IS 'x'", OBJECT],
  ["CREATE EXTENSION hstore; COMMENT ON LANGUAGE plpgsql IS 'x'", OBJECT],
  ["CREATE EXTENSION hstore; ALTER FUNCTION akeys(hstore) COST 7", OBJECT],
  ["CREATE TABLE akeys (akeys text); ALTER TYPE s.akeys OWNER TO app", OBJECT],
  ["CREATE EXTENSION hstore; GRANT EXECUTE ON FUNCTION akeys(hstore) TO app", undefined],
  [
    "CREATE FUNCTION S.Now() RETURNS int LANGUAGE sql RETURN 1; REVOKE EXECUTE ON FUNCTION s.now() FROM PUBLIC",
    undefined,
  ],
  ['CREATE OR REPLACE PROCEDURE "P q"() LANGUAGE sql AS \'\'; ALTER PROCEDURE "P q" OWNER TO app', undefined],
  [
    "CREATE TYPE s.mood AS ENUM ('a'); ALTER TYPE s.mood RENAME TO temper; GRANT USAGE ON TYPE s.temper TO app",
    undefined,
  ],
  [
    "CREATE TYPE s.span AS RANGE (subtype = int); ALTER TYPE s.span_multirange RENAME TO spans; ALTER FUNCTION s.span_multirange() OWNER TO app",
    undefined,
  ],
  ["CREATE TYPE int_range AS RANGE (subtype = int); GRANT USAGE ON TYPE int_multirange TO app", undefined],
  [
    'CREATE TYPE span AS RANGE (subtype = int, MULTIRANGE_TYPE_NAME = s."All"); COMMENT ON TYPE s."All" IS \'x\'',
    undefined,
  ],
  ["CREATE TYPE span AS RANGE (subtype = int); COMMENT ON TYPE int4multirange IS 'x'", OBJECT],
  [
    "DO $$ BEGIN CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int); END $$; COMMENT ON AGGREGATE total(int) IS 'x'",
    undefined,
  ],
  ["INSERT INTO notes VALUES ('create function now'); REVOKE EXECUTE ON FUNCTION now() FROM PUBLIC", RIGHTS],
  ["GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO app", undefined],
  ["GRANT SELECT ON users TO app; COMMENT ON COLUMN users.pg_id IS 'x'; DROP FUNCTION f()", undefined],
])("%s", async (sql, expected) => {
  const effects = uncomparedEffects(splitStatements(sql).statements, await loadParser(), nothingKnown());
  expect(effects.map(({ what }) => what)).toEqual(expected === undefined ? [] : [expected]);
});
