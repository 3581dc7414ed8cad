import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Meter } from "#compare/trace/meter.ts";
import { withDatabase } from "#database/open.ts";
import { ConfitureError } from "#errors/error.ts";
import { engines, type TestEngine } from "../../support/engines.ts";
import { ROOT } from "../../support/postgres-binaries.ts";

const SETUP = `
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN plain AS text;
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN nick AS text CHECK (length(VALUE) < 10000);
CREATE TABLE orgs (id int PRIMARY KEY, name text);
INSERT INTO orgs SELECT n, 'org ' || n FROM generate_series(1, 20) n;
CREATE TABLE t (
  id int PRIMARY KEY, a int NOT NULL, b text, c varchar(10), d numeric(10,2), e timestamptz, j text, org int, feeling mood,
  p positive, u int, n nick, CONSTRAINT a_positive CHECK (a > 0), CONSTRAINT b_there CHECK (b IS NOT NULL)
);
INSERT INTO t SELECT n, n, 'b', 'c', 1, now(), '{}', 1, 'ok', 1, n, 'n' FROM generate_series(1, 20) n;
CREATE INDEX t_b ON t (b);
CREATE UNIQUE INDEX t_u ON t (u);
ALTER TABLE t ADD CONSTRAINT unchecked CHECK (a < 1000) NOT VALID;
ALTER TABLE t ADD CONSTRAINT t_org_unchecked FOREIGN KEY (org) REFERENCES orgs NOT VALID;
CREATE TABLE child (id int PRIMARY KEY, t_id int REFERENCES t, x int);
INSERT INTO child SELECT n, n, n FROM generate_series(1, 20) n;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t_touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW v AS SELECT id, name FROM orgs;
CREATE MATERIALIZED VIEW mv AS SELECT id, name FROM orgs;
CREATE UNIQUE INDEX mv_id ON mv (id);
CREATE TABLE parts (at date NOT NULL, n int) PARTITION BY RANGE (at);
CREATE TABLE parts_2024 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
INSERT INTO parts VALUES ('2024-05-05', 1), ('2030-05-05', 1);
CREATE TABLE parts_2025 (at date NOT NULL, n int);
INSERT INTO parts_2025 VALUES ('2025-05-05', 1);
CREATE TABLE heir (id int NOT NULL, name text);
CREATE SEQUENCE s;
CREATE PUBLICATION pub FOR TABLE orgs;
CREATE SCHEMA other;
CREATE STATISTICS st ON a, u FROM t;
CREATE POLICY pol ON t USING (true);
`;

