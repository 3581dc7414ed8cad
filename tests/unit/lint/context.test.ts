import { describe, expect, test } from "bun:test";
import { lint } from "#lint/lint.ts";
import { findingsIn, rulesIn, script } from "../../support/lint.ts";

type Case = readonly [what: string, sql: string | readonly string[], rules: readonly string[]];

/** Only what these rules say: others may speak of the same statement. */
const LOCKS = /-(?:blocks|scans|rewrites|under-lock|writes)|work-after|backfill|many-tables|twice|required/;

describe("a table that the migration makes is harmless, and one that was there is not", () => {
  const cases: readonly Case[] = [
    ["an index on a new table", "CREATE TABLE t (id bigint); CREATE INDEX ON t (id);", []],
    ["an index on an old table", ["CREATE TABLE t (id bigint);", "CREATE INDEX ON t (id);"], ["index-blocks-writes"]],
    ["the same, in a schema", 'CREATE TABLE a."T" (id bigint); CREATE INDEX ON a."T" (id);', []],
    [
      "a table of that name in another schema",
      "CREATE TABLE a.t (id bigint); CREATE INDEX ON b.t (id);",
      ["index-blocks-writes"],
    ],
    [
      "a schema that the search_path names",
      "SET search_path = a; CREATE TABLE t (id bigint); CREATE INDEX ON a.t (id);",
      [],
    ],
    [
      "a new table under another name",
      "CREATE TABLE t (id bigint); ALTER TABLE t RENAME TO s; CREATE INDEX ON s (id);",
      [],
    ],
    [
      "a new table that was dropped again",
      "CREATE TABLE t (id bigint); DROP TABLE t; CREATE INDEX ON t (id);",
      ["index-blocks-writes"],
    ],
    ["a temporary table", "CREATE TEMP TABLE t (id bigint); CREATE INDEX ON t (id); UPDATE t SET id = 1;", []],
    ["CREATE TABLE AS", "CREATE TABLE t AS SELECT 1 AS id; CREATE INDEX ON t (id);", []],
    [
      "IF NOT EXISTS over a table that is there",
      ["CREATE TABLE t (id bigint);", "CREATE TABLE IF NOT EXISTS t (id bigint); CREATE INDEX ON t (id);"],
      ["index-blocks-writes"],
    ],
    [
      "a column and a CHECK of a new table",
      "CREATE TABLE t (id bigint); ALTER TABLE t ADD CHECK (id > 0); ALTER TABLE t ALTER id TYPE int;",
      [],
    ],
    [
      "NOT NULL without a default on a new table",
      "CREATE TABLE t (id bigint); ALTER TABLE t ADD COLUMN a int NOT NULL;",
      [],
    ],
  ];
  test.each(cases)("%s", (_what, sql, rules) => {
    expect(rulesIn(sql).filter((rule) => LOCKS.test(rule))).toEqual([...rules]);
  });

  test("a foreign key of a new table is told as a note, because it locks the table that it points to", () => {
    const [found] = findingsIn(
      "CREATE TABLE o (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id)); CREATE INDEX ON o (user_id);",
    );
    expect(found).toMatchObject({ rule: "fk-validates-under-lock", severity: "note" });
    expect(found?.message).toContain("blocks writes to users");
  });

  test("a foreign key between two new tables is none", () => {
    expect(
      rulesIn(
        "CREATE TABLE u (id bigint PRIMARY KEY); CREATE TABLE o (id bigint PRIMARY KEY, u bigint REFERENCES u); CREATE INDEX ON o (u);",
      ),
    ).toEqual([]);
  });
});

describe("migrations that are applied together", () => {
  const files = ["CREATE TABLE t (id bigint PRIMARY KEY);", "CREATE INDEX t_idx ON t (id, id);"];
  test("a table of an earlier one that is pending with it is new", async () => {
    const { migration } = await import("../../support/lint.ts");
    const entries = files.map((sql, at) => ({ file: migration(sql, `00${at}.sql`), isLinted: true }));
    expect(lint(entries, { together: true }).findings).toEqual([]);
    expect(lint(entries, { together: false }).findings.map(({ rule }) => rule)).toEqual(["index-blocks-writes"]);
  });
});

test.each([
  [
    "SELECT pg_catalog.set_config('search_path', 'app', false); CREATE TABLE t (id int); CREATE INDEX ON app.t (id);",
    false,
  ],
  ["SELECT set_config('search_path', '', false); CREATE TABLE app.t (id int); CREATE INDEX ON app.t (id);", false],
  ["CREATE TABLE t (id int); SET search_path = app, public; CREATE INDEX ON t (id);", false],
  ["CREATE TABLE t (id int); SET search_path TO app; CREATE INDEX ON t (id);", true],
  ["SET search_path = app; CREATE TABLE t (id int); RESET search_path; CREATE INDEX ON t (id);", true],
])("names are looked up in the search path: %s", (sql, isFound) => {
  expect(rulesIn(sql).includes("index-blocks-writes")).toBe(isFound);
});

describe("SET NOT NULL", () => {
  const cases: readonly Case[] = [
    ["by itself", "ALTER TABLE t ALTER a SET NOT NULL;", ["not-null-scans"]],
    [
      "after a CHECK that an earlier migration validated",
      [
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;",
        "ALTER TABLE t VALIDATE CONSTRAINT c;",
        "ALTER TABLE t ALTER a SET NOT NULL;",
      ],
      [],
    ],
    [
      "after a CHECK that is not validated",
      ["ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;", "ALTER TABLE t ALTER a SET NOT NULL;"],
      ["not-null-scans"],
    ],
    [
      "after a CHECK of another column",
      ["ALTER TABLE t ADD CONSTRAINT c CHECK (b IS NOT NULL);", "ALTER TABLE t ALTER a SET NOT NULL;"],
      ["not-null-scans"],
    ],
    [
      "after a CHECK of several columns",
      ["ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0 AND a IS NOT NULL);", "ALTER TABLE t ALTER a SET NOT NULL;"],
      [],
    ],
    [
      "after a CHECK that was dropped again",
      [
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL);",
        "ALTER TABLE t DROP CONSTRAINT c;",
        "ALTER TABLE t ALTER a SET NOT NULL;",
      ],
      ["not-null-scans"],
    ],
    [
      "together with the end of the CHECK that proves it: PostgreSQL drops first",
      [
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL);",
        "ALTER TABLE t ALTER a SET NOT NULL, DROP CONSTRAINT c;",
      ],
      ["not-null-scans"],
    ],
    ["NOT NULL NOT VALID", "ALTER TABLE t ADD CONSTRAINT c NOT NULL a NOT VALID;", []],
    ["NOT NULL as a constraint that is checked", "ALTER TABLE t ADD CONSTRAINT c NOT NULL a;", ["not-null-scans"]],
  ];
  test.each(cases)("%s", (_what, sql, rules) => {
    expect(rulesIn(sql).filter((rule) => LOCKS.test(rule))).toEqual([...rules]);
  });
});

