import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { runHere } from "../../support/in-process.ts";
import { temporaryProject } from "../../support/project.ts";

setDefaultTimeout(120_000);

interface Found {
  readonly rule: string;
  readonly severity: string;
  readonly how: string;
  readonly message: string;
  readonly location: { readonly file: string; readonly line?: number };
}

/** What lint finds in the last migration, run in a scratch database after the others. */
async function traced(...migrations: readonly string[]): Promise<Found[]> {
  return await tracedWith([], {}, ...migrations);
}

async function tracedWith(
  args: readonly string[],
  more: Readonly<Record<string, string>>,
  ...migrations: readonly string[]
): Promise<Found[]> {
  const files = migrations.map((text, at) => {
    const ending = text.startsWith("import") ? "ts" : "sql";
    return [`db/migrations/00${at + 1}_it.${ending}`, text] as const;
  });
  await using project = await temporaryProject({ ...Object.fromEntries(files), ...more });
  const last = files.at(-1)![0];
  const { stdout, stderr } = await runHere(["lint", last, "--format", "json", ...args], { cwd: project.dir });
  const document = JSON.parse(stdout) as { findings?: Found[] };
  if (document.findings === undefined) throw new Error(stdout + stderr);
  return document.findings;
}

const TABLE =
  "CREATE TABLE users (id int PRIMARY KEY, name varchar(20) CHECK (length(name) > 0), age text, email text, at timestamptz);\n" +
  "CREATE INDEX users_name ON users (name);\n";

describe("what a statement takes, or puts at risk", () => {
  test("CASCADE is told with the keys and columns that go, and what IF EXISTS does not find is a note", async () => {
    const posts = "CREATE TABLE posts (user_id int REFERENCES users);\nCREATE TABLE lonely (id int PRIMARY KEY);\n";
    const messageOf = async (sql: string): Promise<(readonly [string, string, string])[]> =>
      (await traced(TABLE + posts, sql)).map(({ rule, severity, message }) => [rule, severity, message] as const);
    const cascades = (await messageOf("DROP TABLE users CASCADE; DROP TABLE lonely CASCADE;")).filter(
      ([rule]) => rule === "drop-cascades",
    );
    expect(cascades).toEqual([
      [
        "drop-cascades",
        "error",
        "CASCADE drops more than is named here: FOREIGN KEY posts_user_id_fkey on public.posts",
      ],
      ["drop-cascades", "warning", expect.stringContaining("nothing does by the migrations")],
    ]);
    const untraced = "CREATE EXTENSION http; SELECT http_get('a'); SELECT http_get('b'); SELECT http_get('c');";
    expect(await messageOf(`DROP TABLE IF EXISTS nothere CASCADE; ${untraced}`)).toEqual([
      [
        "drop-table",
        "note",
        "The migrations leave no TABLE nothere: nothing is lost but in a database where it was made by hand",
      ],
      ["not-traced", "note", expect.stringContaining('The extension "http" is not in the embedded PostgreSQL')],
      [
        "not-traced",
        "note",
        expect.stringMatching(/a statement before it did not run.*; so were 2 more statements of this file$/),
      ],
    ]);
    const sequence = "CREATE SEQUENCE s;\n";
    expect((await traced(sequence, "ALTER SEQUENCE s RESTART WITH 5;")).map(({ rule }) => rule)).toEqual([
      "sequence-repeats",
    ]);
    expect(await traced(TABLE, `${sequence}SELECT setval('s', 5);`)).toEqual([]);
  });
});

test("SET LOGGED and SET ACCESS METHOD copy nothing where a table is so already", async () => {
  const found = await traced(
    "CREATE TABLE a (id int); CREATE UNLOGGED TABLE b (id int); CREATE TABLE c (id int);",
    "ALTER TABLE a SET LOGGED;\nALTER TABLE a SET ACCESS METHOD heap;\nALTER TABLE b SET LOGGED;\nALTER TABLE c SET TABLESPACE pg_default;",
  );
  expect(found.filter(({ rule }) => rule === "table-moves").map(({ location }) => location.line)).toEqual([3, 4]);
});