/** Each is tried by itself and taken back. `since`: the first version that knows it. */
const STATEMENTS: readonly (string | { readonly since: number; readonly sql: string })[] = [
  "ALTER TABLE t ADD COLUMN x int",
  "ALTER TABLE t ADD COLUMN x int DEFAULT 1",
  "ALTER TABLE t ADD COLUMN x int NOT NULL DEFAULT 1",
  "ALTER TABLE t ADD COLUMN x timestamptz DEFAULT now()",
  "ALTER TABLE t ADD COLUMN x timestamptz DEFAULT current_timestamp",
  "ALTER TABLE t ADD COLUMN x bool DEFAULT true",
  "ALTER TABLE t ADD COLUMN x text[] DEFAULT ARRAY[]::text[]",
  "ALTER TABLE t ADD COLUMN x timestamptz DEFAULT clock_timestamp()",
  "ALTER TABLE t ADD COLUMN x uuid DEFAULT gen_random_uuid()",
  "ALTER TABLE t ADD COLUMN x float DEFAULT random()",
  "ALTER TABLE t ADD COLUMN x serial",
  "ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS IDENTITY",
  "ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (a + 1) STORED",
  { since: 18, sql: "ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (a + 1) VIRTUAL" },
  "ALTER TABLE t ADD COLUMN x int CHECK (x > 0)",
  "ALTER TABLE t ADD COLUMN x int REFERENCES orgs",
  "ALTER TABLE t ADD COLUMN x int UNIQUE",
  "ALTER TABLE t ADD COLUMN x plain",
  "ALTER TABLE t ADD COLUMN x positive DEFAULT 1",
  "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int",
  "ALTER TABLE t ADD COLUMN x int, ADD COLUMN y int",
  "ALTER TABLE t DROP COLUMN b",
  "ALTER TABLE t DROP COLUMN IF EXISTS nothing",
  "ALTER TABLE t ALTER COLUMN b SET DEFAULT 'x'",
  "ALTER TABLE t ALTER COLUMN b DROP DEFAULT",
  "ALTER TABLE t ALTER COLUMN a DROP NOT NULL",
  "ALTER TABLE t ALTER COLUMN c SET NOT NULL",
  "ALTER TABLE t ALTER COLUMN b SET NOT NULL",
  "ALTER TABLE t ALTER COLUMN b SET STATISTICS 500",
  "ALTER TABLE t ALTER COLUMN b SET STORAGE EXTERNAL",
  "ALTER TABLE t ALTER COLUMN b SET COMPRESSION pglz",
  "ALTER TABLE t ALTER COLUMN b SET (n_distinct = 5)",
  "ALTER TABLE t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
  "ALTER TABLE t ALTER COLUMN c TYPE varchar(20)",
  "ALTER TABLE t ALTER COLUMN c TYPE text",
  "ALTER TABLE t ALTER COLUMN c TYPE varchar(5)",
  "ALTER TABLE t ALTER COLUMN b TYPE varchar(50)",
  "ALTER TABLE t ALTER COLUMN b TYPE plain",
  "ALTER TABLE t ALTER COLUMN b TYPE nick",
  "ALTER TABLE t ALTER COLUMN u TYPE bigint",
  "ALTER TABLE t ALTER COLUMN u TYPE smallint",
  "ALTER TABLE t ALTER COLUMN d TYPE numeric(12,2)",
  "ALTER TABLE t ALTER COLUMN d TYPE numeric(12,4)",
  "ALTER TABLE t ALTER COLUMN d TYPE numeric",
  "ALTER TABLE t ALTER COLUMN e TYPE timestamptz(6)",
  "ALTER TABLE t ALTER COLUMN e TYPE timestamptz(3)",
  "ALTER TABLE t ALTER COLUMN e TYPE timestamp",
  "ALTER TABLE t ALTER COLUMN j TYPE jsonb USING j::jsonb",
  `ALTER TABLE t ALTER COLUMN b TYPE text COLLATE "POSIX"`,
  "ALTER TABLE t ALTER COLUMN u TYPE text",
  "ALTER TABLE t ALTER COLUMN u TYPE int",
  "ALTER TABLE child ALTER COLUMN x TYPE bigint",
  "ALTER TABLE t ADD CONSTRAINT k CHECK (a > -1)",
  "ALTER TABLE t ADD CONSTRAINT k CHECK (a > -1) NOT VALID",
  "ALTER TABLE t VALIDATE CONSTRAINT unchecked",
  "ALTER TABLE t VALIDATE CONSTRAINT t_org_unchecked",
  "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
  "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX t_u",
  "ALTER TABLE t ADD CONSTRAINT k EXCLUDE (a WITH =)",
  "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (org) REFERENCES orgs",
  "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (org) REFERENCES orgs NOT VALID",
  "ALTER TABLE parts_2025 ADD PRIMARY KEY (at)",
  "ALTER TABLE t DROP CONSTRAINT a_positive",
  "ALTER TABLE t DROP CONSTRAINT t_org_unchecked",
  "ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE",
  "ALTER TABLE child DROP CONSTRAINT child_t_id_fkey",
  "ALTER TABLE t RENAME CONSTRAINT a_positive TO positive_a",
  "ALTER TABLE child ALTER CONSTRAINT child_t_id_fkey DEFERRABLE",
  { since: 18, sql: "ALTER TABLE t ADD CONSTRAINT k NOT NULL u NOT VALID" },
  { since: 18, sql: "ALTER TABLE t ADD CONSTRAINT k NOT NULL u NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k" },
  "ALTER TABLE t RENAME COLUMN b TO bb",
  "ALTER TABLE t RENAME TO tt",
  "ALTER TABLE orgs SET SCHEMA other",
  "ALTER TABLE t OWNER TO current_user",
  "ALTER TABLE t SET (fillfactor = 70)",
  "ALTER TABLE t SET (autovacuum_enabled = false)",
  "ALTER TABLE t RESET (fillfactor)",
  "ALTER TABLE child SET UNLOGGED",
  "ALTER TABLE parts_2025 SET UNLOGGED",
  "ALTER TABLE t CLUSTER ON t_pkey",
  "ALTER TABLE t SET WITHOUT CLUSTER",
  "ALTER TABLE t REPLICA IDENTITY FULL",
  "ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey",
  "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
  "ALTER TABLE t FORCE ROW LEVEL SECURITY",
  "ALTER TABLE t DISABLE TRIGGER t_touch",
  "ALTER TABLE t ENABLE ALWAYS TRIGGER t_touch",
  "ALTER TABLE heir INHERIT orgs",
  "CREATE INDEX ON t (a)",
  "CREATE UNIQUE INDEX ON t (a)",
  "CREATE INDEX ON t (lower(b))",
  "CREATE INDEX ON t (a) WHERE a > 5",
  "CREATE INDEX ON t USING hash (a)",
  "CREATE INDEX IF NOT EXISTS t_b ON t (b)",
  "CREATE INDEX ON parts (n)",
  "CREATE INDEX ON ONLY parts (n)",
  "CREATE INDEX ON mv (name)",
  "DROP INDEX t_b",
  "ALTER INDEX t_b RENAME TO t_bb",
  "ALTER INDEX t_b SET (fillfactor = 50)",
  "REINDEX INDEX t_b",
  "REINDEX TABLE t",
  "CLUSTER t USING t_pkey",
  "ANALYZE t",
  "ANALYZE t (a)",
  "TRUNCATE child",
  "TRUNCATE t CASCADE",
  "LOCK TABLE t IN SHARE MODE",
  "LOCK TABLE t IN EXCLUSIVE MODE",
  "LOCK TABLE t",
  "LOCK TABLE t IN ROW EXCLUSIVE MODE",
  "DROP TABLE child",
  "DROP TABLE t CASCADE",
  "DROP TABLE IF EXISTS nothing",
  "CREATE TABLE new_one (id int PRIMARY KEY, t_id int REFERENCES t)",
  "CREATE TABLE new_one (LIKE t INCLUDING ALL)",
  "CREATE TABLE new_one AS SELECT * FROM t",
  "CREATE TABLE new_one () INHERITS (orgs)",
  "CREATE TABLE parts_2026 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
  "ALTER TABLE parts ATTACH PARTITION parts_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
  "ALTER TABLE parts DETACH PARTITION parts_2024",
  "ALTER TABLE parts ADD COLUMN x int",
  "ALTER TABLE parts ALTER COLUMN n TYPE bigint",
  "ALTER TABLE parts ADD CONSTRAINT k CHECK (n > 0)",
  "DROP TABLE parts_2024",
  "CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch()",
  "CREATE OR REPLACE TRIGGER t_touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()",
  "DROP TRIGGER t_touch ON t",
  "CREATE RULE r AS ON DELETE TO t DO NOTHING",
  "CREATE POLICY q ON t USING (true)",
  "ALTER POLICY pol ON t USING (false)",
  "DROP POLICY pol ON t",
  "CREATE STATISTICS st2 ON a, id FROM t",
  "DROP STATISTICS st",
  "CREATE PUBLICATION pub2 FOR TABLE t",
  "ALTER PUBLICATION pub ADD TABLE t",
  "COMMENT ON TABLE t IS 'x'",
  "COMMENT ON COLUMN t.a IS 'x'",
  "GRANT SELECT ON t TO PUBLIC",
  "REVOKE ALL ON t FROM PUBLIC",
  "CREATE VIEW vv AS SELECT * FROM t",
  "CREATE OR REPLACE VIEW v AS SELECT id, name, 1 AS x FROM orgs",
  "DROP VIEW v",
  "ALTER VIEW v RENAME TO vv",
  "CREATE MATERIALIZED VIEW mv2 AS SELECT * FROM t",
  "REFRESH MATERIALIZED VIEW mv",
  "REFRESH MATERIALIZED VIEW CONCURRENTLY mv",
  "DROP MATERIALIZED VIEW mv",
  "ALTER TYPE mood ADD VALUE 'new'",
  "ALTER TYPE mood RENAME VALUE 'sad' TO 'unhappy'",
  "ALTER DOMAIN positive ADD CONSTRAINT small CHECK (VALUE < 1000)",
  "ALTER DOMAIN positive ADD CONSTRAINT small CHECK (VALUE < 1000) NOT VALID",
  "ALTER DOMAIN positive SET NOT NULL",
  "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
  "CREATE SEQUENCE s2",
  "ALTER SEQUENCE s INCREMENT 2",
  "ALTER SEQUENCE s RESTART",
  "DROP SEQUENCE s",
  "CREATE SCHEMA third",
  "DROP SCHEMA other",
  "UPDATE t SET b = 'x'",
  "DELETE FROM child",
  "INSERT INTO orgs SELECT id + 100, name FROM orgs",
  "DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD COLUMN x int'; END $$",
  "SELECT count(*) FROM t",
];

