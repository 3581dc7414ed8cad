import { expect, test } from "bun:test";
import { exposuresInText } from "#sql/effects/exposure.ts";
import { exposureWords } from "#sql/effects/exposure-kinds.ts";
import { splitStatements } from "#sql/split.ts";

const of = (sql: string): string => exposuresInText(splitStatements(sql).statements[0]!).map(exposureWords).join("\n");

const LEAKPROOF =
  "values that policies and security_barrier views keep back to FUNCTION app.peek, whoever calls it (LEAKPROOF)";

test.each([
  [
    "ALTER TABLE IF EXISTS app.t DISABLE ROW LEVEL SECURITY",
    "every row of app.t to whoever may read it (DISABLE ROW LEVEL SECURITY)",
  ],
  ["ALTER TABLE t ADD a int, NO FORCE ROW LEVEL SECURITY", "every row of t to its owner (NO FORCE ROW LEVEL SECURITY)"],
  ['GRANT SELECT, INSERT ON a."T", u TO bob, PUBLIC', 'a."T", u to every role (GRANT SELECT, INSERT TO PUBLIC)'],
  ["GRANT ALL ON TABLE t TO GROUP public", "t to every role (GRANT ALL TO PUBLIC)"],
  ["GRANT SELECT (a, b) ON t TO PUBLIC", "t to every role (GRANT SELECT TO PUBLIC)"],
  ["GRANT SELECT ON schema.t TO PUBLIC", "schema.t to every role (GRANT SELECT TO PUBLIC)"],
  ["GRANT SELECT ON ALL TABLES IN SCHEMA a, b TO PUBLIC", "every table of a, b to every role (GRANT SELECT TO PUBLIC)"],
  [
    "GRANT CREATE ON SCHEMA public TO PUBLIC",
    "SCHEMA public to whatever any role makes in it (GRANT CREATE TO PUBLIC)",
  ],
  ["GRANT SELECT ON LARGE OBJECT 7 TO PUBLIC", "large objects to every role (GRANT SELECT TO PUBLIC)"],
  [
    "ALTER DEFAULT PRIVILEGES FOR ROLE x IN SCHEMA a GRANT SELECT ON TABLES TO PUBLIC",
    "every table that is made later to every role (ALTER DEFAULT PRIVILEGES ... TO PUBLIC)",
  ],
  [
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO PUBLIC",
    "every sequence that is made later to every role (ALTER DEFAULT PRIVILEGES ... TO PUBLIC)",
  ],
  [
    "ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO PUBLIC",
    "every schema that is made later to every role (ALTER DEFAULT PRIVILEGES ... TO PUBLIC)",
  ],
  [
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON LARGE OBJECTS TO PUBLIC",
    "every large object that is made later to every role (ALTER DEFAULT PRIVILEGES ... TO PUBLIC)",
  ],
  ["GRANT USAGE, SELECT ON SEQUENCE a.s, t TO PUBLIC", "SEQUENCE a.s, t to every role (GRANT USAGE, SELECT TO PUBLIC)"],
  ["GRANT SELECT ON sequence TO PUBLIC", "sequence to every role (GRANT SELECT TO PUBLIC)"],
  ["GRANT ALL ON ALL SEQUENCES IN SCHEMA a TO PUBLIC", "every sequence of a to every role (GRANT ALL TO PUBLIC)"],
  ["GRANT CREATE ON DATABASE d TO PUBLIC", "DATABASE d to whatever any role makes in it (GRANT CREATE TO PUBLIC)"],
  [
    "GRANT TEMP, CONNECT ON DATABASE d TO PUBLIC",
    "what PUBLIC has rights on in DATABASE d to every role (GRANT TEMP, CONNECT TO PUBLIC)",
  ],
  ["GRANT CREATE ON TABLESPACE t TO PUBLIC", "TABLESPACE t to whatever any role puts into it (GRANT CREATE TO PUBLIC)"],
  ["GRANT USAGE ON FOREIGN SERVER s TO PUBLIC", "SERVER s to every role (GRANT USAGE TO PUBLIC)"],
  [
    "GRANT USAGE ON FOREIGN DATA WRAPPER w TO PUBLIC",
    "FOREIGN DATA WRAPPER w to every role, for servers of its own (GRANT USAGE TO PUBLIC)",
  ],
  ["ALTER ROLE x WITH NOLOGIN SUPERUSER", "everything to ROLE x (SUPERUSER)"],
  ["CREATE USER x BYPASSRLS", "every row to ROLE x, whatever policies say (BYPASSRLS)"],
  [
    "CREATE PUBLICATION p FOR ALL TABLES",
    "every table, also those that are made later, to subscribers of PUBLICATION p (FOR ALL TABLES)",
  ],
  ["CREATE OR REPLACE FUNCTION app.peek(a text) RETURNS bool LEAKPROOF LANGUAGE sql AS 'SELECT true'", LEAKPROOF],
  ["ALTER FUNCTION app.peek(text) STABLE LEAKPROOF", LEAKPROOF],
  ["ALTER ROUTINE app.peek LEAKPROOF", LEAKPROOF],
  ["COPY app.t (a, b) TO '/tmp/t'", "rows of app.t to a file on the server (COPY)"],
  ["COPY (SELECT 1 FROM t) TO PROGRAM 'cat'", "the rows of a query to a program on the server (COPY)"],
  ["GRANT app, pg_read_all_data TO web, bob", "every table to ROLE web, bob (GRANT pg_read_all_data)"],
  ["CREATE ROLE web LOGIN IN ROLE app, pg_read_all_data", "every table to ROLE web (IN ROLE pg_read_all_data)"],
  [
    "CREATE USER web IN GROUP pg_read_server_files",
    "every file that the server can read to ROLE web (IN ROLE pg_read_server_files)",
  ],
  [
    "GRANT pg_monitor, pg_read_all_stats TO web",
    "what every session runs, every setting and every statistic to ROLE web (GRANT pg_monitor)\nwhat every session runs, and every statistic to ROLE web (GRANT pg_read_all_stats)",
  ],
  [
    "CREATE USER MAPPING IF NOT EXISTS FOR PUBLIC SERVER other OPTIONS (password 'x')",
    "what SERVER other shows to every role that may use it (USER MAPPING FOR PUBLIC)",
  ],
  ["ALTER GROUP pg_read_all_data ADD USER web, bob", "every table to ROLE web, bob (ADD USER)"],
  ["ALTER ROLE x REPLICATION", "every row to ROLE x, who may replicate the whole server (REPLICATION)"],
  ["CREATE ROLE x CREATEROLE", "what other roles may see to ROLE x, who may grant itself roles (CREATEROLE)"],
  [
    'CREATE PUBLICATION p FOR TABLE a."T", b (id) WHERE (id > 1), TABLE c, TABLES IN SCHEMA s',
    'every table of s, also those that are made later, to subscribers of PUBLICATION p (TABLES IN SCHEMA)\nrows of a."T", b, c to subscribers of PUBLICATION p',
  ],
  ["ALTER PUBLICATION p ADD TABLE ONLY t", "rows of t to subscribers of PUBLICATION p"],
  ["ALTER PUBLICATION p SET TABLE t, u", "rows of t, u to subscribers of PUBLICATION p"],
  [
    "GRANT pg_execute_server_program TO web WITH ADMIN OPTION",
    "whatever a program on the server can read to ROLE web (GRANT pg_execute_server_program)",
  ],
])("%s", (sql, what) => {
  expect(of(sql)).toBe(what);
});

