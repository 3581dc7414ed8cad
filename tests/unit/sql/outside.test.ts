import { expect, test } from "bun:test";
import { aboutSubscription, mayReachOutside, reachesOutside } from "#sql/effects/outside.ts";
import { splitStatements } from "#sql/split.ts";

const of = (sql: string, isShared: boolean) => {
  const found = reachesOutside(splitStatements(sql).statements[0]!, isShared);
  // What is looked for first must find everything.
  if (found !== undefined) expect(mayReachOutside(sql)).toBe(true);
  return found;
};

test.each([
  ["COPY t TO PROGRAM 'cat'", "runs a program on the server"],
  ["COPY t (a) FROM '/tmp/t'", "reads a file on the server"],
  ["ALTER /* all */ SYSTEM SET work_mem = '1MB'", "changes the settings of the whole server"],
  ["SELECT pg_terminate_backend(1)", "ends what others are doing on the server"],
  ["SELECT lo_export(1, '/tmp/x')", "reads or writes a file on the server"],
  ["INSERT INTO t SELECT pg_read_binary_file('x')", "reads or writes a file on the server"],
  ["SELECT * FROM public.dblink_exec('x', 'DROP TABLE t')", "runs statements on another server"],
  ["DO $$ BEGIN PERFORM dblink_exec('x', 'y'); END $$", "runs statements on another server"],
])("%s: it %s", (sql, reason) => {
  expect([of(sql, false), of(sql, true)]).toEqual([reason, reason]);
});

test.each([
  ["DROP DATABASE IF EXISTS other", "is about another database of the server"],
  ["ALTER DATABASE ours RENAME TO other", "is about another database of the server"],
  ["CREATE USER u PASSWORD 'x'", "changes roles of the whole server"],
  ["DROP -- gone\nROLE r", "changes roles of the whole server"],
  ["ALTER ROLE r SET search_path = a", "changes roles of the whole server"],
  ["GRANT a TO b WITH ADMIN OPTION", "changes roles of the whole server"],
  ["REASSIGN OWNED BY a TO b", "changes roles of the whole server"],
  ["DROP OWNED BY a", "changes roles of the whole server"],
  ["GRANT SET ON PARAMETER work_mem TO a", "is about the whole server"],
  ["COMMENT ON ROLE r IS 'x'", "is about the whole server"],
  ["CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "connects to another server"],
  ["CREATE TABLESPACE t LOCATION '/x'", "changes where the whole server keeps files"],
])("%s: on a server with other databases, it %s", (sql, reason) => {
  expect([of(sql, false), of(sql, true)]).toEqual([undefined, reason]);
});

test.each([
  ["CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)", "connects to another server"],
  ["ALTER SUBSCRIPTION s DISABLE", "connects to another server"],
  ["DROP SUBSCRIPTION IF EXISTS s", "connects to another server"],
  ["COMMENT ON SUBSCRIPTION s IS 'x'", "is about a subscription"],
])("%s: no scratch database has subscriptions, and it %s", (sql, reason) => {
  expect([of(sql, true), aboutSubscription(splitStatements(sql).statements[0]!)]).toEqual([reason, reason]);
});

test.each([
  "COPY t FROM STDIN",
  "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT lo_import(''x'')'",
  "CREATE USER MAPPING FOR x SERVER s",
  "ALTER DATABASE ours SET search_path = a",
  "ALTER ROLE r IN DATABASE ours SET search_path = a",
  "GRANT SELECT ON t TO PUBLIC",
  "GRANT ALL ON DATABASE ours TO r",
  'CREATE TABLE "user" ("group" int)',
  "SELECT role FROM program GROUP BY role",
])("%s stays in its database", (sql) => {
  expect([of(sql, false), of(sql, true)]).toEqual([undefined, undefined]);
});