test("VALIDATE waits under the strongest lock that the transaction has, not under its first one", () => {
  const found = findingsIn(
    "CREATE TABLE n (id bigint PRIMARY KEY, u bigint REFERENCES users); ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT c;",
  ).find(({ rule }) => rule === "validate-under-lock");
  expect(found?.message).toContain("under the ACCESS EXCLUSIVE lock");
  expect(found?.message).toEndWith("so reads and writes wait");
});

test("another collation changes the order, and what is equal where one of the two is not deterministic", () => {
  const [found] = findingsIn('ALTER TABLE users ALTER name TYPE text COLLATE "C";').filter(
    ({ rule }) => rule === "changes-values",
  );
  expect(found?.message).toMatch(/changes the order .* equal where it or the old one is not deterministic$/);
});

test("--fix says why it does not know the version of an embedded database", () => {
  const why = (isStandIn: boolean) =>
    findingsIn("ALTER TABLE t ALTER a SET NOT NULL;", { isStandIn }).map(({ notRewritten }) => notRewritten);
  expect(why(true)).toEqual([expect.stringMatching(/embedded database stands in for servers.*--stats FILE/)]);
  expect(why(false)).toEqual([expect.stringMatching(/^the version of PostgreSQL is not known.*--stats FILE/)]);
});

describe("what is held until the transaction ends", () => {
  const cases: readonly Case[] = [
    [
      "NOT VALID and VALIDATE in one migration",
      "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;",
      ["validate-under-lock"],
    ],
    [
      "the same outside a transaction",
      "-- migrate:up transaction:false\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;",
      [],
    ],
    [
      "the same in a BEGIN of the file's own",
      "-- migrate:up transaction:false\nBEGIN; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c; COMMIT;",
      ["validate-under-lock"],
    ],
    [
      "in two blocks",
      "BEGIN; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; COMMIT; BEGIN; ALTER TABLE t VALIDATE CONSTRAINT c; COMMIT;",
      [],
    ],
    ["two VALIDATE", "ALTER TABLE t VALIDATE CONSTRAINT c; ALTER TABLE t VALIDATE CONSTRAINT d;", []],
    [
      "an index on one table after a column of another",
      "ALTER TABLE a ADD COLUMN x int; CREATE INDEX ON b (x);",
      ["index-blocks-writes", "work-after-lock"],
    ],
    [
      "an index on the table that was altered before: reads wait as well",
      "ALTER TABLE a ADD COLUMN x int; CREATE INDEX ON a (x);",
      ["index-blocks-writes", "work-after-lock"],
    ],
    ["a backfill after a column", "ALTER TABLE t ADD COLUMN x int; UPDATE t SET x = 1;", ["backfill-with-ddl"]],
    ["a backfill before a column", "UPDATE t SET y = 1; ALTER TABLE t ADD COLUMN x int;", []],
    ["one row by its key", "ALTER TABLE t ADD COLUMN x int; UPDATE t SET x = 1 WHERE id = 7;", []],
    ["rows that are copied", "ALTER TABLE t ADD COLUMN x int; INSERT INTO u SELECT * FROM t;", ["backfill-with-ddl"]],
    ["rows that are written down", "ALTER TABLE t ADD COLUMN x int; INSERT INTO u VALUES (1);", []],
  ];
  test.each(cases)("%s", (_what, sql, rules) => {
    expect(rulesIn(sql).filter((rule) => LOCKS.test(rule) || rule === "validate-under-lock")).toEqual([...rules]);
  });
});

describe("what is gone, replaced or named by this file is nobody's", () => {
  const cases: readonly Case[] = [
    [
      "an index on the columns of a constraint that is dropped",
      ["CREATE TABLE t (a bigint CONSTRAINT k UNIQUE);", "ALTER TABLE t DROP CONSTRAINT k; CREATE INDEX i ON t (a);"],
      ["drop-constraint"],
    ],
    [
      "an index on a column that is made anew",
      ["CREATE TABLE t (a bigint UNIQUE);", "ALTER TABLE t DROP COLUMN a, ADD COLUMN a int; CREATE INDEX i ON t (a);"],
      [],
    ],
    [
      "an index of a name that a CASCADE has freed",
      ["CREATE TABLE t (a int); CREATE INDEX i ON t (a);", "DROP VIEW v CASCADE; CREATE INDEX i ON t (a);"],
      ["drop-used-object"],
    ],
    [
      "an index beside a key, unless it is there",
      [
        "CREATE TABLE t (a int UNIQUE); CREATE INDEX k ON t (a);",
        "CREATE INDEX IF NOT EXISTS j ON t (a); CREATE INDEX IF NOT EXISTS k ON t (a);",
      ],
      ["duplicate-index"],
    ],
    [
      "two indexes",
      ["CREATE TABLE t (a int); CREATE INDEX i ON t (a);", "CREATE INDEX j ON t (a);"],
      ["duplicate-index"],
    ],
    [
      "a function of triggers alone",
      [
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';",
        "DROP TRIGGER f ON t; DROP FUNCTION f();",
      ],
      [],
    ],
    [
      "a function",
      ["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';", "DROP FUNCTION f();"],
      ["drop-used-object"],
    ],
    [
      "an enum that another one takes the place of",
      [
        "CREATE TYPE mood AS ENUM ('a');",
        "CREATE TYPE mood_new AS ENUM ('b'); ALTER TYPE mood RENAME TO mood_old; ALTER TYPE mood_new RENAME TO mood; DROP TYPE mood_old;",
      ],
      [],
    ],
    ["an enum", ["CREATE TYPE mood AS ENUM ('a');", "DROP TYPE mood;"], ["drop-used-object"]],
    ["the sequence of a serial", ["CREATE TABLE t (a serial);", "DROP SEQUENCE t_a_seq;"], []],
    [
      "a constraint that is replaced",
      "ALTER TABLE t DROP CONSTRAINT k; ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u (a) NOT VALID;",
      [],
    ],
    ["a constraint", "ALTER TABLE t DROP CONSTRAINT k;", ["drop-constraint"]],
    [
      "two foreign keys, which are checked one by one in any case",
      "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u; ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES u;",
      [],
    ],
    ["two CHECKs", "ALTER TABLE t ADD CHECK (a > 0); ALTER TABLE t ADD CHECK (b > 0);", ["alter-table-twice"]],
    ["a cast by way of text", "ALTER TABLE t ALTER a TYPE mood USING a::text::mood;", []],
    ["a time zone", "ALTER TABLE t ALTER a TYPE timestamptz USING a AT TIME ZONE 'UTC';", []],
    ["an expression", "ALTER TABLE t ALTER a TYPE text USING lower(a);", ["changes-values"]],
    ["a key that points to another", "CREATE TABLE t (a int PRIMARY KEY REFERENCES u (a));", []],
    ["a key", "CREATE TABLE t (a int PRIMARY KEY);", ["prefer-bigint"]],
    ["a view of this file", "CREATE VIEW v AS SELECT 1 AS a; DROP VIEW v;", []],
  ];
  test.each(cases)("%s", (_what, sql, rules) => {
    expect(
      rulesIn(sql).filter((rule) => /duplicate-index|drop-used|drop-con|twice|changes-v|bigint/.test(rule)),
    ).toEqual([...rules]);
  });
});

