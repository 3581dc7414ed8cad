import { expect, test } from "bun:test";
import { mayRunUnderPolicies } from "#sql/hidden-rows.ts";
import { splitStatements } from "#sql/split.ts";

const UNDER_POLICIES = [
  "INSERT INTO t VALUES (1, 'a'), (2, now())",
  "INSERT INTO t DEFAULT VALUES",
  "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1",
  "COPY t FROM stdin;\n1\n\\.\n",
  "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t'",
  "CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS 'DELETE FROM t'",
  "CREATE SCHEMA s; CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY); INSERT INTO t VALUES (1); CREATE UNIQUE INDEX ON t (id); GRANT SELECT ON t TO a",
  "CREATE OR REPLACE VIEW v AS SELECT * FROM t; INSERT INTO t VALUES (1)",
  "ALTER TABLE t ADD COLUMN n int DEFAULT 0; INSERT INTO t VALUES (1)",
];
const REFUSED = [
  "CREATE TABLE t (id int)",
  "INSERT INTO t SELECT 1",
  "INSERT INTO t VALUES ((SELECT max(id) FROM t))",
  "INSERT INTO t TABLE u",
  "WITH w AS (SELECT 1) INSERT INTO t SELECT * FROM w",
  "COPY t TO stdout",
];
const BESIDE = [
  "UPDATE t SET a = 1",
  "DELETE FROM t",
  "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE",
  "SELECT f()",
  "DO $$ BEGIN END $$",
  "CALL p()",
  "CREATE TABLE u AS SELECT * FROM t",
  "CREATE TEMP TABLE u AS (SELECT * FROM t)",
  "CREATE TABLE u AS TABLE t",
  "CREATE MATERIALIZED VIEW m AS SELECT * FROM t",
  "REFRESH MATERIALIZED VIEW m",
  "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
  "ALTER TABLE t VALIDATE CONSTRAINT c",
  "ALTER TABLE t ALTER COLUMN a TYPE text USING f(a)",
  "ALTER TABLE t ADD COLUMN a int DEFAULT f()",
];

const holds = (sql: string): boolean => mayRunUnderPolicies(splitStatements(sql).statements);

test("policies hold for what they only check, and for what only looks at code", () => {
  expect(UNDER_POLICIES.filter((sql) => !holds(sql))).toEqual([]);
});

test("they do not where a statement may read rows, alone or beside an INSERT", () => {
  expect(REFUSED.filter(holds)).toEqual([]);
  expect(BESIDE.filter((sql) => holds(`INSERT INTO t VALUES (1); ${sql}`))).toEqual([]);
});
