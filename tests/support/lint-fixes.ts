import type { Finding } from "#lint/finding.ts";

/** A migration that lint has a fix for, and what was there before. */
export interface FixCase {
  readonly rule: string;
  readonly given: string;
  readonly sql: string;
  /** What the fix leaves to be done before it, where it says so. */
  readonly first?: string;
}

const T =
  'CREATE SCHEMA s; CREATE TABLE s."T" (id int, "Age" int, n int, other int); CREATE TABLE o (id int PRIMARY KEY);';
const PARTED =
  "CREATE TABLE p (a int NOT NULL, b int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);";
const MOOD = "CREATE TYPE mood AS ENUM ('don''t', 'b');";

/** Names in quotes and schemas, constraints without names, several actions: what the examples of the rules do not show. */
export const FIX_CASES: readonly FixCase[] = [
  { rule: "check-validates-under-lock", given: T, sql: 'ALTER TABLE s."T" ADD CHECK ("Age" > 0)' },
  { rule: "check-validates-under-lock", given: T, sql: 'ALTER TABLE s."T" ADD CHECK (n > 0 AND other > 0)' },
  {
    rule: "check-validates-under-lock",
    given: T,
    sql: 'ALTER TABLE s."T" ADD CONSTRAINT "C" CHECK (n IN (1, 2)), ADD COLUMN more int',
  },
  {
    rule: "check-validates-under-lock",
    given: T,
    sql: 'ALTER TABLE s."T" ADD COLUMN more int, ADD CHECK (n IN (1, 2))',
  },
  {
    rule: "check-validates-under-lock",
    given: T,
    sql: 'ALTER TABLE s."T" ADD COLUMN more int DEFAULT 1 CHECK (more > (0)) NOT NULL',
    first: 'ALTER TABLE s."T" ADD COLUMN more int DEFAULT 1 NOT NULL',
  },
  {
    rule: "fk-validates-under-lock",
    given: T,
    sql: 'ALTER TABLE s."T" ADD FOREIGN KEY ("Age") REFERENCES o (id) ON DELETE SET NULL',
  },
  {
    rule: "fk-validates-under-lock",
    given: T,
    sql: 'ALTER TABLE s."T" ADD FOREIGN KEY (n) REFERENCES o (id), ADD CONSTRAINT k CHECK (n > 0)',
  },
  { rule: "unique-builds-under-lock", given: T, sql: 'ALTER TABLE s."T" ADD UNIQUE ("Age") INCLUDE (n)' },
  { rule: "unique-builds-under-lock", given: PARTED, sql: "ALTER TABLE p ADD UNIQUE (a)" },
  {
    rule: "primary-key-builds-under-lock",
    given: T,
    sql: 'ALTER TABLE s."T" ADD PRIMARY KEY ("Age")',
    first: 'ALTER TABLE s."T" ALTER COLUMN "Age" SET NOT NULL',
  },
  { rule: "primary-key-builds-under-lock", given: PARTED, sql: "ALTER TABLE p ADD PRIMARY KEY (a)" },
  { rule: "not-null-scans", given: T, sql: 'ALTER TABLE s."T" ALTER COLUMN "Age" SET NOT NULL' },
  { rule: "index-blocks-writes", given: T, sql: 'CREATE INDEX "on" ON s."T" ("Age")' },
  { rule: "index-blocks-writes", given: PARTED, sql: 'CREATE INDEX "a on b" ON p (b)' },
  { rule: "index-blocks-writes", given: PARTED, sql: "CREATE INDEX ON p (b)" },
  { rule: "drop-index-blocks", given: `${T} CREATE INDEX "I" ON s."T" (n);`, sql: 'DROP INDEX s."I"' },
  { rule: "invalid-index-hidden", given: T, sql: 'CREATE INDEX CONCURRENTLY IF NOT EXISTS "I" ON s."T" (n)' },
  {
    rule: "rename-table",
    given: T,
    sql: 'ALTER TABLE s."T" RENAME TO "New"',
    first: 'ALTER TABLE s."T" RENAME TO "New"',
  },
  { rule: "rename-enum-value", given: MOOD, sql: "ALTER TYPE mood RENAME VALUE 'don''t' TO 'won''t'" },
  { rule: "reindex-blocks", given: 'CREATE SCHEMA "My s";', sql: 'REINDEX SCHEMA "My s"' },
  {
    rule: "refresh-blocks-readers",
    given: "CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a;",
    sql: "REFRESH MATERIALIZED VIEW mv WITH NO DATA",
    first: "REFRESH MATERIALIZED VIEW mv WITH NO DATA",
  },
  {
    rule: "definer-callable",
    given: "",
    sql: "CREATE PROCEDURE purge() LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1'",
    first: "CREATE PROCEDURE purge() LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1'",
  },
  { rule: "required-column", given: T, sql: 'ALTER TABLE s."T" ADD COLUMN "Must" text NOT NULL' },
  {
    rule: "set-schema",
    given: `${T} CREATE SCHEMA "New";`,
    sql: 'ALTER TABLE s."T" SET SCHEMA "New"',
    first: 'ALTER TABLE s."T" SET SCHEMA "New"',
  },
];

/** Words with which SQL begins; a sentence that begins with one of them is not written in capitals. */
const VERB =
  /^(?:ALTER|ANALYZE|CLUSTER|COMMENT|CREATE|DELETE|DROP|GRANT|INSERT|LOCK|REFRESH|REINDEX|REVOKE|SELECT|SET|TRUNCATE|UPDATE|VACUUM)\b/;

/** The lines of a fix that are statements, without the remark behind them. */
export function statementsOfFix({ fix = "" }: Pick<Finding, "fix">): string[] {
  return fix.split("\n").flatMap((line, at, all) => {
    // A statement of several lines.
    const before = all[at - 1];
    if (!VERB.test(line) || (before !== undefined && VERB.test(before) && !/;(?: {2}-- .*)?$/.test(before))) return [];
    const rest = all.slice(at);
    const end = rest.findIndex((each) => /;(?: {2}-- .*)?$/.test(each));
    return [rest.slice(0, end < 0 ? undefined : end + 1).join("\n")];
  });
}