test("TRUNCATE ... CASCADE names what it empties besides", async () => {
  const found = await traced(
    "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a); CREATE TABLE c (b int REFERENCES b) PARTITION BY LIST (b); " +
      "CREATE TABLE c1 PARTITION OF c FOR VALUES IN (1); CREATE TABLE d (id int);",
    "CREATE TABLE e (id int REFERENCES a);\nTRUNCATE a CASCADE;",
  );
  expect(found.filter(({ rule }) => rule === "drop-cascades").map(({ message }) => message)).toEqual([
    "TRUNCATE CASCADE empties more than is named here: public.b, public.c",
  ]);
});

test("another expression rewrites the table of a column that is stored, and none of one that is not", async () => {
  const columns = "b int GENERATED ALWAYS AS (a) STORED, c int GENERATED ALWAYS AS (a) VIRTUAL";
  const found = await traced(
    `CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, ${columns});`,
    "ALTER TABLE t ALTER b SET EXPRESSION AS (a * 2);\nALTER TABLE t ALTER c SET EXPRESSION AS (a * 2);",
  );
  expect(found.map(({ rule, severity, location }) => [rule, severity, location.line])).toEqual([
    ["generated-rewrites", "error", 1],
    ["changes-values", "warning", 1],
    ["changes-values", "warning", 2],
  ]);
});

describe("a trace says what the text only suggests", () => {
  test.each([
    ["ALTER TABLE users ALTER name TYPE varchar(40);", ["type-change-rechecks"]],
    ["ALTER TABLE users ALTER email TYPE varchar;", []],
    [`ALTER TABLE users ALTER name TYPE varchar(20) COLLATE "C";`, ["type-change-rewrites"]],
    [
      "ALTER TABLE users ADD COLUMN a timestamptz DEFAULT now(), ADD COLUMN b uuid DEFAULT gen_random_uuid();",
      ["default-rewrites"],
    ],
    ["ALTER TABLE users ALTER id TYPE bigint;", ["type-change-rewrites"]],
    ["SET timezone = 'UTC';\nALTER TABLE users ALTER at TYPE timestamp;", ["narrows-values"]],
    [
      "CREATE FUNCTION steady() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';\nALTER TABLE users ADD COLUMN n int DEFAULT steady();",
      [],
    ],
    [
      "CREATE FUNCTION odd() RETURNS int VOLATILE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';\nALTER TABLE users ADD COLUMN n int DEFAULT odd();",
      ["default-rewrites"],
    ],
    [
      "CREATE DOMAIN small AS int CHECK (VALUE < 9);\nALTER TABLE users ADD COLUMN n small DEFAULT 1;",
      ["default-rewrites"],
    ],
    ["CREATE INDEX IF NOT EXISTS users_name ON users (name);", []],
    ["ALTER TABLE users ADD COLUMN n int REFERENCES users (id);", []],
  ])("%s", async (sql, rules) => {
    const found = await traced(TABLE, sql);
    const mine = found.filter(({ rule }) => /rewrites|rechecks|blocks|under-lock|narrows|fails/.test(rule));
    expect(mine.map(({ rule }) => rule)).toEqual([...rules]);
    for (const { rule, how } of mine)
      expect({ rule, how }).toEqual({ rule, how: rule === "narrows-values" ? "text" : "measured" });
  });

  test("SET NOT NULL after a CHECK that proves it reads nothing, however the CHECK is written", async () => {
    const proven = await traced(
      TABLE,
      "ALTER TABLE users ADD CHECK (email > '');\nUPDATE users SET email = 'x';",
      "SELECT 1;",
    );
    expect(proven).toEqual([]);
    const found = await traced(
      `${TABLE}ALTER TABLE users ADD CONSTRAINT c CHECK (length(email) > 0 AND email IS NOT NULL) NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT c;`,
      "ALTER TABLE users ALTER email SET NOT NULL;",
    );
    expect(found).toEqual([]);
  });
});