test.each([
  "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
  "ALTER TABLE t FORCE ROW LEVEL SECURITY",
  "ALTER FUNCTION peek(text) NOT LEAKPROOF",
  "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''LEAKPROOF'' '",
  "CREATE FUNCTION leakproof() RETURNS text LANGUAGE sql AS 'SELECT 1'",
  "GRANT SELECT ON t TO bob",
  "GRANT SELECT ON public.t TO bob",
  "GRANT EXECUTE ON FUNCTION f() TO PUBLIC",
  "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA a TO PUBLIC",
  "GRANT USAGE ON TYPE mood TO PUBLIC",
  "GRANT USAGE ON SCHEMA a TO PUBLIC",
  "GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC",
  "GRANT USAGE ON DOMAIN d TO PUBLIC",
  "GRANT TEMPORARY ON DATABASE d TO PUBLIC",
  "GRANT USAGE ON SEQUENCE s TO bob",
  "ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO PUBLIC",
  "REVOKE ALL ON t FROM PUBLIC",
  "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
  "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO bob",
  "ALTER ROLE x NOSUPERUSER NOBYPASSRLS",
  "ALTER ROLE superuser LOGIN",
  "ALTER ROLE x SET role = superuser",
  "ALTER PUBLICATION p DROP TABLE t",
  "ALTER PUBLICATION p SET (publish = 'insert')",
  "COPY t TO STDOUT",
  "COPY t FROM '/tmp/t'",
  "COPY t FROM STDIN",
  "CREATE TABLE superuser (id int)",
  "GRANT pg_checkpoint TO web",
  "ALTER GROUP app ADD USER web",
  "GRANT SELECT ON pg_read_all_data TO bob",
])("%s exposes nothing", (sql) => {
  expect(of(sql)).toBe("");
});