const sqlOf = (statement: (typeof STATEMENTS)[number]): string =>
  typeof statement === "string" ? statement : statement.sql;

/** What one engine does with each statement that it knows, in words that can be compared. */
async function measureAll(engine: TestEngine): Promise<Map<string, string>> {
  await using database = await engine.fresh();
  return await withDatabase(database.target, {}, async (session) => {
    await session.execute("set timezone = 'UTC'");
    await session.execute(SETUP);
    await session.execute("analyze");
    const meter = await Meter.start(session);
    const seen = new Map<string, string>();
    for (const statement of STATEMENTS) {
      if (typeof statement !== "string" && statement.since > engine.major) continue;
      seen.set(sqlOf(statement), await wordsOf(meter, sqlOf(statement)));
    }
    return seen;
  });
}

async function wordsOf(meter: Meter, sql: string): Promise<string> {
  try {
    const { locks, rewrites, rewritesIndexes, scans } = await meter.runAlone(sql, "rollback");
    const names = (relations: readonly { name: string; isNew: boolean }[]): string =>
      relations
        .filter(({ isNew }) => !isNew)
        .map(({ name }) => name.replace("public.", ""))
        .toSorted()
        .join(", ");
    const parts = [
      locks
        .filter(({ isNew }) => !isNew)
        .map(({ mode, name }) => `${mode} ${name.replace("public.", "")}`)
        .toSorted()
        .join(", "),
      names(rewrites) && `rewrites ${names(rewrites)}`,
      names(rewritesIndexes) && `rebuilds ${names(rewritesIndexes)}`,
      names(scans) && `reads ${names(scans)}`,
    ];
    return parts.filter((part) => part !== "").join("; ") || "nothing";
  } catch (error) {
    if (error instanceof ConfitureError && error.server !== undefined) return `error ${error.server.sqlstate}`;
    throw error;
  }
}

