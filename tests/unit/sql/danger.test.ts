import { expect, test } from "bun:test";
import { dangersOf } from "#sql/effects/danger.ts";
import { dangerWords } from "#sql/effects/danger-kinds.ts";
import { splitStatements } from "#sql/split.ts";

const AGAIN = "values that it has given may come again";

test.each([
  ["SELECT setval('users_id_seq', 1)", `sets SEQUENCE users_id_seq to 1: ${AGAIN}`, "users_id_seq"],
  ["SELECT pg_catalog.setval('app.s'::regclass, 20, false)", `sets SEQUENCE app.s to 20: ${AGAIN}`, "app.s"],
  [
    "SELECT setval(pg_get_serial_sequence('users', 'id'), 1, false)",
    `sets the sequence of users.id to 1: ${AGAIN}`,
    "users",
  ],
  ["VALUES (setval('s', (1)))", `sets SEQUENCE s to (1): ${AGAIN}`, "s"],
  ["WITH a AS (SELECT setval('s', 1::bigint)) TABLE a", `sets SEQUENCE s to 1::bigint: ${AGAIN}`, "s"],
  ["INSERT INTO t SELECT setval('s', '1' + 2, true)", `sets SEQUENCE s to '1' + 2: ${AGAIN}`, "s"],
  ["ALTER SEQUENCE app.s RESTART", `restarts SEQUENCE app.s: ${AGAIN}`, "app.S"],
  ["ALTER SEQUENCE IF EXISTS s RESTART WITH 7", `restarts SEQUENCE s at 7: ${AGAIN}`, "S"],
  [
    "ALTER TABLE t ALTER COLUMN id RESTART 3, ALTER a DROP DEFAULT",
    `restarts the identity of t.id at 3: ${AGAIN}`,
    "T",
  ],
  ["ALTER TABLE t ALTER id SET CYCLE", `lets the identity of t.id begin again at its end (CYCLE): ${AGAIN}`, "T"],
  [
    "ALTER TABLE t ALTER id SET GENERATED ALWAYS SET MAXVALUE 9",
    "bounds the identity of t.id (MAXVALUE 9): it fails where the sequence has gone beyond",
    "T",
  ],
  ["ALTER SEQUENCE s MAXVALUE 99", "bounds SEQUENCE s (MAXVALUE 99): it fails where the sequence has gone beyond", "S"],
  ["ALTER SEQUENCE s MINVALUE -5", "bounds SEQUENCE s (MINVALUE -5): it fails where the sequence has gone beyond", "S"],
  ["ALTER SEQUENCE s AS smallint", "bounds SEQUENCE s by its type (smallint): it fails beyond", "S"],
  ["ALTER SEQUENCE s OWNED BY t.id", "lets SEQUENCE s be dropped with t.id from now on (OWNED BY)", "S"],
  ["ALTER SEQUENCE s INCREMENT BY -1", `lets SEQUENCE s count backwards (INCREMENT -1): ${AGAIN}`, "S"],
])("%s", (sql, what, relation) => {
  const [found, ...rest] = dangersOf(splitStatements(sql).statements[0]!);
  expect(found && dangerWords(found.danger)).toBe(what);
  expect(found?.relation?.toLowerCase()).toBe(relation.toLowerCase());
  expect(rest).toEqual([]);
});

test.each([
  "ALTER TABLE t ALTER b SET EXPRESSION AS (a * 3)",
  "ALTER TABLE t ALTER a SET DATA TYPE bigint USING CAST(a AS bigint)",
  "ALTER TABLE t ALTER a SET DEFAULT CAST(3 AS smallint)",
])("about a column, not its identity: %s", (sql) => {
  expect(dangersOf(splitStatements(sql).statements[0]!)).toEqual([]);
});