describe("what only shows when a statement runs", () => {
  test("a cast that a value refuses, with the value", async () => {
    const found = await traced(TABLE, "ALTER TABLE users ALTER age TYPE int USING age::int;");
    const failing = found.find(({ rule }) => rule === "fails-on-rows");
    expect(failing).toMatchObject({ severity: "error", how: "measured", location: { line: 1 } });
    expect(failing?.message).toContain("invalid input syntax for type integer");
  });

  test("a constraint that rows may violate is a note: to refuse them is what it is there for", async () => {
    const found = await traced(TABLE, "ALTER TABLE users ADD CONSTRAINT c CHECK (email LIKE '%@%');");
    expect(found.find(({ rule }) => rule === "fails-on-rows")).toMatchObject({ severity: "note", how: "measured" });
  });

  test("a table that is not there", async () => {
    const found = await traced(TABLE, "SELECT 1;\nALTER TABLE nowhere ADD COLUMN a int;");
    expect(found).toMatchObject([{ rule: "statement-fails", how: "measured", location: { line: 2 } }]);
  });

  test("what stands in the way, by PostgreSQL's detail", async () => {
    const found = await traced(
      `${TABLE}CREATE VIEW v AS SELECT age FROM users;`,
      "ALTER TABLE users ALTER age TYPE varchar(9);",
    );
    const failing = found.filter(({ rule }) => rule === "statement-fails");
    expect(failing.map(({ message }) => message)).toEqual([
      expect.stringMatching(/used by a view.* on view v depends on/),
    ]);
  });

  test("a value of an enum that is used too early", async () => {
    const found = await traced(
      "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE people (id int PRIMARY KEY, mood mood);",
      "ALTER TYPE mood ADD VALUE 'fine' AFTER 'ok';\nUPDATE people SET mood = 'fine' WHERE id = 1;",
    );
    expect(found.map(({ rule, how }) => [rule, how])).toEqual([["enum-value-used-at-once", "measured"]]);
  });

  test("what a block of code did, and that there may be more", async () => {
    const found = await traced(TABLE, "DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD COLUMN x int'; END $$;");
    expect(found).toMatchObject([{ rule: "opaque-block", severity: "note" }]);
    expect(found[0]?.message).toContain("ACCESS EXCLUSIVE on public.users");
  });

  test("CONCURRENTLY is known and not measured, and no finding", async () => {
    expect(await traced(TABLE, "CREATE INDEX CONCURRENTLY users_email ON users (email);")).toEqual([]);
  });

  test("room on the disk, for tables that are known to be large", async () => {
    const relations = [
      { name: "public.users", rows: 9e6, bytes: 3 * 2 ** 30, indexes: 2 },
      { name: "public.small", rows: 9, bytes: 8192, indexes: 0 },
    ];
    const stats = JSON.stringify({ format: "confiture-stats", version: 1, taken: "", postgres: 18, relations });
    const found = await tracedWith(
      ["--stats", "stats.json"],
      { "stats.json": stats },
      `${TABLE}CREATE TABLE small (id int);`,
      "ALTER TABLE users ALTER id TYPE bigint;\nALTER TABLE small ALTER id TYPE bigint;\nCREATE INDEX users_age ON users (age);\nALTER TABLE users ADD COLUMN n int;",
    );
    const mine = found.filter(({ rule }) => rule === "disk-headroom");
    expect(mine.map(({ severity, location: { line } }) => [severity, line])).toEqual([
      ["note", 1],
      ["note", 3],
    ]);
    expect(mine[0]?.message).toStartWith("public.users has 3.0 GB: ");
  });

  test("what CASCADE takes with it, by name", async () => {
    const found = await traced(
      `${TABLE}CREATE VIEW v AS SELECT * FROM users;`,
      "ALTER TABLE users DROP COLUMN name CASCADE;",
    );
    expect(found.find(({ rule }) => rule === "drop-cascades")?.message).toContain("public.v");
  });
});