test("locks, rewrites and scans are those of the servers; where versions differ, the guide says so", async () => {
  expect(STATEMENTS.length).toBeGreaterThanOrEqual(120);
  const embedded = engines.find(({ kind }) => kind === "embedded")!;
  const inside = await measureAll(embedded);
  const shown = readFileSync(join(ROOT, "docs/planning.md"), "utf8").split("## What it is measured on")[1]!;
  for (const engine of engines.filter(({ kind, major }) => kind === "server" && (major === 14 || major === 18))) {
    const there = await measureAll(engine);
    const differences = [...there].filter(([sql, words]) => inside.get(sql) !== words);
    const rows = differences.map(([sql, words]) => `| \`${sql}\` | ${words} | ${inside.get(sql)} |`);
    if (engine.major === embedded.major) expect(rows).toEqual([]);
    else expect(rows).toEqual(shown.split("\n").filter((line) => line.startsWith("| `")));
  }
  // What would make every comparison above mean nothing.
  expect([...inside].filter(([, words]) => words.startsWith("error"))).toEqual(REFUSED);
  expect(inside.get("ALTER TABLE t ALTER COLUMN u TYPE bigint")).toContain("rewrites t");
  expect(inside.get("ALTER TABLE t ALTER COLUMN b SET NOT NULL")).toBe("ACCESS EXCLUSIVE t");
}, 120_000);

/** Statements above that PostgreSQL refuses. */
const REFUSED: [string, string][] = [];
