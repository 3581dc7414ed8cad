import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { long } from "../../support/long.ts";
import { update } from "../../support/schema-update.ts";

// Several scratch databases each.
setDefaultTimeout(300_000);

describe("keys and indexes that only some partitions have", () => {
  const PARTITIONS = `CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
CREATE TABLE p1 (a int NOT NULL, b int);
ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);
`;

  test.each([
    [
      "a unique constraint",
      "ALTER TABLE ONLY p ADD CONSTRAINT u UNIQUE (a, b); ALTER TABLE p2 ADD CONSTRAINT u2 UNIQUE (a, b); ALTER INDEX u ATTACH PARTITION u2;",
      `CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);

ALTER TABLE p2
  ADD CONSTRAINT u2 UNIQUE (a, b);
CREATE TABLE p1 (a int NOT NULL, b int);
ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);

ALTER TABLE ONLY p
  ADD CONSTRAINT u UNIQUE (a, b);

ALTER INDEX u ATTACH PARTITION u2;
`,
    ],
    [
      "an index",
      "CREATE INDEX p_b ON ONLY p (b);\nCREATE INDEX p2_b ON p2 (b);\nALTER INDEX p_b ATTACH PARTITION p2_b;",
      `CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);

CREATE INDEX p2_b ON p2 (b);
CREATE TABLE p1 (a int NOT NULL, b int);
ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);

CREATE INDEX p_b ON ONLY p (b);

ALTER INDEX p_b ATTACH PARTITION p2_b;
`,
    ],
  ])("%s comes behind the partitions", async (_, migration, partitions) => {
    const p = "CREATE TABLE p (a int NOT NULL, b int) PARTITION BY LIST (a);\n";
    const { after } = await update({ "p.sql": p + PARTITIONS }, migration);
    expect(after).toEqual({ "p.sql": p + partitions });
  });

  test.each([
    ["a key", "CREATE TABLE p (a int NOT NULL, b int, PRIMARY KEY (a)) PARTITION BY LIST (a);\n"],
    ["an index", "CREATE TABLE p (a int NOT NULL, b int) PARTITION BY LIST (a);\nCREATE INDEX p_b ON p (b);\n"],
  ])("%s of all of them that becomes one of some moves behind them", async (what, p) => {
    const only =
      what === "a key"
        ? "ALTER TABLE ONLY p\n  ADD CONSTRAINT p_pkey PRIMARY KEY (a);"
        : "CREATE INDEX p_b ON ONLY p (b);";
    const drop = what === "a key" ? "ALTER TABLE p DROP CONSTRAINT p_pkey;" : "DROP INDEX p_b;";
    const { after } = await update({ "p.sql": p + PARTITIONS }, `${drop}\n${only}`);
    expect(after).toEqual({
      "p.sql": `CREATE TABLE p (a int NOT NULL, b int) PARTITION BY LIST (a);\n${PARTITIONS}\n${only}\n`,
    });
  });

  long("those of partitions go where the last one gets its own, or another one", async () => {
    const [p, two] = [
      "CREATE TABLE p (a int NOT NULL) PARTITION BY LIST (a);\n",
      "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);\n",
    ];
    const key = (number: number): string =>
      `ALTER TABLE p${number} ADD CONSTRAINT k${number} PRIMARY KEY (a);\nALTER INDEX p_pkey ATTACH PARTITION k${number};\n`;
    const before = `${p}CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n${two}ALTER TABLE ONLY p ADD PRIMARY KEY (a);\n${key(2)}`;
    const all = await update({ "p.sql": before }, key(1));
    expect(all.after["p.sql"]).not.toContain("ATTACH");
    const other = await update(
      { "p.sql": before },
      `ALTER TABLE p DROP CONSTRAINT p_pkey;\nALTER TABLE ONLY p ADD PRIMARY KEY (a);\n${key(1)}`,
    );
    expect(other.after["p.sql"]).toContain("ATTACH PARTITION k1");
    expect(other.after["p.sql"]).not.toContain("k2");
  });
});