describe("conditions that are true of every row", () => {
  test.each([
    ["DELETE FROM t WHERE true;", ["delete-all"]],
    ["DELETE FROM t WHERE 1 = 1;", ["delete-all"]],
    ["WITH gone AS (DELETE FROM t WHERE 't' RETURNING id) SELECT id FROM gone;", ["delete-all"]],
    ["DELETE FROM t WHERE false;", []],
    ["DELETE FROM t WHERE 1 = 2;", []],
    ["DELETE FROM t USING u WHERE true;", ["delete-all"]],
    ["UPDATE t SET a = 1 WHERE true;", ["update-all"]],
  ])("%s", (sql, rules) => {
    expect(rulesIn(sql).filter((rule) => rule.endsWith("-all"))).toEqual(rules);
  });
});

test("thousands of INSERTs that say the same take no longer than one, and what is between them is seen", () => {
  const rows = (from: number): string =>
    Array.from({ length: 3000 }, (_, at) => `INSERT INTO t (id) VALUES (${from + at});\n`).join("");
  const sql = `${rows(0)}DROP TABLE u;\n${rows(3000)}WITH d AS (DELETE FROM v) INSERT INTO t (id) VALUES (1);\n`;
  expect(rulesIn(sql)).toEqual(["delete-all", "drop-table"]);
});

describe("types and defaults", () => {
  const TABLE = "CREATE TABLE t (i int, v varchar(10), s text, n numeric(10,2), z timestamptz(3), c cidr, b bit(3));";
  test.each([
    ["ALTER v TYPE varchar(20)", false],
    ["ALTER v TYPE varchar", false],
    ["ALTER v TYPE text", false],
    ["ALTER v TYPE varchar(5)", true],
    ["ALTER s TYPE varchar", false],
    ["ALTER s TYPE varchar(50)", true],
    ["ALTER i TYPE bigint", true],
    ["ALTER n TYPE numeric(12,2)", false],
    ["ALTER n TYPE numeric", false],
    ["ALTER n TYPE numeric(12,4)", true],
    ["ALTER z TYPE timestamptz(6)", false],
    ["ALTER z TYPE timestamptz", false],
    ["ALTER z TYPE timestamptz(0)", true],
    ["ALTER c TYPE inet", false],
    ["ALTER v TYPE text USING lower(v)", true],
    ["ADD COLUMN a timestamptz DEFAULT now()", false],
    ["ADD COLUMN a timestamptz DEFAULT CURRENT_TIMESTAMP", false],
    ["ADD COLUMN a boolean NOT NULL DEFAULT true", false],
    ["ADD COLUMN a text[] DEFAULT ARRAY[]::text[]", false],
    ["ADD COLUMN a timestamptz DEFAULT clock_timestamp()", true],
    ["ADD COLUMN a uuid DEFAULT gen_random_uuid()", true],
    ["ADD COLUMN a bigserial", true],
    ["ADD COLUMN a int GENERATED ALWAYS AS (i + 1) STORED", true],
    ["ADD COLUMN a int GENERATED ALWAYS AS (i + 1) VIRTUAL", false],
  ] as const)("ALTER TABLE t %s: rewrites %p", (action, rewrites) => {
    const found = rulesIn([TABLE, `ALTER TABLE t ${action};`]).some((rule) => rule.endsWith("-rewrites"));
    expect(found).toBe(rewrites);
  });
});

describe("what cannot be read is said, and the rest is checked all the same", () => {
  test("syntax that the parser does not know", () => {
    const found = findingsIn("CREATE INDEX ON t (a);\nALTER TABLE t ADDD b int;\nDROP TABLE u;");
    expect(found.map(({ rule, location: { line, column } }) => [rule, line, column])).toEqual([
      ["index-blocks-writes", 1, 1],
      ["syntax-error", 2, 15],
      ["drop-table", 3, 1],
    ]);
  });

  test("the place of an error behind letters that take several bytes", () => {
    const [found] = findingsIn('ALTER TABLE "größe 😀" ADDD b int;');
    expect(found?.location).toMatchObject({ line: 1, column: 23 });
  });

  test.each([
    ["a command of psql", "\\d users\nCREATE INDEX ON t (a);", "not-runnable"],
    [
      "a conflict of git",
      "CREATE INDEX ON t (a);\n<<<<<<< HEAD\nSELECT 1;\n=======\nSELECT 2;\n>>>>>>> b\n",
      "not-runnable",
    ],
    ["a statement that cannot run with the others", "CREATE INDEX ON t (a);\nVACUUM t;", "concurrently-in-transaction"],
    ["a COMMIT", "CREATE INDEX ON t (a);\nCOMMIT;", "transaction-control"],
  ])("%s", (_what, sql, rule) => {
    expect(rulesIn(sql)).toContain(rule);
    expect(rulesIn(sql)).toContain("index-blocks-writes");
  });

  test.each(["'abc", '"abc', "$$ abc", "/* abc", "E'abc\\'"])(
    "what is never closed takes the rest with it, and is said once: %s",
    (open) => {
      expect(rulesIn(`CREATE INDEX ON t (a);\nSELECT ${open};\nDROP TABLE t;`)).toEqual([
        "index-blocks-writes",
        "not-runnable",
      ]);
    },
  );
});

test("a finding is known again when lines are added above it, and when the same statement stands there twice", () => {
  const print = (sql: string): string[] => findingsIn(sql).map(({ fingerprint }) => fingerprint);
  const [one] = print("DROP TABLE t;");
  expect(print("-- a line\n\nSELECT 1;\nDROP   TABLE\n t;")).toEqual([one!]);
  const twice = print("DELETE FROM t;\nDELETE FROM t;");
  expect(new Set(twice).size).toBe(2);
});