test("TypeScript is linted by the statements that it asks for", async () => {
  const found = await traced(
    TABLE,
    'import { Migration } from "confiture";\nexport default class extends Migration {\n  up() { this.execute("CREATE INDEX users_email ON users (email)"); }\n}\n',
  );
  expect(found).toMatchObject([
    { rule: "index-blocks-writes", how: "measured", location: { file: "db/migrations/002_it.ts" } },
  ]);
});

describe("comments in TypeScript", () => {
  const of = (body: string): string =>
    `import { Migration } from "confiture";\nexport default class It extends Migration {\n  async up() {\n${body}\n  }\n}\n`;
  test.each([
    [
      "above the call",
      '// confiture:ignore drop-column none reads it\nawait this.execute("ALTER TABLE users DROP age");',
      [],
    ],
    [
      "above a call of several lines with two statements",
      "// confiture:ignore drop-column none reads it\nawait this.execute(\n  `ALTER TABLE users DROP age;\n   ALTER TABLE users DROP email`,\n);",
      [],
    ],
    [
      "above another call",
      '// confiture:ignore drop-column none reads it\nawait this.execute("SELECT 1")\nawait this.execute("ALTER TABLE users DROP age")',
      ["drop-column", "ignore-unused"],
    ],
    [
      "above a block of calls",
      '// confiture:ignore drop-column none reads it\nfor (const n of [1]) {\nawait this.execute("ALTER TABLE users DROP age"); }',
      ["drop-column", "ignore-unused", "opaque-block"],
    ],
    [
      "above a call that is not reached here",
      'if ((await this.query("SELECT 1")).length > 5) {\n/* confiture:ignore drop-column none reads it */\nawait this.execute("ALTER TABLE users DROP age"); }',
      ["opaque-block"],
    ],
    [
      "behind the call",
      'await this.execute("ALTER TABLE users DROP age"); // confiture:ignore drop-column none reads it',
      [],
    ],
    [
      "of the whole file",
      '// confiture:ignore-file drop-column none reads it\nawait this.execute("ALTER TABLE users DROP age"); await this.execute("ALTER TABLE users " + "DROP email");',
      [],
    ],
    ["before the SQL", 'await this.execute("-- confiture:ignore drop-column no\\nALTER TABLE users DROP age");', []],
    ["in the SQL", "await this.execute(`ALTER TABLE users /* confiture:ignore drop-column no */ DROP age`);", []],
    [
      "at the end of the SQL before",
      "await this.execute(`SELECT 1;\n-- confiture:ignore drop-column no`); await this.execute(`ALTER TABLE users DROP age`);",
      ["drop-column", "ignore-unused"],
    ],
    [
      "in SQL that a loop puts together",
      'for (const name of ["age", "nothing"]) await this.execute(`-- confiture:ignore drop-column no\nALTER TABLE users DROP COLUMN IF EXISTS ${name}`);',
      ["opaque-block"],
    ],
    [
      "in a string",
      'const say = "// confiture:ignore drop-column none reads it";\nawait this.execute("ALTER TABLE users DROP age", [] as string[]); say.length;',
      ["drop-column"],
    ],
    [
      "an unknown rule, and no reason",
      '// confiture:ignore drop-colum no\n// confiture:ignore drop-column\nawait this.execute("ALTER TABLE users DROP age");',
      ["drop-column", "ignore-unknown", "ignore-without-reason"],
    ],
  ] as const)("%s", async (_what, body, rules) => {
    expect((await traced(TABLE, of(body))).map(({ rule }) => rule).toSorted()).toEqual([...rules]);
  });

  test("what did not run without a trace is not said to be unused", async () => {
    const file = of(
      '// confiture:ignore drop-column no\n// confiture:ignore drop-colum no\nawait this.execute("ALTER TABLE users DROP age");',
    );
    expect(
      (await tracedWith(["--no-trace"], {}, TABLE, file)).map(({ rule, location: { line } }) => [rule, line]),
    ).toEqual([
      ["not-traced", undefined],
      ["ignore-unknown", 5],
    ]);
    const sql =
      "-- confiture:ignore fails-on-rows none is empty\n-- confiture:ignore drop-table no\nALTER TABLE users ALTER age TYPE int USING age::int;";
    expect((await tracedWith(["--no-trace"], {}, TABLE, sql)).map(({ rule }) => rule)).toContain("ignore-unused");
    expect(
      (await tracedWith(["--no-trace"], {}, TABLE, sql)).filter(({ rule }) => rule === "ignore-unused"),
    ).toHaveLength(1);
  });

  test("a comment in SQL is told at its line, among statements that are alike", async () => {
    const update = (n: number): string => `  UPDATE users SET email = 'a${n}' WHERE id = ${n};\n`;
    const many = Array.from(
      { length: 12 },
      (_, n) => (n === 5 ? "  -- confiture:ignore update-all no\n" : "") + update(n),
    );
    const found = await traced(TABLE, of(`await this.execute(\`\n${many.join("")}\`);`));
    expect(found).toMatchObject([{ rule: "ignore-unused", location: { line: 10, column: 3 } }]);
  });

  test("an error is told at its line", async () => {
    const found = await traced(
      TABLE,
      of("await this.execute(`\n  SELECT 1;\n  ALTER TABLE users\n    ADD a nothing`);"),
    );
    expect(found).toMatchObject([{ rule: "statement-fails", location: { file: "db/migrations/002_it.ts", line: 7 } }]);
  });
});

