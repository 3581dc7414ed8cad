import { expect, test } from "bun:test";
import { rolesTakenForGranted } from "#sql/named-roles.ts";
import { loadParser } from "#sql/parser.ts";
import { splitStatements } from "#sql/split.ts";

const parser = await loadParser();
const roles = (text: string): readonly string[] => rolesTakenForGranted(splitStatements(text).statements, parser);

test.each([
  ['GRANT SELECT ON t TO readers, "App\'s Writers", PUBLIC, CURRENT_USER', ["readers", "App's Writers"]],
  ["REVOKE ALL ON t FROM clerks", ["clerks"]],
  ["GRANT admin TO bob", ["admin", "bob"]],
  ["ALTER TABLE t OWNER TO keeper", ["keeper"]],
  ["ALTER FUNCTION f() OWNER TO keeper", ["keeper"]],
  ["CREATE SCHEMA s AUTHORIZATION keeper", ["keeper"]],
  ["CREATE POLICY p ON t TO tenant USING (a = extract(year FROM b))", ["tenant"]],
  ["ALTER DEFAULT PRIVILEGES FOR ROLE maker GRANT SELECT ON TABLES TO reader", ["maker", "reader"]],
  ["CREATE USER MAPPING FOR mapped SERVER s", ["mapped"]],
  ["REASSIGN OWNED BY old TO new", ["old", "new"]],
  ["SET ROLE worker; RESET ROLE; SET ROLE NONE", ["worker"]],
  ["CREATE ROLE a IN ROLE b", ["b"]],
  ["GRANT SELECT ON t TO later; CREATE ROLE later", []],
  ["DO $$ BEGIN CREATE USER here; END $$; GRANT SELECT ON t TO here, there", ["there"]],
  ["DO $$ BEGIN EXECUTE format('CREATE ROLE %I', 'x'); END $$; GRANT SELECT ON t TO x", []],
  ["DROP ROLE IF EXISTS gone", []],
  ["CREATE TABLE t (a int); SELECT 1; INSERT INTO t VALUES (1)", []],
])("%s", (text, wanted) => {
  expect([...roles(text)].toSorted()).toEqual([...wanted].toSorted());
});