describe("a script that is no migration is judged as psql runs it", () => {
  const cases: readonly Case[] = [
    ["no limit", "ALTER TABLE t ADD COLUMN a int;", ["no-lock-timeout"]],
    ["said once for a file", "ALTER TABLE t ADD COLUMN a int; ALTER TABLE u ADD COLUMN a int;", ["no-lock-timeout"]],
    ["a limit", "SET lock_timeout = '2s'; ALTER TABLE t ADD COLUMN a int;", []],
    ["a limit of the statement", "SET statement_timeout = '2s'; ALTER TABLE t ADD COLUMN a int;", []],
    ["a limit by a function", "SELECT set_config('lock_timeout', '2s', false); ALTER TABLE t ADD COLUMN a int;", []],
    [
      "a limit that ended",
      "BEGIN; SET LOCAL lock_timeout = '2s'; COMMIT; DROP VIEW v; TRUNCATE t;",
      ["no-lock-timeout"],
    ],
    [
      "a limit that ended behind a first statement",
      "BEGIN; SET LOCAL lock_timeout = '2s'; ALTER TABLE t ADD a int; COMMIT; ALTER TABLE t ADD b int;",
      ["no-lock-timeout"],
    ],
    [
      "a limit that was taken back",
      "SET lock_timeout = '2s'; RESET lock_timeout; ALTER TABLE t ADD a int;",
      ["no-lock-timeout"],
    ],
    ["all limits taken back", "SET lock_timeout = '2s'; RESET ALL; ALTER TABLE t ADD a int;", ["no-lock-timeout"]],
    [
      "what psql includes is left out, and the rest is judged all the same",
      "\\i other.sql\nSET lock_timeout = '2s'; BEGIN; CREATE INDEX CONCURRENTLY i ON t (a); COMMIT;",
      ["not-runnable", "concurrently-in-transaction"],
    ],
    ["a limit in its transaction", "BEGIN; SET LOCAL lock_timeout = '2s'; ALTER TABLE t ADD COLUMN a int; COMMIT;", []],
    ["a table of its own", "CREATE TABLE t (id bigint PRIMARY KEY); ALTER TABLE t ADD COLUMN a int;", []],
    ["nobody waits", "CREATE INDEX CONCURRENTLY i ON t (a); ALTER TABLE t VALIDATE CONSTRAINT c;", []],
    [
      "statements that commit by themselves",
      "SET lock_timeout = '2s'; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;",
      [],
    ],
    [
      "the file's own transaction",
      "SET lock_timeout = '2s'; BEGIN; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c; COMMIT;",
      ["validate-under-lock"],
    ],
    [
      "marked as a migration",
      "-- migrate:up\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;",
      ["validate-under-lock"],
    ],
    [
      "rows that come out of a default partition, each statement by itself",
      "CREATE TABLE p (LIKE t); INSERT INTO p SELECT * FROM d; ALTER TABLE t ATTACH PARTITION p FOR VALUES FROM (1) TO (2);",
      ["attach-scans"],
    ],
    ["cannot run in a transaction", "CREATE INDEX CONCURRENTLY i ON t (a); SELECT 1; VACUUM t;", []],
  ];
  test.each(cases)("%s", (_what, sql, rules) => {
    const found = lint([{ file: script(sql as string), isLinted: true, isAlone: true }], { together: false }).findings;
    const alarms = found.filter(
      ({ severity, rule }) => severity !== "note" && rule !== "drop-table" && rule !== "truncate",
    );
    expect(alarms.map(({ rule }) => rule).filter((rule) => !/^(?:timeout-kills|drop-)/.test(rule))).toEqual([...rules]);
  });
});

test.each([
  ["SELECT set_config('session_replication_role', 'replica', true);", "foreign-keys-off"],
  ["ALTER ROLE app SET session_replication_role = replica;", "foreign-keys-off"],
  ["SELECT pg_catalog.set_config('lock_timeout', '0', false), 1;", "no-lock-timeout"],
  ["RESET ALL; ALTER TABLE t ADD COLUMN a int;", "no-lock-timeout"],
])("settings are judged however they are set: %s", (sql, rule) => {
  expect(rulesIn(sql)).toContain(rule);
});

test.each([
  "SELECT set_config('session_replication_role', 'origin', true);",
  "SELECT set_config('lock_timeout', '2s', true);",
  "ALTER TABLE t ADD COLUMN a int; RESET ALL;",
  "RESET ALL; SET lock_timeout = '2s'; ALTER TABLE t ADD COLUMN a int;",
])("and these are none to speak of: %s", (sql) => {
  expect(rulesIn(sql).filter((rule) => /foreign-keys-off|no-lock-timeout/.test(rule))).toEqual([]);
});

describe("a timeout of the file", () => {
  const found = ["timeout-kills-concurrently"];
  const cases: readonly Case[] = [
    ["for a lock", "SET lock_timeout = '2s'; DROP INDEX CONCURRENTLY i;", found],
    ["by set_config", "SELECT set_config('lock_timeout', '2s', false); DROP INDEX CONCURRENTLY i;", found],
    ["that is switched off again", "SET lock_timeout = '2s'; SET lock_timeout = 0; DROP INDEX CONCURRENTLY i;", []],
    [
      "behind which another one is set",
      "SET statement_timeout = '2s'; SET lock_timeout = 0; DROP INDEX CONCURRENTLY i;",
      found,
    ],
    ["for the one lock of VALIDATE", "SET lock_timeout = '2s'; ALTER TABLE t VALIDATE CONSTRAINT c;", []],
    ["for VALIDATE as a whole", "SET statement_timeout = '2s'; ALTER TABLE t VALIDATE CONSTRAINT c;", found],
  ];
  test.each(cases)("%s", (_what, sql, rules) => {
    expect(rulesIn(sql).filter((rule) => rule.startsWith("timeout"))).toEqual([...rules]);
  });
});

describe("what exposes data", () => {
  const TABLE = "CREATE TABLE t (id bigint PRIMARY KEY);";
  const SECURED = `${TABLE} ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (id > 1);`;
  const cases: readonly (readonly [sql: string | readonly string[], severity: "warning" | "note" | undefined])[] = [
    ["ALTER TABLE t DISABLE ROW LEVEL SECURITY;", "warning"],
    ["ALTER TABLE t NO FORCE ROW LEVEL SECURITY;", "warning"],
    ["ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;", undefined],
    [`${TABLE} ALTER TABLE t DISABLE ROW LEVEL SECURITY;`, undefined],
    ["GRANT SELECT ON t TO PUBLIC;", "warning"],
    [`${TABLE} GRANT SELECT ON t TO PUBLIC;`, "note"],
    ["GRANT SELECT ON t TO reader;", undefined],
    ["REVOKE SELECT ON t FROM PUBLIC;", undefined],
    ["DROP POLICY p ON t;", "note"],
    ["DROP POLICY p ON t; CREATE POLICY p ON t AS RESTRICTIVE USING (id > 0);", undefined],
    [["CREATE POLICY p ON t AS RESTRICTIVE USING (id > 0);", "DROP POLICY p ON t;"], "warning"],
    [["CREATE POLICY p ON t USING (id > 0);", "DROP POLICY p ON t;"], undefined],
    // Of a table that had row level security before; where nothing is known of that, it is said as a note.
    [[SECURED, "CREATE POLICY q ON t USING (id > 0);"], "warning"],
    [[SECURED, "CREATE POLICY q ON t AS RESTRICTIVE USING (id > 0);"], undefined],
    [[SECURED, "ALTER POLICY p ON t USING (true);"], "warning"],
    [[SECURED, "ALTER POLICY p ON t RENAME TO q;"], undefined],
    [[SECURED, "ALTER TABLE t OWNER TO web;"], "warning"],
    [[TABLE, "ALTER TABLE t OWNER TO web;"], undefined],
    [[TABLE, "CREATE POLICY q ON t USING (true); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"], undefined],
    [[TABLE, "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY q ON t USING (true);"], undefined],
    [`${SECURED} ALTER TABLE t OWNER TO web;`, undefined],
    [`${TABLE} CREATE POLICY q ON t USING (true);`, undefined],
    ["CREATE POLICY q ON t USING (id > 0);", "note"],
    ["ALTER FUNCTION f() SECURITY DEFINER;", "warning"],
    ["ALTER FUNCTION f() LEAKPROOF;", "warning"],
    ["CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';", "note"],
    [
      [
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';",
      ],
      "warning",
    ],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';", "note"],
    ["CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN new; END';", undefined],
    ["ALTER FUNCTION f() SECURITY DEFINER; REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC;", undefined],
  ];
  test.each(cases)("%j: %p", (sql, severity) => {
    expect(findingsIn(sql).find(({ rule }) => rule === "exposes-data")?.severity).toBe(severity);
  });
});

