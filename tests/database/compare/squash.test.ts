import { describe, expect, test } from "bun:test";
import { squash } from "#compare/base/squash.ts";
import { readSequences } from "#compare/sources/sequences.ts";
import { verify } from "#compare/verify/verify.ts";
import { withDatabase } from "#database/open.ts";
import { Secret, type ServerTarget } from "#database/target.ts";
import { oldestServer } from "../../support/engines.ts";
import { long } from "../../support/long.ts";
import { temporaryProject, type TemporaryProject } from "../../support/project.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

const MIGRATIONS = {
  "db/migrations/001_users.sql":
    "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL CHECK (name <> ''));\nINSERT INTO users (name) VALUES ('it''s'), (E'two\\nlines');\nCOMMENT ON TABLE users IS 'people';",
  "db/migrations/002_more.ts":
    'import { Migration } from "confiture";\nexport default class extends Migration {\n  up() { this.execute("ALTER TABLE users ADD bio text; UPDATE users SET bio = name"); }\n}\n',
  "db/migrations/003_index.sql": "CREATE INDEX CONCURRENTLY users_bio ON users (bio)",
  "db/migrations/004_last.sql":
    "-- migrate:up\nINSERT INTO users (name) VALUES ('last');\nALTER TABLE users ADD last boolean;\n-- migrate:down\nALTER TABLE users DROP last;\nDELETE FROM users WHERE name = 'last';\n",
};

async function put(project: TemporaryProject, through: string): Promise<readonly string[]> {
  const { base, squashed } = await squash({ ...filesOf(project.dir), through });
  await project.write(base.path, base.text);
  for (const { path } of squashed) await Bun.file(project.path(path)).delete();
  return squashed.map(({ version }) => version);
}