test("of TypeScript, everything that is found at one place is said, and once where a loop repeats it", async () => {
  const both = "DELETE FROM users; CREATE INDEX ON users (email);";
  const found = await traced(
    TABLE,
    `import { Migration } from "confiture";\nexport default class It extends Migration {\n  async up() {\n    for (const _ of [1, 2]) await this.execute("DO $$ BEGIN ${both} END $$");\n  }\n}\n`,
  );
  expect(found.filter(({ rule }) => rule === "does-by-code").map(({ severity }) => severity)).toEqual([
    "warning",
    "error",
  ]);
});

test("where nothing can be run, the text is judged, and that is said", async () => {
  await using project = await temporaryProject({
    "db/migrations/001_it.sql": "ALTER TABLE nowhere ADD COLUMN a int;\n",
    "db/migrations/002_it.sql": "CREATE INDEX ON nowhere (a);\n",
  });
  const { stdout, stderr } = await runHere(["lint", "db/migrations/002_it.sql"], { cwd: project.dir });
  expect(stdout).toContain("[index-blocks-writes]");
  expect(stderr).toContain(
    "judged by the text alone, because nothing could be run: db/migrations/001_it.sql:1: relation",
  );
});

test("what is applied and was edited since is named and not linted; what is pending is", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n",
    "db/migrations/001_it.sql": TABLE,
  });
  const run = async (...args: string[]) => await runHere(args, { cwd: project.dir });
  expect((await run("migrate", "up")).exitCode).toBe(0);
  await project.write("db/migrations/001_it.sql", `${TABLE}SELECT 1;\n`);
  await project.write("db/migrations/002_it.sql", "CREATE INDEX users_email ON users (email);\n");
  const pending = await run("lint");
  expect(pending.stdout).toContain("[index-blocks-writes]");
  expect(pending.stdout).not.toContain("prefer-bigint");
  expect(pending.stderr).toContain("db/migrations/001_it.sql is applied and was edited since");
  expect((await run("lint", "db/migrations/001_it.sql")).stdout).toContain("prefer-bigint");
});