describe("a privilege that goes", () => {
  const TABLES = "CREATE ROLE clerk;\nCREATE TABLE t (id int);\nCREATE TABLE u (id int);\n";

  test.each([
    [
      "leaves the list of those that are granted, and other grants alone",
      "GRANT SELECT, UPDATE ON t TO clerk;\nGRANT INSERT ON t TO clerk;\n",
      "GRANT SELECT ON t TO clerk;\nGRANT INSERT ON t TO clerk;\n",
    ],
    [
      "is revoked behind what grants it again",
      "GRANT SELECT ON t TO clerk;\n\nGRANT ALL ON ALL TABLES IN SCHEMA public TO clerk;\n\n-- the end\n",
      "GRANT SELECT ON t TO clerk;\n\nGRANT ALL ON ALL TABLES IN SCHEMA public TO clerk;\n\nREVOKE UPDATE ON TABLE t FROM clerk;\n\n-- the end\n",
    ],
    [
      "is revoked once, where it has to be tried at several places",
      "DO $$ BEGIN GRANT ALL ON t TO clerk; END $$;\n",
      "DO $$ BEGIN GRANT ALL ON t TO clerk; END $$;\n\nREVOKE UPDATE ON TABLE public.t FROM clerk;\n",
    ],
  ])("%s", async (_, grants, after) => {
    const result = await update({ "t.sql": TABLES + grants }, "REVOKE UPDATE ON t FROM clerk");
    expect(result.after).toEqual({ "t.sql": TABLES + after });
    expect(result.edits).toHaveLength(1);
  });
});

describe("a column in a GRANT", () => {
  const TABLES =
    "CREATE ROLE clerk;\nCREATE ROLE web;\nCREATE TABLE t (id int, name text);\nCREATE TABLE u (id int, name text);\n";
  const REVOKES = "REVOKE SELECT (name) ON t FROM clerk;";

  test.each([
    ["goes from its list", "GRANT SELECT (id, name) ON t TO clerk;\n", REVOKES, "GRANT SELECT (id) ON t TO clerk;\n"],
    ["goes with the statement where it is the only one", "GRANT SELECT (name) ON t TO clerk;\n", REVOKES, ""],
    [
      "goes on one of several tables, which gets a statement of its own",
      "GRANT SELECT (id, name), INSERT ON TABLE t, u TO clerk;\n",
      REVOKES,
      "GRANT SELECT (id, name), INSERT ON TABLE u TO clerk;\nGRANT SELECT (id), INSERT ON TABLE t TO clerk;\n",
    ],
    [
      "goes on one of several tables, of which nothing is left",
      "GRANT SELECT (name) ON t, u TO clerk;\n",
      REVOKES,
      "GRANT SELECT (name) ON u TO clerk;\n",
    ],
    [
      "that is dropped goes from those of all roles",
      "GRANT SELECT (id, name), UPDATE (name) ON t, u TO clerk, web;\n",
      "ALTER TABLE u DROP COLUMN name;",
      "GRANT SELECT (id, name), UPDATE (name) ON t TO clerk, web;\nGRANT SELECT (id) ON u TO clerk, web;\n",
    ],
  ])("%s", async (_, grants, migration, expected) => {
    const result = await update({ "t.sql": TABLES + grants }, migration);
    const tables = migration.includes("DROP") ? TABLES.replace("u (id int, name text)", "u (id int)") : TABLES;
    expect(result.after).toEqual({ "t.sql": tables + expected });
    expect(result.edits.map(({ how }) => how)).toEqual([expected === "" ? "removed" : "edited"]);
  });
});

test("an edit that something later makes vain is taken back when it has been appended behind that", async () => {
  const files = "CREATE TABLE u (id int, a int);\nDO $$ BEGIN ALTER TABLE u ALTER a SET DEFAULT 1; END $$;\n";
  const { after } = await update({ "u.sql": files }, "ALTER TABLE u ALTER a SET DEFAULT 2");
  expect(after).toEqual({ "u.sql": `${files}\nALTER TABLE public.u\n  ALTER COLUMN a SET DEFAULT 2;\n` });
});

test("a constraint that stands beside its column changes there, where others of its kind have statements of their own", async () => {
  const z = (reference: string, check: string): string =>
    `create table z (id int references y ${reference} not null, n int check (${check}) default 3);\n`;
  const y = "create table y (id int primary key);\n";
  const others =
    "alter table z add constraint a foreign key (n) references y;\nalter table z add constraint b foreign key (id) references y;\n";
  const { after } = await update(
    { "z.sql": y + z("on delete cascade", "n > 0") + others },
    "ALTER TABLE z DROP CONSTRAINT z_id_fkey, ADD FOREIGN KEY (id) REFERENCES y ON DELETE SET NULL; ALTER TABLE z DROP CONSTRAINT z_n_check, ADD CHECK (n > 1)",
  );
  expect(after).toEqual({ "z.sql": y + z("(id) on delete set null", "(n > 1)").replace("y (id)", "y(id)") + others });
});