describe("a base moves forward", () => {
  test("over SQL, TypeScript and what runs outside a transaction, rows and sequences included, and again", async () => {
    await using project = await temporaryProject(MIGRATIONS);
    expect(await put(project, "003")).toEqual(["001", "002", "003"]);
    const report = await verify(filesOf(project.dir));
    expect(report.checks).toMatchObject([{ name: "migrations", outcome: "proven" }]);
    expect(report.from).toBe("base-file");
    const text = await Bun.file(project.path("db/migrations/base.sql")).text();
    for (const part of ["-- squashed: 001 ", "CREATE INDEX users_bio", "it''s", "setval"]) expect(text).toContain(part);
    expect(await put(project, "004")).toEqual(["004"]);
    const again = await Bun.file(project.path("db/migrations/base.sql")).text();
    expect([...(again.match(/^-- squashed: \d+/gm) ?? [])]).toEqual(
      [1, 2, 3, 4].map((number) => `-- squashed: 00${number}`),
    );
    expect(again).toContain("'last'");
  }, 120_000);

  test("with sequences that were restarted, where they are, and rows of children in these", async () => {
    await using project = await temporaryProject({
      "db/migrations/001_t.sql":
        "CREATE TABLE par (x int); CREATE TABLE chi (y int) INHERITS (par); INSERT INTO par VALUES (1); INSERT INTO chi VALUES (2, 3); CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, x int); CREATE SEQUENCE sq; CREATE SEQUENCE down INCREMENT -1; CREATE SEQUENCE idle;",
      "db/migrations/002_restart.sql":
        "ALTER TABLE t ALTER COLUMN id RESTART WITH 500; ALTER SEQUENCE sq RESTART WITH 77; SELECT setval('down', -9);",
    });
    await put(project, "002");
    await withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(await Bun.file(project.path("db/migrations/base.sql")).text());
      expect(await database.query("SELECT x, tableoid::regclass::text AS of FROM par ORDER BY x")).toEqual([
        { x: 1, of: "par" },
        { x: 2, of: "chi" },
      ]);
      expect(await readSequences(database)).toMatchObject([
        { name: "down", last: "-9", isCalled: true },
        { name: "sq", last: "77", isCalled: false },
        { name: "t_id_seq", last: "500", isCalled: false },
      ]);
    });
  }, 120_000);

  test("rows of tables without columns, and rows that violate a constraint which was never validated", async () => {
    await using project = await temporaryProject({
      "db/migrations/001_t.sql": `CREATE TABLE none (); INSERT INTO none DEFAULT VALUES; INSERT INTO none DEFAULT VALUES;
        CREATE TABLE made (one int GENERATED ALWAYS AS (1) STORED); INSERT INTO made DEFAULT VALUES;
        CREATE DOMAIN short AS text; CREATE TABLE t (a int, b short); INSERT INTO t VALUES (0, 'long');`,
      "db/migrations/002_checks.sql": `ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;
        COMMENT ON CONSTRAINT positive ON t IS 'new rows'; ALTER DOMAIN short ADD CONSTRAINT few CHECK (length(VALUE) < 3) NOT VALID;`,
    });
    // Proven by itself: the same objects and rows.
    expect(await put(project, "002")).toEqual(["001", "002"]);
    const text = await project.read("db/migrations/base.sql");
    expect(text.indexOf("'long'")).toBeGreaterThan(0);
    expect(text.indexOf("'long'")).toBeLessThan(text.indexOf("NOT VALID"));
  }, 120_000);

  for (const engine of oldestServer) {
    test(`rights that it gives are those that ${engine.name} knows, and default privileges those of whoever begins with it`, async () => {
      await using project = await temporaryProject({
        "db/migrations/001_rights.sql": `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO PUBLIC;
          CREATE TABLE all_of_them (id int); CREATE TABLE most (id int); REVOKE DELETE ON most FROM PUBLIC;
          CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION one() FROM PUBLIC;`,
      });
      await put(project, "001");
      const text = await project.read("db/migrations/base.sql");
      await using database = await engine.fresh();
      const role = `${(database.target as ServerTarget).database}_plain`;
      try {
        const rows = await withDatabase(database.target, {}, async (session) => {
          await session.execute(`CREATE ROLE ${role}; GRANT CREATE ON SCHEMA public TO ${role}; SET ROLE ${role}`);
          await session.execute(text);
          return await session.query(
            `SELECT (SELECT defaclrole::regrole::text FROM pg_default_acl) AS role,
                    has_table_privilege('public', 'all_of_them', 'DELETE') AS "all",
                    has_table_privilege('public', 'most', 'INSERT') AS most,
                    has_table_privilege('public', 'most', 'DELETE') AS none,
                    has_function_privilege('public', 'one()', 'EXECUTE') AS may_run`,
          );
        });
        expect(rows).toEqual([{ role, all: true, most: true, none: false, may_run: false }]);
      } finally {
        await database.query(`DROP OWNED BY ${role}`);
        await database.query(`DROP ROLE ${role}`);
      }
    }, 120_000);
  }

  for (const engine of oldestServer) {
    test(`rights that an owner gave up stay given up, for whoever begins with it in ${engine.name}, rows included`, async () => {
      await using project = await temporaryProject({
        "db/migrations/001_w.sql": `CREATE TABLE w (id int PRIMARY KEY, n text); INSERT INTO w VALUES (1, 'kept');
          CREATE TABLE part (id int REFERENCES w); INSERT INTO part VALUES (1); CREATE SEQUENCE numbers; CREATE VIEW v AS SELECT n FROM w;
          CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE kind AS ENUM ('a'); CREATE SCHEMA own;`,
        "db/migrations/002_rights.sql": `REVOKE ALL ON w FROM CURRENT_USER; REVOKE INSERT, DELETE ON part FROM CURRENT_USER;
          REVOKE ALL ON v FROM CURRENT_USER; REVOKE ALL ON SEQUENCE numbers FROM CURRENT_USER; REVOKE ALL ON FUNCTION f() FROM PUBLIC, CURRENT_USER;
          REVOKE ALL ON TYPE kind FROM PUBLIC, CURRENT_USER; REVOKE CREATE ON SCHEMA own FROM CURRENT_USER;
          REVOKE CREATE ON SCHEMA public FROM pg_database_owner; ALTER DEFAULT PRIVILEGES REVOKE TRUNCATE ON TABLES FROM CURRENT_USER;`,
      });
      // Proven by itself: the same rights and rows.
      await put(project, "002");
      const text = await project.read("db/migrations/base.sql");
      await using database = await engine.fresh();
      const role = `${(database.target as ServerTarget).database}_plain`;
      try {
        const rows = await withDatabase(database.target, {}, async (session) => {
          await session.execute(`CREATE ROLE ${role}; GRANT CREATE ON SCHEMA public TO ${role}`);
          await session.execute(`GRANT CREATE ON DATABASE ${(database.target as ServerTarget).database} TO ${role}`);
          await session.execute(`SET ROLE ${role}`);
          await session.execute(text.replaceAll(/^REVOKE .* pg_database_owner;$/gm, ""));
          const [rights] = await session.query(
            `SELECT has_table_privilege('w', 'SELECT') AS none, has_table_privilege('part', 'INSERT') AS less, has_table_privilege('part', 'SELECT') AS rest`,
          );
          await session.execute("RESET ROLE");
          return [rights, ...(await session.query("SELECT * FROM w"))];
        });
        expect(rows).toEqual([
          { none: false, less: false, rest: true },
          { id: 1, n: "kept" },
        ]);
      } finally {
        await database.query(`DROP OWNED BY ${role}`);
        await database.query(`DROP ROLE ${role}`);
      }
    }, 120_000);
  }

  for (const engine of oldestServer) {
    test(`rows are proven that their owner, who is no superuser, may not read in ${engine.name}`, async () => {
      await using project = await temporaryProject({
        "db/migrations/001_w.sql": `CREATE TABLE w (id int PRIMARY KEY, n text); INSERT INTO w VALUES (1, 'kept'); REVOKE ALL ON w FROM CURRENT_USER;`,
        "db/migrations/002_p.sql": `CREATE SCHEMA own; CREATE TABLE own.p (id int); INSERT INTO own.p VALUES (1); CREATE POLICY none ON own.p USING (false);
          ALTER TABLE own.p ENABLE ROW LEVEL SECURITY; ALTER TABLE own.p FORCE ROW LEVEL SECURITY; REVOKE USAGE ON SCHEMA own FROM CURRENT_USER;`,
      });
      await using database = await engine.fresh();
      const target = database.target as ServerTarget;
      const user = `${target.database}_poor`;
      await database.query(`CREATE ROLE ${user} LOGIN CREATEDB PASSWORD 'poor'`);
      try {
        const scratch: ServerTarget = { ...target, user, password: new Secret("poor") };
        const { base } = await squash({ ...filesOf(project.dir), scratch, through: "002" });
        expect(base.text).toContain("'kept'");
        const report = await verify({ ...filesOf(project.dir), scratch });
        expect(report.checks).toMatchObject([{ name: "migrations", outcome: "proven" }]);
      } finally {
        await database.query(`DROP ROLE ${user}`);
      }
    }, 120_000);
  }

  test("values of the clock, of chance and of the user are left to the database that begins with it", async () => {
    await using project = await temporaryProject({
      "db/migrations/001_t.sql": `CREATE TABLE t (id int, at timestamptz DEFAULT now(), day date DEFAULT current_date, by text DEFAULT current_user,
          token uuid DEFAULT gen_random_uuid(), seen timestamptz, who text, kind text DEFAULT lower('A'));
        INSERT INTO t (id, seen, who, kind) VALUES (1, now(), current_user, 'k'), (2, '2020-01-01Z', 'me', 'a');`,
      "db/migrations/002_later.sql": "INSERT INTO t (id, kind) VALUES (3, random()::text);",
    });
    await put(project, "001");
    const text = await project.read("db/migrations/base.sql");
    expect(text).toContain("('1', DEFAULT, DEFAULT, DEFAULT, DEFAULT, now(), CURRENT_USER, 'k')");
    expect(text).toContain("('2', DEFAULT, DEFAULT, DEFAULT, DEFAULT, '2020-01-01 00:00:00+00', 'me', 'a')");
  }, 120_000);

  long(
    "so are expressions with them, and what depends on rows as well is refused at its place",
    async () => {
      const table =
        "CREATE SEQUENCE s; CREATE TABLE t (id int, who text DEFAULT current_user, day date, at timestamptz, set text, key text, token text, n text);\n";
      await using project = await temporaryProject({
        "db/migrations/001_t.sql": `${table}INSERT INTO t (id, who, day, at, set, key, token, n) VALUES
        (1, 'by ' || session_user, (current_date + 7), now() + interval '1 day', current_setting('server_version', true),
         upper(current_user), md5(random()::text), 'K' || nextval('s')),
        (2, 'me', '2020-01-01', '2020-01-01Z', 'a', CASE WHEN current_user = 'x' THEN 'a' ELSE 'b' END, 'x', NULL);
      INSERT INTO t (id, day) SELECT 3, 'today'::date;`,
      });
      await put(project, "001");
      const text = await project.read("db/migrations/base.sql");
      expect(text).toContain(
        "('1', 'by ' || session_user, current_date + 7, now() + interval '1 day', current_setting('server_version', true), upper(current_user), md5(random()::text), 'K1')",
      );
      expect(text).toContain("('2', 'me', '2020-01-01', '2020-01-01 00:00:00+00', 'a', CASE WHEN");
      expect(text).toContain("('3', DEFAULT, 'today'::date, NULL, NULL, NULL, NULL, NULL)");

      for (const statement of [
        "UPDATE t SET key = who || current_user;",
        // Both are the same user's name where this is proven, and not in the database that begins with the base.
        "INSERT INTO t (id, key) VALUES (3, current_user); INSERT INTO t (id, key) SELECT 4, tableowner FROM pg_tables WHERE tablename = 't';",
        "INSERT INTO t (id, day) SELECT 1, current_date + n FROM generate_series(1, 2) n;",
      ]) {
        await using other = await temporaryProject({
          "db/migrations/001_t.sql": `${table}INSERT INTO t (id) VALUES (1);\n${statement}\n`,
        });
        expect(await failureOf(squash({ ...filesOf(other.dir), through: "001" }))).toMatchObject({
          code: "squash_refused",
          location: { file: "db/migrations/001_t.sql", line: 3 },
        });
      }
    },
    120_000,
  );

  long("what no base holds is refused at its place, and named where only code may do it", async () => {
    const a = { "db/migrations/001_a.sql": "CREATE TABLE a (id int);\n" };
    for (const statement of [
      "CREATE ROLE squash_test_role;",
      "ALTER DATABASE d SET timezone = 'UTC';",
      "COMMENT ON DATABASE d IS 'x';",
      "REVOKE CONNECT ON DATABASE d FROM PUBLIC;",
      "SELECT lo_create(4242);",
      "REVOKE EXECUTE ON FUNCTION pg_sleep(double precision) FROM PUBLIC;",
    ]) {
      await using project = await temporaryProject({ ...a, "db/migrations/002_b.sql": `SELECT 1;\n${statement}\n` });
      const failure = await failureOf(squash({ ...filesOf(project.dir), through: "002" }));
      expect(failure).toMatchObject({
        code: "squash_refused",
        location: { file: "db/migrations/002_b.sql", line: 2 },
      });
    }
    const code = "DO $$ BEGIN IF false THEN CREATE ROLE squash_test_role; END IF; END $$;";
    await using project = await temporaryProject({ ...a, "db/migrations/002_b.sql": code });
    expect((await squash({ ...filesOf(project.dir), through: "002" })).doubts).toEqual([
      "002_b runs code that possibly changes a role, which base.sql does not hold",
    ]);
    // Two runs agree on the user.
    await project.write(
      "db/migrations/002_b.sql",
      "SELECT 1;\nDO $$ BEGIN\nINSERT INTO a VALUES (length(current_user)); END $$;",
    );
    expect((await squash({ ...filesOf(project.dir), through: "002" })).doubts).toEqual([
      expect.stringMatching(
        /current_user \(db\/migrations\/002_b\.sql:3\): .* a constant in base\.sql, unless .* CURRENT_USER$/,
      ),
    ]);
    // And on the day and on what is set where TypeScript runs.
    await Bun.file(project.path("db/migrations/002_b.sql")).delete();
    for (const [value, word] of [
      ["new Date().getFullYear()", "new Date()"],
      ["Number(process.env.NOT_SET ?? 1)", "process.env"],
    ]) {
      await project.write(
        "db/migrations/002_b.ts",
        `import { Migration } from "confiture";\nexport default class B extends Migration {\n  up() { this.execute("INSERT INTO a VALUES ($1)", [${value}]); }\n}\n`,
      );
      const { doubts } = await squash({ ...filesOf(project.dir), through: "002" });
      expect(doubts).toEqual([expect.stringContaining(`runs code with ${word} (db/migrations/002_b.ts:3)`)]);
    }
  });

  test.each([
    ["a version that is not there", {}, "009", "migration_unknown"],
    ["one that does not run", { "db/migrations/002_broken.sql": "SELECT 1 / 0" }, "002", "squash_refused"],
    ["a later one that does not run", { "db/migrations/002_broken.sql": "SELECT 1 / 0" }, "001", "squash_refused"],
    [
      "a value of chance, which would be the same in every new database",
      {
        "db/migrations/002_random.sql":
          "CREATE TABLE r (x text); INSERT INTO r SELECT (random() * n)::text FROM generate_series(1, 1) n",
      },
      "002",
      "squash_refused",
    ],
    [
      "one that a trigger gives",
      {
        "db/migrations/002_random.sql":
          "CREATE TABLE r (x text); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'begin new.x := gen_random_uuid(); return new; end'; CREATE TRIGGER r BEFORE INSERT ON r FOR EACH ROW EXECUTE FUNCTION f(); INSERT INTO r VALUES ('x')",
      },
      "002",
      "squash_refused",
    ],
  ])("is refused, and nothing is written: %s", async (_what, files, through, code) => {
    await using project = await temporaryProject({
      "db/migrations/001_a.sql": "CREATE TABLE a (id int)",
      ...(files as Record<string, string>),
    });
    expect((await failureOf(squash({ ...filesOf(project.dir), through }))).code as string).toBe(code);
    expect(await Bun.file(project.path("db/migrations/base.sql")).exists()).toBe(false);
  });

  test.each([
    ["code", "002_r.sql", "CREATE TABLE r (x text);\nDO $$ BEGIN INSERT INTO r VALUES (random()::text); END $$;\n", 2],
    [
      "TypeScript",
      "002_r.ts",
      'import { Migration } from "confiture";\nexport default class extends Migration {\n  up() { this.execute("CREATE TABLE r (x text); INSERT INTO r SELECT random()::text || \'a\'"); }\n}\n',
      3,
    ],
  ])("the migration and the line that write another value each time are named: %s", async (_what, name, text, line) => {
    await using project = await temporaryProject({
      "db/migrations/001_a.sql": "CREATE TABLE a (id int)",
      [`db/migrations/${name}`]: text,
    });
    expect(await failureOf(squash({ ...filesOf(project.dir), through: "002" }))).toMatchObject({
      code: "squash_refused",
      message: expect.stringContaining("public.r.x, which 002_r may write,"),
      location: { file: `db/migrations/${name}`, line },
    });
  });

  long("what the schema files build otherwise is told", async () => {
    await using project = await temporaryProject({
      "db/schema/a.sql": "CREATE TABLE a (id bigint)",
      "db/migrations/001_a.sql": "CREATE TABLE a (id int)",
    });
    const options = { ...filesOf(project.dir), through: "001" };
    expect((await squash(options)).unlikeSchema).toMatchObject([{ name: "public.a.id" }]);
    await project.write("db/schema/a.sql", "CREATE TABLE a (id int)");
    expect((await squash(options)).unlikeSchema).toEqual([]);
    await project.write("db/schema/a.sql", "CREATE TABLE a (id nothing)");
    expect((await squash(options)).unlikeSchema).toMatchObject({ code: "sql_failed" });
  });

  test("migrations of another tool are refused", async () => {
    await using project = await temporaryProject({ "db/migrations/V1__a.sql": "CREATE TABLE a ()" });
    expect((await failureOf(squash({ ...filesOf(project.dir), through: "1" }))).code).toBe("squash_refused");
  });
});