const APP = `CREATE TABLE accounts (id int PRIMARY KEY, note text);
CREATE TABLE posts (id int PRIMARY KEY, account int REFERENCES accounts ON DELETE CASCADE);
CREATE TABLE audit (what text);
CREATE TABLE ev (at int, note text) PARTITION BY RANGE (at);
CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (1000000000);
`;

/** A trigger function that deletes what no row here is like. */
const CLEANS = "BEGIN DELETE FROM posts WHERE account BETWEEN 1000 AND 4000; RETURN NEW; END";

describe("what a statement does by code is said", () => {
  test.each([
    [
      "a function in SQL, with no row that it would take here",
      "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM posts WHERE account > 1000'; SELECT f();",
      ["does-by-code"],
    ],
    [
      "a function with a body of SQL",
      "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC DELETE FROM posts WHERE account > 1000; END; SELECT f();",
      ["does-by-code"],
    ],
    [
      "a function in PL/pgSQL",
      "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE posts SET account = 1 WHERE id > 1000000; END'; SELECT f();",
      ["does-by-code"],
    ],
    [
      "a rule",
      "CREATE RULE r AS ON INSERT TO audit DO ALSO DELETE FROM posts WHERE account BETWEEN 1000 AND 4000; INSERT INTO audit VALUES ('a');",
      ["does-by-code"],
    ],
    [
      "a trigger",
      `CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS '${CLEANS}'; CREATE TRIGGER x AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION g(); INSERT INTO audit VALUES ('a');`,
      ["does-by-code"],
    ],
    [
      "a trigger with a branch that deletes",
      `CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF (SELECT count(*) FROM posts) > 100 THEN DELETE FROM posts; END IF; RETURN NEW; END'; CREATE TRIGGER x AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION g(); INSERT INTO audit VALUES ('a');`,
      ["does-by-code", "opaque-block"],
    ],
    [
      "a trigger with a branch that takes nothing",
      `CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.what IS NULL THEN NEW.what := 1; END IF; RETURN NEW; END'; CREATE TRIGGER x BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION g(); INSERT INTO audit VALUES ('a');`,
      [],
    ],
    ["rows that go with others by a foreign key", "DELETE FROM accounts WHERE note = 'nobody'", ["does-by-code"]],
    [
      "DDL of a function",
      "CREATE FUNCTION h() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER TABLE posts ADD COLUMN z int'; END $$; SELECT h();",
      ["does-by-code", "opaque-block"],
    ],
    [
      "its own rows",
      "INSERT INTO audit VALUES ('a'); DELETE FROM posts WHERE id = 5; UPDATE ev SET note = 'x' WHERE at = 1;",
      [],
    ],
    ["nothing", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(), count(*) FROM posts;", []],
  ] as const)("%s", async (_what, sql, rules) => {
    const found = (await traced(APP, sql)).map(({ rule }) => rule);
    expect([...new Set(found.filter((rule) => /^(?:does-by|opaque)/.test(rule)))].toSorted()).toEqual([...rules]);
  });

  const BUILDS = "CREATE INDEX posts_note ON posts (account);";
  const REWRITES = "ALTER TABLE accounts ADD token uuid DEFAULT gen_random_uuid();";
  const block = (body: string): string => `DO $$ BEGIN ${body} END $$;`;
  const routine = (kind: string, body: string): string =>
    `CREATE ${kind} r() ${kind === "FUNCTION" ? "RETURNS void " : ""}LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;`;
  test.each([
    ["an index", block(BUILDS), "error", "builds an index on public.posts while writes of it wait"],
    ["a table", block(REWRITES), "error", "rewrites public.accounts while reads and writes of it wait"],
    [
      "a function that does both",
      `${routine("FUNCTION", BUILDS + REWRITES)} SELECT r();`,
      "error",
      "rewrites public.accounts while reads and writes of it wait; builds an index on public.posts while writes of it wait",
    ],
    ["a procedure", `${routine("PROCEDURE", BUILDS)} CALL r();`, "error", "builds an index on public.posts while"],
    [
      "a check that rows violate",
      block("ALTER TABLE accounts ALTER note SET NOT NULL;"),
      "error",
      "reads all rows of public.accounts while reads and writes of it wait",
    ],
    [
      "rows that change under a lock",
      `ALTER TABLE accounts ADD c int; ${block("UPDATE posts SET account = NULL;")}`,
      "error",
      "changes rows of public.posts while reads and writes of accounts wait",
    ],
    ["a schema that goes", block("DROP SCHEMA old CASCADE;"), "warning", "drops TABLE old.t"],
    ["rows that its text names", block("DELETE FROM posts;"), "warning", "deletes rows of public.posts"],
    ["a table that is emptied", block("TRUNCATE posts;"), "warning", "deletes all rows of public.posts"],
  ] as const)("with the severity that it has by itself: %s", async (_what, sql, severity, message) => {
    const found = await traced(`${APP}CREATE SCHEMA old; CREATE TABLE old.t (id int PRIMARY KEY);`, sql);
    const own = found.filter(({ rule, message: said }) => rule === "does-by-code" && said.includes(message));
    expect(own).toMatchObject([{ severity, how: "measured" }]);
    // None of them has a branch.
    const opaque = found.filter(({ rule }) => rule === "opaque-block");
    expect(opaque.filter((one) => one.message.includes("branches") || one.how !== "measured")).toEqual([]);
  });

  test("TypeScript with branches is not seen whole", async () => {
    const of = (body: string): string =>
      `import { Migration } from "confiture";\nexport default class It extends Migration {\n  async up() {\n    ${body}\n  }\n}\n`;
    const branches = of(
      'const rows = await this.query("SELECT 1 AS n"); if (rows.length > 5) await this.execute("DROP TABLE audit");',
    );
    const straight = of('await this.execute("ALTER TABLE audit ADD COLUMN IF NOT EXISTS n int"); // if ever?');
    expect((await traced(APP, branches)).map(({ rule }) => rule)).toContain("opaque-block");
    expect((await traced(APP, straight)).map(({ rule }) => rule)).not.toContain("opaque-block");
  });
});

describe("what is done to partitions is done to their table", () => {
  test.each([
    ["ALTER TABLE ev ADD COLUMN z serial;", "serial-rewrites"],
    ["CREATE DOMAIN pos AS int CHECK (VALUE > 0); ALTER TABLE ev ADD COLUMN z pos;", "default-rewrites"],
    ["ALTER TABLE ev ADD COLUMN z int GENERATED ALWAYS AS (1) STORED;", "generated-rewrites"],
    ["ALTER TABLE ev ALTER note SET NOT NULL;", "not-null-scans"],
  ])("%s", async (sql, rule) => {
    expect((await traced(APP, sql)).map((found) => found.rule)).toContain(rule);
  });
});

test("of several actions, only what can rewrite is blamed", async () => {
  const sql =
    "ALTER TABLE posts ADD COLUMN y int, ADD COLUMN z int GENERATED ALWAYS AS IDENTITY, ADD COLUMN w text DEFAULT 'a';";
  expect((await traced(APP, sql)).map(({ rule }) => rule)).not.toContain("default-rewrites");
});

test("a statement that names the database is tried as one about the scratch database", async () => {
  const found = await traced(
    APP,
    "ALTER DATABASE shop SET timezone = 'UTC'; GRANT CONNECT ON DATABASE shop TO PUBLIC;",
  );
  expect(found.filter(({ rule }) => rule === "statement-fails" || rule === "not-traced")).toEqual([]);
  const [wrong] = await traced(APP, "ALTER DATABASE shop SET timezone = 'nowhere';");
  expect(wrong).toMatchObject({ rule: "statement-fails" });
});