describe("who reads rows that policies keep from them", () => {
  const NOTES = "CREATE TABLE notes (id bigint PRIMARY KEY); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;";
  const [view, definer] = ["view-bypasses-rls", "definer-search-path"];
  const cases: readonly (readonly [sql: string, rule: string, isFound: boolean])[] = [
    ["ALTER VIEW v SET (security_invoker = false);", view, true],
    ["ALTER VIEW v RESET (security_invoker);", view, true],
    ["ALTER VIEW v SET (security_invoker = on);", view, false],
    ["ALTER VIEW v SET (security_barrier = false);", view, false],
    ["CREATE VIEW v WITH (security_invoker = false) AS SELECT * FROM notes;", view, true],
    ["CREATE VIEW v WITH (security_invoker) AS SELECT * FROM notes;", view, false],
    ["CREATE MATERIALIZED VIEW m AS SELECT * FROM notes;", view, true],
    ["CREATE TABLE m AS SELECT id FROM notes;", view, true],
    ["CREATE TABLE m (LIKE notes); INSERT INTO m SELECT * FROM notes;", view, true],
    ["CREATE TABLE m (LIKE notes); INSERT INTO m VALUES (1);", view, false],
    ["INSERT INTO m SELECT * FROM notes;", view, false],
    ["CREATE TABLE m (LIKE notes); ALTER TABLE notes RENAME TO n; ALTER TABLE m RENAME TO notes;", view, true],
    [
      "CREATE TABLE m (LIKE notes); INSERT INTO m SELECT * FROM notes; ALTER TABLE notes RENAME TO n; ALTER TABLE m RENAME TO notes; ALTER TABLE notes ENABLE ROW LEVEL SECURITY;",
      view,
      false,
    ],
    ["CREATE TABLE m AS SELECT * FROM notes; ALTER TABLE m ENABLE ROW LEVEL SECURITY;", view, false],
    ["CREATE TEMP TABLE m AS SELECT id FROM notes;", view, false],
    ["CREATE TABLE m AS SELECT id FROM others;", view, false],
    ["ALTER FUNCTION app.f(int) SECURITY DEFINER;", definer, true],
    ["ALTER FUNCTION f SECURITY DEFINER SET search_path = '';", definer, false],
    ["ALTER FUNCTION f SECURITY DEFINER; ALTER FUNCTION f SET search_path = '';", definer, false],
    ["ALTER FUNCTION f SECURITY INVOKER;", definer, false],
  ];
  test.each(cases)("%s %s: %p", (sql, rule, isFound) => {
    expect(rulesIn([NOTES, sql]).includes(rule)).toBe(isFound);
  });
});

