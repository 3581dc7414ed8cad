import { expect, test } from "bun:test";
import { needsMajor } from "#sql/needs-major.ts";
import { splitStatements } from "#sql/split.ts";

test.each([
  ["ALTER TABLE t ADD NOT NULL a NOT VALID", 18],
  ["ALTER TABLE t ADD CONSTRAINT c NOT NULL a", 18],
  ["ALTER TABLE t ADD COLUMN a int NOT NULL", undefined],
  ["ALTER TABLE t ADD COLUMN a int CONSTRAINT c NOT NULL", undefined],
  ["CREATE TABLE t (a int NOT NULL, b int)", undefined],
  ["ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b + 1) VIRTUAL", 18],
  ["ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b + 1) STORED", undefined],
  ["ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED", 18],
  ["CREATE UNIQUE INDEX ON t (a) NULLS NOT DISTINCT", 15],
  ["SELECT DISTINCT a FROM t", undefined],
  ["MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", 15],
  ["CREATE VIEW v WITH (security_invoker = true) AS SELECT 1", 15],
  ["CREATE TABLE o (t int REFERENCES t ON DELETE SET NULL (t))", 15],
  ["CREATE TABLE o (t int REFERENCES t ON DELETE SET NULL)", undefined],
  ["GRANT MAINTAIN ON t TO ops", 17],
  ["UPDATE t SET a = uuidv7()", 18],
  ["SELECT 'NOT ENFORCED; uuidv7()'", undefined],
] as const)("%s needs %p", (sql, major) => {
  expect(needsMajor(splitStatements(sql).statements[0]!)?.major).toBe(major);
});