test.each([
  [
    "SET session_replication_role = replica",
    "sets session_replication_role to replica for this session: no trigger, rule or foreign key holds for what is written",
  ],
  [
    "SELECT set_config('session_replication_role', 'REPLICA', true)",
    "sets session_replication_role to REPLICA for this session: no trigger, rule or foreign key holds for what is written",
  ],
  [
    "ALTER DATABASE d SET session_replication_role TO 'replica'",
    "sets session_replication_role to replica for new sessions of DATABASE d: no trigger, rule or foreign key holds for what is written",
  ],
  [
    "ALTER ROLE web IN DATABASE d SET search_path = app, public",
    "sets search_path to app, public for new sessions of ROLE web: names without a schema are looked up elsewhere",
  ],
  [
    "ALTER ROLE ALL RESET ALL",
    "resets search_path for new sessions of every role: names without a schema are looked up elsewhere",
  ],
  [
    "ALTER USER web SET row_security FROM CURRENT",
    "sets row_security to that of this session for new sessions of ROLE web: queries fail where policies would leave rows out",
  ],
  ["SET LOCAL event_triggers TO off", "sets event_triggers to off for this transaction: no event trigger runs"],
  ["ALTER DATABASE shop OWNER TO web", "lets ROLE web drop DATABASE shop and grant rights on it (OWNER TO)"],
  ['ALTER SCHEMA "App" OWNER TO web', 'lets ROLE web drop SCHEMA "App" with all that is in it (OWNER TO)'],
  [
    "ALTER SERVER other OWNER TO web",
    "lets ROLE web send the passwords of those who use SERVER other elsewhere (OWNER TO)",
  ],
  ["GRANT SET ON PARAMETER log_statement TO PUBLIC", "lets every role set log_statement (GRANT ON PARAMETER)"],
  [
    "GRANT app, pg_write_all_data TO web",
    "lets ROLE web add, change and delete rows of every table (GRANT pg_write_all_data)",
  ],
  ["GRANT pg_new_in_40 TO web", "lets ROLE web do whatever ROLE pg_new_in_40 may do (GRANT pg_new_in_40)"],
  [
    "CREATE ROLE web IN ROLE pg_write_server_files",
    "lets ROLE web write any file that the server can write (IN ROLE pg_write_server_files)",
  ],
  [
    "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p",
    "lets SUBSCRIPTION s add, change and delete rows here, as its publisher does",
  ],
  [
    "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
    "lets SUBSCRIPTION s add, change and delete rows here, as its publisher does",
  ],
  ["ALTER SUBSCRIPTION s DISABLE", "lets SUBSCRIPTION s bring no changes any more"],
  ["ALTER SUBSCRIPTION s SKIP (lsn = '0/1')", "lets SUBSCRIPTION s leave out a transaction of its publisher"],
  ["ALTER PUBLICATION p DROP TABLE t", "lets subscribers of PUBLICATION p miss changes (DROP TABLE)"],
  ["ALTER PUBLICATION p SET (publish = 'insert')", "lets subscribers of PUBLICATION p miss changes (SET publish)"],
  [
    "ALTER TABLE IF EXISTS t REPLICA IDENTITY NOTHING",
    "lets UPDATE and DELETE on t fail while a publication has it (REPLICA IDENTITY NOTHING)",
  ],
  [
    "SELECT pg_catalog.pg_drop_replication_slot('s')",
    "lets whoever replicates from a slot miss changes (pg_drop_replication_slot)",
  ],
  [
    "INSERT INTO pg_catalog.pg_auth_members VALUES (1)",
    "writes to pg_catalog.pg_auth_members, a catalogue of PostgreSQL itself",
  ],
  [
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET session_replication_role = replica AS 'SELECT 1'",
    "sets session_replication_role to replica for calls of FUNCTION f: no trigger, rule or foreign key holds for what is written",
  ],
  [
    "GRANT SET ON PARAMETER work_mem, session_replication_role TO web",
    "lets ROLE web set work_mem, session_replication_role (GRANT ON PARAMETER)",
  ],
  [
    "GRANT ALTER SYSTEM ON PARAMETER work_mem TO web",
    "lets ROLE web set work_mem for the whole server (GRANT ON PARAMETER)",
  ],
  ["ALTER ROLE app NOLOGIN", "may keep whoever uses ROLE app from connecting (NOLOGIN)"],
  ["ALTER USER app WITH ENCRYPTED PASSWORD 'x'", "may keep whoever uses ROLE app from connecting (PASSWORD)"],
  [
    "ALTER ROLE app VALID UNTIL '2020-01-01'",
    "may keep whoever uses ROLE app from connecting (VALID UNTIL '2020-01-01')",
  ],
  ["ALTER ROLE app RENAME TO web", "may keep whoever uses ROLE app from connecting (RENAME TO web)"],
  [
    "ALTER DATABASE shop CONNECTION LIMIT 0",
    "may keep whoever uses DATABASE shop from connecting (CONNECTION LIMIT 0)",
  ],
  [
    "ALTER DATABASE shop WITH ALLOW_CONNECTIONS = false",
    "may keep whoever uses DATABASE shop from connecting (ALLOW_CONNECTIONS FALSE)",
  ],
  ["LOAD '/tmp/x'", "loads the library '/tmp/x' into the server, and what that does is not known"],
])("%s", (sql, what) => {
  const found = dangersOf(splitStatements(sql).statements[0]!);
  expect(found.map(({ danger, relation }) => [dangerWords(danger), relation])).toEqual([[what, undefined]]);
});

test.each([
  "ALTER ROLE app LOGIN",
  "ALTER ROLE app VALID UNTIL 'infinity'",
  "ALTER ROLE app CONNECTION LIMIT -1",
  "ALTER DATABASE shop ALLOW_CONNECTIONS true",
  "ALTER ROLE app SET work_mem = '1MB'",
  "SET search_path = app",
  "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = app AS 'SELECT 1'",
  "GRANT SET ON PARAMETER work_mem TO web",
  "SET session_replication_role = origin",
  "ALTER ROLE web RESET session_replication_role",
  "ALTER ROLE web SET statement_timeout = 0",
  "ALTER SUBSCRIPTION s RENAME TO t",
  "ALTER SUBSCRIPTION s SET (streaming = on)",
  "ALTER PUBLICATION p ADD TABLE t",
  "ALTER TABLE t REPLICA IDENTITY FULL",
  "ALTER SEQUENCE s INCREMENT BY 10",
  "GRANT pg_checkpoint TO web",
  "SELECT pg_create_logical_replication_slot('s', 'p')",
  "INSERT INTO t SELECT 'into pg_catalog.x'",
  "SELECT setval('users_id_seq', (SELECT max(id) FROM users))",
  "SELECT setval('s', max(id) + 1) FROM users",
  "SELECT setval(pg_get_serial_sequence('users', 'id'), max(id)) FROM users",
  "SELECT nextval('s')",
  "ALTER SEQUENCE s NO MAXVALUE NO CYCLE",
  "ALTER SEQUENCE s OWNED BY NONE",
  "ALTER SEQUENCE s CACHE 20",
  "ALTER SEQUENCE s RENAME TO restart_s",
  "ALTER TABLE t ALTER id SET DEFAULT 1, ADD CHECK (cycle > 0)",
  "ALTER TABLE t ALTER a TYPE int USING a::int",
])("%s puts nothing at risk", (sql) => {
  expect(dangersOf(splitStatements(sql).statements[0]!)).toEqual([]);
});