describe("who writes as before, and fails from the moment it commits", () => {
  const OLD = "CREATE TABLE t (id bigint PRIMARY KEY, a text, b text);";
  const NOT_NULL = "ALTER TABLE t ADD CHECK (c IS NOT NULL) NOT VALID;";
  const FILL = "CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();";
  const FILLING = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.a := 1; RETURN NEW; END';";
  const PUBLIC = "GRANT SELECT ON t TO PUBLIC;";
  const cases: readonly (readonly [sql: string | readonly string[], times: number])[] = [
    // A new column, which old releases leave out.
    [`ALTER TABLE t ADD c int; ${NOT_NULL}`, 1],
    [[OLD, `ALTER TABLE t ADD c int; UPDATE t SET c = 1 WHERE id < 9; ${NOT_NULL}`], 1],
    ["ALTER TABLE t ADD c int, ADD CONSTRAINT k CHECK (c IS NOT NULL) NOT VALID;", 1],
    ["ALTER TABLE t ADD c int; ALTER TABLE t ADD CONSTRAINT k NOT NULL c NOT VALID;", 1],
    ["ALTER TABLE t ADD c int; UPDATE t SET c = 1 WHERE id < 9; ALTER TABLE t ALTER c SET NOT NULL;", 1],
    ["ALTER TABLE t ADD c int DEFAULT NULL; ALTER TABLE t ADD CHECK (id > 0 AND c IS NOT NULL) NOT VALID;", 1],
    ["ALTER TABLE t ADD c text; ALTER TABLE t ADD CHECK (coalesce(c, ''::text) <> '') NOT VALID;", 1],
    [
      "ALTER TABLE t ADD c int; ALTER TABLE t ADD d int; ALTER TABLE t ADD CHECK (c IS NOT NULL OR d > 0 IS TRUE) NOT VALID;",
      2,
    ],
    ["ALTER TABLE t ADD c int, ADD d int; ALTER TABLE t ADD CHECK (num_nonnulls(c, d) = 1) NOT VALID;", 2],
    ["ALTER TABLE t ADD c int NOT NULL DEFAULT 0; ALTER TABLE t ALTER c DROP DEFAULT;", 1],
    ["ALTER TABLE t ADD c int NOT NULL DEFAULT 0, ALTER c DROP DEFAULT;", 1],
    ["ALTER TABLE t ADD c int NOT NULL DEFAULT 0; ALTER TABLE t ALTER c SET DEFAULT NULL;", 1],
    [`ALTER TABLE t ADD c int DEFAULT 0; ${NOT_NULL} ALTER TABLE t ALTER c DROP DEFAULT;`, 1],
    [`ALTER TABLE t ADD c int DEFAULT 0; ${NOT_NULL}`, 0],
    [`ALTER TABLE t ADD c int; ${NOT_NULL} ALTER TABLE t ALTER c SET DEFAULT 0;`, 0],
    [`ALTER TABLE t ADD c int; ${FILL} ${NOT_NULL}`, 0],
    [`ALTER TABLE t ADD c int; ${NOT_NULL} ${FILL}`, 0],
    [`ALTER TABLE t ADD c int; ${FILL.replace("BEFORE", "AFTER")} ${NOT_NULL}`, 1],
    [`ALTER TABLE t ADD c int GENERATED ALWAYS AS IDENTITY; ${NOT_NULL}`, 0],
    [`CREATE TABLE t (id int); ALTER TABLE t ADD c int; ${NOT_NULL}`, 0],
    ["ALTER TABLE t ADD c int; ALTER TABLE t ADD CHECK (c > 0) NOT VALID;", 0],
    ["ALTER TABLE t ADD c int; ALTER TABLE t ADD CHECK (c IS NOT NULL OR a IS NOT NULL) NOT VALID;", 0],
    ["ALTER TABLE t ADD c int; ALTER TABLE t ADD CHECK (coalesce(c, 0) >= 0) NOT VALID;", 0],
    ["ALTER TABLE t ADD c int; ALTER TABLE t ADD CHECK (num_nonnulls(a, c) = 1) NOT VALID;", 0],
    ["ALTER TABLE t ADD c int DEFAULT 0; ALTER TABLE t ALTER c DROP DEFAULT;", 0],
    [
      "ALTER TABLE t ADD c int; ALTER TABLE t ADD CONSTRAINT k CHECK (c > 1 AND c IS NOT NULL) NOT VALID; ALTER TABLE t DROP CONSTRAINT k;",
      0,
    ],
    // required-column tells it.
    ["ALTER TABLE t ADD c int NOT NULL;", 0],
    [
      [
        `${OLD} ALTER TABLE t ADD c int NOT NULL DEFAULT 0;`,
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS c int; ALTER TABLE t ALTER c SET NOT NULL;",
      ],
      0,
    ],
    // A column that was there.
    [[OLD, "ALTER TABLE t ALTER a SET NOT NULL;"], 1],
    [[`${OLD} ${FILLING} ${FILL}`, "ALTER TABLE t ALTER a SET NOT NULL;"], 0],
    [[`${OLD} ${FILLING} ${FILL}`, "ALTER TABLE t ALTER b SET NOT NULL;"], 1],
    [[`${OLD} ${FILLING} ${FILL}`, "DROP TRIGGER f ON t; ALTER TABLE t ALTER a SET NOT NULL;"], 1],
    [[`${OLD} ${FILLING} ${FILL.replace("INSERT", "UPDATE")}`, "ALTER TABLE t ALTER a SET NOT NULL;"], 1],
    [[OLD, "ALTER TABLE t ALTER a SET NOT NULL, ALTER a SET DEFAULT 'x';"], 0],
    [[OLD, "ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t ALTER a SET DEFAULT 'x';"], 0],
    ["ALTER TABLE t ADD CHECK (a > 0) NOT VALID;", 1],
    ["CREATE TABLE t (a int); ALTER TABLE t ADD CHECK (a > 0) NOT VALID;", 0],
    // An identity.
    ["ALTER TABLE t ALTER id SET GENERATED ALWAYS;", 1],
    ["ALTER TABLE t ALTER id SET GENERATED BY DEFAULT SET CACHE 9;", 0],
    ["ALTER TABLE t ADD id bigint GENERATED BY DEFAULT AS IDENTITY; ALTER TABLE t ALTER id SET GENERATED ALWAYS;", 0],
    ["ALTER TABLE t ALTER id DROP IDENTITY;", 1],
    ["ALTER TABLE t ALTER id DROP IDENTITY, ALTER id SET DEFAULT nextval('s');", 0],
    ["ALTER TABLE t ALTER id DROP IDENTITY; ALTER TABLE t ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;", 0],
    // A right.
    ["REVOKE SELECT ON t FROM reader;", 1],
    ["REVOKE GRANT OPTION FOR SELECT ON t FROM reader;", 0],
    ["REVOKE ALL ON t FROM PUBLIC;", 0],
    [[OLD, "REVOKE ALL ON t FROM PUBLIC;"], 0],
    [[`${OLD} ${PUBLIC}`, "REVOKE ALL ON t FROM PUBLIC;"], 1],
    [[`${OLD} ${PUBLIC}`, "REVOKE ALL ON t FROM PUBLIC;", "REVOKE ALL ON t FROM PUBLIC;"], 0],
    [[`${OLD} GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;`, "REVOKE ALL ON t FROM PUBLIC;"], 1],
    [["ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;", OLD, "REVOKE ALL ON t FROM PUBLIC;"], 1],
    [[OLD, `${PUBLIC} REVOKE ALL ON t FROM PUBLIC;`], 0],
    ["REVOKE ALL ON t FROM reader; GRANT SELECT, INSERT, UPDATE, DELETE ON t TO reader;", 0],
    ["REVOKE ALL ON t FROM reader; GRANT SELECT ON t TO reader;", 1],
    [`CREATE TABLE t (id int); REVOKE ALL ON t FROM reader;`, 0],
    ["REVOKE ALL ON TABLE t FROM PUBLIC, reader;", 1],
  ];
  test.each(cases)("%j: %p", (sql, times) => {
    expect(findingsIn(sql).filter(({ rule }) => rule === "breaks-old-writer")).toHaveLength(times);
  });

  test("a script may be run in steps, between which a release learns of the column: that is a note", () => {
    const file = script(`SET lock_timeout = '2s'; ALTER TABLE t ADD c int; ${NOT_NULL}`);
    const { findings } = lint([{ file, isLinted: true, isAlone: true }], { together: false });
    expect(findings.map(({ rule, severity }) => [rule, severity])).toEqual([["breaks-old-writer", "note"]]);
  });
});

/** What a migration made itself, and what is gone with its session, nobody else uses. */
test.each([
  "CREATE TEMP TABLE x (id int PRIMARY KEY); DELETE FROM x; ALTER TABLE x RENAME TO y; TRUNCATE y; DROP TABLE y;",
  "CREATE TEMP TABLE x (a int); ALTER TABLE x SET (autovacuum_enabled = false); DROP TABLE pg_temp.x;",
  "DROP TABLE IF EXISTS pg_temp.x;",
  "SELECT 1 AS a INTO TEMP x; DELETE FROM x; DROP TABLE x;",
  "CREATE TEMP SEQUENCE s; DROP SEQUENCE s;",
  "CREATE SEQUENCE s; ALTER SEQUENCE s RESTART WITH 1000; DROP SEQUENCE s;",
  "CREATE SCHEMA s; CREATE TABLE s.t (id bigint PRIMARY KEY); ALTER SCHEMA s RENAME TO r;",
  "CREATE SCHEMA s; CREATE TABLE s.t (id bigint PRIMARY KEY); DROP SCHEMA s CASCADE;",
  "CREATE TYPE m AS ENUM ('a'); ALTER TYPE m RENAME VALUE 'a' TO 'b'; DROP TYPE m CASCADE;",
  "CREATE VIEW v AS SELECT 1 AS a; ALTER VIEW v RENAME TO w; ALTER VIEW w SET SCHEMA app; DROP VIEW app.w CASCADE;",
  "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f() CASCADE;",
  "CREATE TYPE m AS (a int); ALTER TYPE m RENAME TO n; DROP TYPE n;",
  "ALTER TYPE m RENAME TO m_old; CREATE TYPE m AS ENUM ('b'); DROP TYPE m_old;",
  "CREATE TYPE m_new AS ENUM ('b'); ALTER TYPE m RENAME TO m_old; ALTER TYPE m_new RENAME TO m;",
  "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; REFRESH MATERIALIZED VIEW m; DROP MATERIALIZED VIEW m;",
  "CREATE TABLE t (id bigint PRIMARY KEY); ALTER TABLE t DROP COLUMN id CASCADE; TRUNCATE t CASCADE; DROP TABLE t CASCADE;",
])("no alarm: %s", (sql) => {
  expect(findingsIn(sql).filter(({ severity }) => severity !== "note")).toEqual([]);
});