test("a constraint goes together with the statement that validated it", async () => {
  const tables = "CREATE TABLE y (id int PRIMARY KEY);\nCREATE TABLE z (id int);\n";
  const constraint =
    "ALTER TABLE z ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES y NOT VALID;\nALTER TABLE z VALIDATE CONSTRAINT f;\n";
  const { after } = await update({ "z.sql": tables + constraint }, "ALTER TABLE z DROP CONSTRAINT f");
  expect(after).toEqual({ "z.sql": tables });
});

test("a comment that heads several statements stays, and one that is about the dropped one alone goes with it", async () => {
  const table = "CREATE TABLE t (id int);\n";
  const policy = (name: string): string => `CREATE POLICY ${name} ON t USING (true);\n`;
  const rule = "-----------------\n";
  const { after } = await update(
    {
      "t.sql": `${table}
-- Policies
${policy("one")}${policy("two")}
${rule}-- Of others
${rule}${policy("three")}
-- four is for the old app
${policy("four")}${policy("five")}
-- Once
${policy("six")}
-- seven and eight
${policy("seven")}${policy("eight")}`,
    },
    ["one", "three", "four", "six", "seven"].map((name) => `DROP POLICY ${name} ON t;`).join("\n"),
  );
  expect(after).toEqual({
    "t.sql": `${table}
-- Policies
${policy("two")}
${rule}-- Of others
${rule}
${policy("five")}
-- seven and eight
${policy("eight")}`,
  });
});

describe("line ends", () => {
  const TABLE = "CREATE TABLE t (\n\tid int,\n\tname text\n);\n";
  const windows = (text: string): string => text.replaceAll("\n", "\r\n");

  test("of a file are those of what is added to it, and quotes keep their own", async () => {
    const rows = "INSERT INTO t VALUES (1, 'x');\n";
    const change = `COMMENT ON TABLE t IS 'one\ntwo';\nCREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$\n  SELECT 'a'\n$$;\nINSERT INTO t VALUES (2, E'a\\r\\nb\\nc');\n`;
    const { after, lackingRows } = await update({ "t.sql": windows(TABLE + rows) }, change);
    expect(lackingRows).toEqual([]);
    expect(after["t.sql"]).toBe(
      windows(
        `${TABLE}\nCOMMENT ON TABLE t IS 'one|two';\n${rows}\nCREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$|  SELECT 'a'|$$;\n\nINSERT INTO t (id, name) VALUES\n    (2, E'a\\r|b|c');\n`,
      ).replaceAll("|", "\n"),
    );
  });

  test("in a string do not become those of the file", async () => {
    const comment = "COMMENT ON TABLE t IS 'a\r\nb';\n";
    const { after } = await update({ "t.sql": TABLE + comment }, "ALTER TABLE t ADD c int; CREATE INDEX ON t (c);");
    expect(after["t.sql"]).toBe(
      `${TABLE.replace("name text", "name text,\n\tc int")}${comment}\nCREATE INDEX ON t (c);\n`,
    );
  });

  test("and a byte order mark stay where a file ends without one", async () => {
    const end = ") -- all";
    const { after } = await update(
      { "t.sql": `\ufeff${windows(TABLE).replace(");\r\n", end)}`, "v.sql": "CREATE VIEW v AS SELECT 1 AS a" },
      "ALTER TABLE t ADD c int; CREATE VIEW w AS SELECT 2 AS a;",
      `${TABLE}CREATE VIEW v AS SELECT 1 AS a;`,
    );
    expect(after).toEqual({
      "t.sql": `\ufeff${windows(TABLE.replace("name text", "name text,\n\tc int")).replace(");\r\n", end)}`,
      "w.sql": "CREATE VIEW w AS SELECT 2 AS a;\r\n",
    });
  });
});