test.each([
  ["DROP TABLE t CASCADE;", "drop-cascades"],
  ["CREATE TYPE m AS ENUM ('a'); DROP TYPE m, n CASCADE;", "drop-cascades"],
  ["ALTER TABLE t DROP COLUMN a CASCADE;", "drop-cascades"],
  ["ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO v; DROP TABLE v;", "rename-table"],
  ["DROP SEQUENCE s;", "drop-used-object"],
  ["CREATE SCHEMA r; DROP SCHEMA s CASCADE;", "drop-schema"],
  ["DROP MATERIALIZED VIEW m;", "drop-used-object"],
  ["ALTER TYPE mood RENAME TO feeling;", "rename-table"],
  ["ALTER FUNCTION f(int) RENAME TO g;", "rename-table"],
  ["ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE u ADD PRIMARY KEY (id);", "replica-identity-lost"],
])("alarm: %s %s", (sql, rule) => {
  expect(rulesIn(sql)).toContain(rule);
});

test.each([
  ["a TYPE timestamptz", true],
  ["a TYPE timestamptz USING a", true],
  ["a TYPE timestamptz USING a::timestamptz", true],
  ["a TYPE timestamptz USING a AT TIME ZONE 'UTC'", false],
  ["b TYPE timestamptz(3)", false],
])("the time zone of the session decides what a timestamp becomes: %s %p", (action, isFound) => {
  const sql = `ALTER TABLE t ALTER ${action};`;
  const of = (...texts: string[]): boolean =>
    rulesIn(["CREATE TABLE t (a timestamp, b timestamptz);", ...texts]).includes("changes-values");
  expect(of(sql)).toBe(isFound);
  expect(of(`SET TIME ZONE 'UTC'; ${sql}`)).toBe(false);
});

describe("a rename that the body of a function does not follow", () => {
  const USERS = "CREATE TABLE users (id bigint, name text);";
  const IN_SQL = "CREATE FUNCTION names() RETURNS SETOF text LANGUAGE sql AS 'SELECT name FROM users';";
  const OF_ROW =
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := trim(new.name); RETURN NEW; END $$;";
  const RENAME = "ALTER TABLE users RENAME name TO full_name;";
  const found = (...sql: string[]): string[] =>
    findingsIn(sql).flatMap(({ rule, message }) => (rule === "rename-breaks-code" ? [message] : []));

  test("is told with the function and what it names", () => {
    expect(found(USERS + IN_SQL + OF_ROW, RENAME)).toEqual([
      "The body of names names users.name, and no rename changes a body: it fails as soon as this commits",
      "The body of touch names users.name, and no rename changes a body: it fails as soon as this commits",
    ]);
    expect(found(USERS + IN_SQL, "ALTER TABLE users RENAME TO people;")).toHaveLength(1);
    expect(
      found(
        `${IN_SQL}CREATE FUNCTION more() RETURNS text LANGUAGE sql AS 'SELECT names()';`,
        "ALTER FUNCTION names() RENAME TO n;",
      ),
    ).toHaveLength(1);
  });

  test.each([
    [
      "one that is replaced with it",
      IN_SQL,
      `${RENAME}${IN_SQL.replace("CREATE", "CREATE OR REPLACE").replace("SELECT name", "SELECT full_name")}`,
    ],
    ["one that goes", IN_SQL, `${RENAME}DROP FUNCTION names();`],
    [
      "a comment, a string, and a column of another table",
      "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'name' /* name */ FROM users $$;",
      RENAME,
    ],
    [
      "a body that PostgreSQL reads itself",
      "CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT name FROM users; END;",
      RENAME,
    ],
    [
      "a name that something else has by then",
      IN_SQL,
      "ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people;",
    ],
  ])("nothing is said of %s", (_what, made, sql) => {
    expect(found(USERS + made, sql)).toEqual([]);
  });
});

test("a primary key that is dropped and made again in one migration leaves no table without", () => {
  const drop = "ALTER TABLE t DROP CONSTRAINT t_pkey;";
  for (const again of ["ADD CONSTRAINT t_pkey PRIMARY KEY (a)", "REPLICA IDENTITY USING INDEX i"])
    expect(rulesIn(`${drop} ALTER TABLE t ${again};`)).not.toContain("replica-identity-lost");
});

test.each([
  ["varchar(20)", "varchar(40)", false],
  ["varchar(20)", "varchar(10)", true],
  ["text", "varchar(10)", true],
  ["varchar(20)", "text", false],
  ["integer", "bigint", false],
  ["bigint", "integer", true],
  ["integer", "numeric(12,2)", false],
  ["integer", "numeric(9,0)", true],
  ["numeric(8,0)", "integer", false],
  ["numeric(10,0)", "integer", true],
  ["numeric(8,2)", "integer", true],
  ["numeric(10,2)", "numeric(12,2)", false],
  ["numeric(10,2)", "numeric(12,4)", false],
  ["numeric(10,2)", "numeric", false],
  ["numeric(10,2)", "numeric(10,4)", true],
  ["numeric(10,2)", "numeric(12,1)", true],
  ["numeric", "numeric(12,2)", true],
  ["double precision", "real", true],
  ["real", "double precision", false],
  ["timestamptz", "date", true],
  ["timestamp", "date", true],
  ["timestamptz", "timestamp", true],
  ["timestamp", "timestamptz", false],
])("%s to %s narrows: %p", (from, to, isFound) => {
  const sql = [`CREATE TABLE t (a ${from});`, `ALTER TABLE t ALTER a TYPE ${to};`];
  expect(rulesIn(sql).includes("narrows-values")).toBe(isFound);
});

const CHECKED = "CREATE TABLE t (a int, b int); ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL);";
const SWALLOWS = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';";