describe("renames that follow each other", () => {
  const CHAIN =
    "ALTER TABLE t RENAME COLUMN a TO b; ALTER TABLE t RENAME COLUMN b TO c; ALTER TABLE t RENAME TO s; ALTER TABLE s RENAME TO r; ALTER TABLE r RENAME COLUMN x TO a;";

  test.each([
    [
      "in a chain",
      "CREATE TABLE t (\n  a int, -- first\n  x text\n);\nCREATE VIEW v AS SELECT a FROM t;\n",
      CHAIN,
      "CREATE TABLE r (\n  c int, -- first\n  a text\n);\nCREATE VIEW v AS SELECT c AS a FROM r;\n",
    ],
    [
      "and change places",
      "CREATE TABLE t (\n  a int, -- first\n  b text\n);\nINSERT INTO t (a, b) VALUES (1, 'x');\n",
      "ALTER TABLE t RENAME COLUMN a TO tmp; ALTER TABLE t RENAME COLUMN b TO a; ALTER TABLE t RENAME COLUMN tmp TO b;",
      "CREATE TABLE t (\n  b int, -- first\n  a text\n);\nINSERT INTO t (b, a) VALUES (1, 'x');\n",
    ],
  ])("%s keep each column at its place", async (_, before, migration, after) => {
    const result = await update({ "t.sql": before }, migration);
    expect(result.after).toEqual({ "t.sql": after });
    expect(new Set(result.edits.map(({ how }) => how))).toEqual(new Set(["renamed"]));
  });

  test("are not done again in files that have them", async () => {
    const { after } = await update(
      { "r.sql": "CREATE TABLE r (\n  c int, -- first\n  a text\n);\n" },
      `${CHAIN} ALTER TABLE r ADD z int;`,
      "CREATE TABLE t (a int, x text);",
    );
    expect(after).toEqual({ "r.sql": "CREATE TABLE r (\n  c int, -- first\n  a text,\n  z int\n);\n" });
  });
});

test("what is renamed in one schema keeps its name in others, whatever the search_path is", async () => {
  const files = (name: string, column: string, key: string): string => `CREATE SCHEMA s1;
CREATE SCHEMA s2;
CREATE TABLE s1.${name} (id int${key} PRIMARY KEY, ${column} int);
CREATE TABLE s2.t (id int PRIMARY KEY, a int REFERENCES s1.${name} (id));
CREATE VIEW s2.v AS SELECT a FROM s2.t;
SET search_path TO s2, s1;
CREATE INDEX ON t (a);
CREATE VIEW w AS SELECT t.a FROM t;
SET search_path TO s1;
COMMENT ON TABLE ${name} IS 'of s1';
RESET search_path;
CREATE TABLE t (a int); -- of public
`;
  const { after } = await update(
    { "1.sql": files("t", "a", "") },
    "ALTER TABLE s1.t RENAME a TO b; ALTER TABLE s1.t RENAME TO u;",
  );
  expect(after).toEqual({ "1.sql": files("u", "b", " CONSTRAINT t_pkey") });
});

test("statements that share a line go without the others and their comment, and a table with its statistics", async () => {
  const { after } = await update(
    {
      "1.sql": `CREATE TABLE b (id int, n int); CREATE INDEX b_n ON b (n); -- b and its index
CREATE TABLE c (id int, n int);
CREATE STATISTICS st ON id, n FROM c;
CREATE TABLE d (id int); CREATE TABLE e (id int);
`,
    },
    "DROP INDEX b_n; DROP TABLE c; DROP TABLE d;",
  );
  expect(after).toEqual({ "1.sql": "CREATE TABLE b (id int, n int); -- b and its index\nCREATE TABLE e (id int);\n" });
});

test.each([",", ""])("a column comes behind the comment of the one before it, also over lines (%p)", async (comma) => {
  const table = (added: string, end = comma): string =>
    `CREATE TABLE t (\n  b text${end} /* about b,\n  over lines */${added}\n${comma === "" ? "" : "  CHECK (b <> '')\n"});\n`;
  const { after } = await update({ "t.sql": table("") }, "ALTER TABLE t ADD d int;");
  expect(after).toEqual({ "t.sql": table(`\n  d int${comma}`, ",") });
});