test.each([
  ["UPDATE t SET a = 1 FROM u;", "update-all", true],
  ["UPDATE t SET a = u.a FROM u WHERE u.id = t.id;", "update-all", false],
  ["UPDATE t SET a = 1 WHERE id IS NOT NULL;", "update-all", true],
  ["UPDATE t SET a = 1 WHERE email IS NOT NULL;", "update-all", false],
  ["DELETE FROM t WHERE id = id;", "delete-all", true],
  ["DELETE FROM t WHERE id = id AND done;", "delete-all", false],
  ["DELETE FROM t WHERE done OR true;", "delete-all", true],
  ["DELETE FROM t USING u WHERE u.id = t.id;", "delete-all", false],
  ["DELETE FROM t USING u;", "delete-all", true],
  ["CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING;", "rule-swallows-writes", true],
  ["CREATE RULE r AS ON INSERT TO t DO ALSO NOTHING;", "rule-swallows-writes", false],
  ["CREATE RULE r AS ON DELETE TO t DO INSTEAD UPDATE t SET a = 1 WHERE id = old.id;", "rule-swallows-writes", false],
  ["CREATE TABLE t (id int); CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING;", "rule-swallows-writes", false],
  [
    `${SWALLOWS} CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();`,
    "trigger-swallows-writes",
    true,
  ],
  [
    `${SWALLOWS} CREATE TRIGGER x AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();`,
    "trigger-swallows-writes",
    false,
  ],
  [
    `${SWALLOWS} CREATE TABLE t (id int); CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();`,
    "trigger-swallows-writes",
    false,
  ],
  ["ALTER TABLE t RENAME a TO b; ALTER TABLE t ADD a int;", "column-replaced", true],
  [[CHECKED, "ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t DROP CONSTRAINT c;"], "drop-constraint", false],
  [
    [
      CHECKED.replace("NULL)", "NULL AND b > 0)"),
      "ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t DROP CONSTRAINT c;",
    ],
    "drop-constraint",
    true,
  ],
  ["CREATE TABLE t (a int); ALTER TABLE t RENAME a TO b; ALTER TABLE t ADD a int;", "column-replaced", false],
  ["COPY t FROM PROGRAM 'cat';", "changes-server", true],
  ["COPY t FROM '/tmp/t';", "changes-server", true],
  ["COPY t TO '/tmp/t';", "changes-server", false],
  ["COPY t TO '/tmp/t';", "exposes-data", true],
  ["ALTER DATABASE d SET default_transaction_read_only = on;", "changes-server", true],
  ["ALTER DATABASE d SET search_path = a;", "changes-server", false],
  ["SELECT pg_terminate_backend(pid) FROM pg_stat_activity;", "changes-server", true],
  ["DO $$ BEGIN EXECUTE 'ALTER SYSTEM SET work_mem = 1'; END $$;", "changes-server", true],
])("%s %s: %p", (sql, rule, isFound) => {
  expect(rulesIn(sql).includes(rule)).toBe(isFound);
});

const ADD_IDENTITY = "ALTER TABLE t ALTER id ADD GENERATED BY DEFAULT AS IDENTITY";
test.each([
  [`${ADD_IDENTITY};`, true],
  [`${ADD_IDENTITY} (START WITH 1000);`, false],
  [`${ADD_IDENTITY}; SELECT setval(pg_get_serial_sequence('t', 'id'), (SELECT max(id) FROM t));`, false],
  [`ALTER TABLE t ADD id bigint NOT NULL; ${ADD_IDENTITY};`, false],
  [`CREATE TABLE t (id bigint); ${ADD_IDENTITY};`, false],
])("where the identity of a column with values begins: %s", (sql, isFound) => {
  expect(rulesIn(sql).includes("sequence-repeats")).toBe(isFound);
});

test.each([
  ["REFRESH MATERIALIZED VIEW m WITH NO DATA;", true],
  ["REFRESH MATERIALIZED VIEW m WITH NO DATA; REFRESH MATERIALIZED VIEW other;", true],
  ["CREATE MATERIALIZED VIEW m AS SELECT 1; REFRESH MATERIALIZED VIEW m WITH NO DATA;", false],
])("a materialized view that is empty afterwards: %s", (sql, isFound) => {
  expect(findingsIn(sql).some(({ message }) => message.startsWith("m is empty afterwards"))).toBe(isFound);
});

test("one that is filled again behind it is no finding of its own", () => {
  const [found, ...others] = findingsIn("REFRESH MATERIALIZED VIEW m WITH NO DATA; REFRESH MATERIALIZED VIEW m;");
  expect([found?.rule, found?.message, others.length]).toEqual([
    "refresh-blocks-readers",
    "REFRESH blocks everybody who reads m until its query has run",
    0,
  ]);
});

test("a generated column gets another expression, or none", () => {
  const messages = (sql: string): (readonly [string, string])[] =>
    findingsIn(["CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a) STORED);", sql]).map(
      ({ rule, message }) => [rule, message] as const,
    );
  expect(messages("ALTER TABLE t ALTER b SET EXPRESSION AS (a * 2);")).toEqual([
    [
      "generated-rewrites",
      "t.b is computed anew for every row, and unless it is VIRTUAL the table is rewritten while all reads and writes of it wait",
    ],
    ["changes-values", "Every value of t.b becomes what the new expression says"],
  ]);
  expect(messages("ALTER TABLE t ALTER b DROP EXPRESSION;")).toEqual([
    [
      "drop-default",
      "t.b is computed no more: writers leave it as it was, insert NULL from now on, or fail where it is NOT NULL",
    ],
  ]);
});

test("statements one like the other are each found where they stand", () => {
  const update = "UPDATE t SET a = 'x';\n";
  const found = findingsIn([
    "CREATE TABLE t (a text);",
    `${update}${update.replace("x", "longer")}DELETE FROM t WHERE a = 'x';\n${update}`,
  ]);
  const all = found.filter(({ rule }) => rule === "update-all");
  expect(all.map(({ location: { line, column } }) => [line, column])).toEqual([
    [1, 1],
    [2, 1],
    [4, 1],
  ]);
});

test.each([
  ["update-all", "UPDATE t SET a = 'x' WHERE 1 = 2", "UPDATE t SET a = 'y' WHERE 1 = 1"],
  ["update-all", "UPDATE t SET a = 'x' WHERE 'f'", "UPDATE t SET a = 'y' WHERE 't'"],
  ["delete-all", "DELETE FROM t WHERE a = 'x' OR 1 = 2", "DELETE FROM t WHERE a = 'x' OR 1 = 1"],
  ["enum-value-used-at-once", "UPDATE t SET a = 'old' WHERE b = 1", "UPDATE t SET a = 'new' WHERE b = 2"],
  ["enum-value-used-at-once", "INSERT INTO t VALUES ('old')", "INSERT INTO t VALUES ('new')"],
  ["sequence-repeats", "INSERT INTO t VALUES (setval('made', 1))", "INSERT INTO t VALUES (setval('kept', 1))"],
  [
    "sequence-repeats",
    "UPDATE t SET a = setval('made', 1) WHERE id = 1",
    "UPDATE t SET a = setval('kept', 1) WHERE id = 2",
  ],
])("%s is found in one of several that are like each other", (rule, harmless, other) => {
  const before = "ALTER TYPE mood ADD VALUE 'new';\nCREATE SEQUENCE made;\n";
  const found = findingsIn(`${before}${`${harmless};\n`.repeat(3)}${other};\n${harmless};`);
  expect(found.filter((one) => one.rule === rule).map(({ location: { line } }) => line)).toEqual([6]);
});