describe("IF NOT EXISTS", () => {
  test("comes along where the files write it throughout, or the migration wrote it", async () => {
    const t = "CREATE TABLE IF NOT EXISTS t (id int);\nCREATE INDEX IF NOT EXISTS t_id ON t (id);\n";
    const { after } = await update(
      { "all.sql": t },
      "CREATE INDEX t_more ON t ((id + 1));\nCREATE STATISTICS s ON id, (id + 1) FROM t;\nDO $$ BEGIN CREATE TABLE u (id int); END $$;\n",
    );
    const text = after["all.sql"]!;
    expect(text).toContain("CREATE INDEX IF NOT EXISTS t_more ON t ((id + 1));");
    expect(text).toContain("CREATE STATISTICS IF NOT EXISTS");
    expect(text).toContain("CREATE TABLE IF NOT EXISTS u (");
    const own = await update(
      { "t.sql": "CREATE TABLE t (id int);\n" },
      "CREATE INDEX IF NOT EXISTS k ON t (id);\nCREATE INDEX l ON t (id);",
    );
    expect(own.after["t.sql"]).toContain("CREATE INDEX IF NOT EXISTS k ON t (id);");
    expect(own.after["t.sql"]).toContain("CREATE INDEX l ON t (id);");
  });

  test("stays where a statement is replaced", async () => {
    const { after } = await update(
      { "t.sql": "CREATE TABLE t (id int);\ncreate index if not exists k on t (id);\n" },
      "DROP INDEX k; CREATE INDEX k ON t ((id + 1));",
    );
    expect(after["t.sql"]).toBe("CREATE TABLE t (id int);\nCREATE INDEX IF NOT EXISTS k ON t ((id + 1));\n");
  });
});

describe("types and sequences of a new table", () => {
  const DOMAIN = "CREATE DOMAIN amount AS int CHECK (VALUE > 0);\n";
  const SEQUENCE = "CREATE SEQUENCE numbers;\n";
  const TYPE = "CREATE TYPE state AS ENUM ('a');\n";
  const TABLE = "CREATE TABLE orders (id int DEFAULT nextval('numbers'), s state, a amount);\n";
  const MADE = TYPE + DOMAIN + SEQUENCE + TABLE;
  const made = [DOMAIN, SEQUENCE, TYPE, TABLE].join("\n");

  test("come right before it where the files have none, or have theirs so", async () => {
    const users = {
      "10_users.sql": "CREATE TABLE users (id int);\n",
      "20_posts.sql": "CREATE TABLE posts (id int);\n",
    };
    expect((await update(users, MADE)).after).toEqual({ "30_orders.sql": made });
    const beside = {
      "10_users.sql": "CREATE TYPE kind AS ENUM ('k');\nCREATE TABLE users (id int, k kind);\n",
      "20_posts.sql": "CREATE SEQUENCE n;\nCREATE TABLE posts (id int DEFAULT nextval('n'));\n",
    };
    expect((await update(beside, MADE)).after).toEqual({ "30_orders.sql": made });
  });

  test("come to the others where these have a file of their own", async () => {
    const { after } = await update(
      {
        "00_types.sql": "CREATE TYPE kind AS ENUM ('k');\nCREATE TYPE size AS ENUM ('s');\n",
        "05_sequences.sql": "CREATE SEQUENCE n;\nCREATE SEQUENCE m;\n",
        "10_users.sql": "CREATE TABLE users (id int DEFAULT nextval('n'), k kind, s size);\n",
      },
      MADE,
    );
    expect(after["00_types.sql"]).toContain("CREATE TYPE state AS ENUM ('a');\n");
    expect(after["00_types.sql"]).toContain("CREATE DOMAIN amount");
    expect(after["05_sequences.sql"]).toBe("CREATE SEQUENCE n;\nCREATE SEQUENCE m;\nCREATE SEQUENCE numbers;\n");
  });

  test("are not written where a serial column makes them", async () => {
    const { after, edits } = await update(
      { "all.sql": "CREATE TABLE t (id serial PRIMARY KEY);\n" },
      "CREATE TABLE u (id bigserial PRIMARY KEY);\nALTER TABLE t ADD COLUMN n serial;\n",
    );
    expect(after["all.sql"]).toBe(
      "CREATE TABLE t (id serial PRIMARY KEY, n serial);\nCREATE TABLE u (id bigserial PRIMARY KEY);\n",
    );
    expect(edits.filter(({ how }) => how === "appended")).toEqual([]);
  });
});

describe("a new partition", () => {
  const P = "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n";

  long("is not taken a right that it does not get where it stands", async () => {
    const { after } = await update(
      { "p.sql": `${P}ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;\n` },
      "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);\nREVOKE ALL ON p2 FROM PUBLIC;\n",
    );
    expect(after["p.sql"]).toContain("CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);\n");
    expect(after["p.sql"]).not.toContain("REVOKE");
  });

  test("comes behind what grants rights on all tables, which it is not to have", async () => {
    const { after } = await update(
      { "p.sql": `${P}GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;\n` },
      "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);\n",
    );
    expect(after["p.sql"]).toBe(
      `${P}GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;\n\nCREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);\n`,
    );
  });
});
