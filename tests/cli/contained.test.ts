import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { runHere } from "../support/in-process.ts";
import { long } from "../support/long.ts";
import { temporaryProject } from "../support/project.ts";
import { readDocument } from "./document.ts";
import { cliProject } from "./project.ts";
import { expectRefusal } from "./refusal.ts";
import { OLDEST_ALONE } from "../support/servers.ts";

// Many processes in a row, each with an engine or two.
setDefaultTimeout(300_000);

const USERS = "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY);\n";
const WITH_BIO = "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, bio text CHECK (bio IN ('a', 'b')));\n";
const BIO =
  "-- migrate:up\nALTER TABLE users ADD bio text CHECK (bio IN ('a', 'b'));\n-- migrate:down\nALTER TABLE users DROP bio;\n";
const FILES = {
  "db/schema/users.sql": USERS,
  "db/migrations/base.sql": USERS,
  "db/migrations/001_bio.sql": BIO,
};

describe.each(OLDEST_ALONE)("a build knows what its files contain, PostgreSQL %d", (major) => {
  test("what they do not hold stays pending, what they hold is recorded, and up has nothing to do", async () => {
    await using project = await cliProject(FILES, { major });
    expect((await project.succeed(["build"])).stderr).toContain("stays pending: confiture migrate up\n");
    expect((await project.succeed(["migrate", "up"])).stdout).toContain("001_bio applied");

    await project.write("db/schema/users.sql", WITH_BIO);
    const fresh = await project.succeed(["build", "--fresh"], { env: { DATABASE_URL: "postgres://elsewhere/d" } });
    expect(fresh.stderr.split("DATABASE_URL is set and not used")).toHaveLength(2);
    expect(fresh.stderr).toContain("1 migration is contained in the schema files: recorded as applied\n");
    expect((await project.succeed(["migrate", "up"])).stderr).toContain("No pending migrations");
    expect((await project.succeed(["migrate", "status", "--exit-code"])).stdout).toContain("✅ 001_bio");
    await project.succeed(["verify"]);
    await project.succeed(["drift"]);
    await project.succeed(["diff"]);
    expect((await project.succeed(["migrate", "generate", "nothing"])).stderr).toContain("Nothing to generate");

    // A build of what is there already has nothing to prove.
    const again = readDocument(await project.run(["build", "--format", "json"]));
    expect(again).toMatchObject({ recorded: [], unrecorded: [], undecided: [] });
  });

  test("what would change rows that only the files make stays pending, and is recorded once they hold what it leaves", async () => {
    const plans = "CREATE TABLE plans (id int PRIMARY KEY, price int NOT NULL);\n";
    const files = {
      "db/schema/plans.sql": `${plans}INSERT INTO plans VALUES (1, 0), (2, 10);\n`,
      "db/migrations/001_plans.sql": plans,
      "db/migrations/002_price.sql": "UPDATE plans SET price = 12 WHERE id = 2;\n",
    };
    await using project = await cliProject(files, { major });
    const { stderr } = await project.succeed(["build"]);
    expect(stderr).toContain("1 migration is contained in the schema files: recorded as applied\n");
    expect(stderr).toContain(
      "stays pending (1 row of public.plans, which 002_price takes away or changes, is still in the schema files): confiture migrate up\n",
    );
    expect((await project.succeed(["migrate", "up"])).stdout).toContain("002_price applied");
    expect(await project.query("SELECT price FROM plans WHERE id = 2")).toEqual([{ price: 12 }]);

    await project.write("db/schema/plans.sql", `${plans}INSERT INTO plans VALUES (1, 0), (2, 12);\n`);
    const fresh = readDocument(await project.run(["build", "--fresh", "--format", "json"]));
    expect(fresh).toMatchObject({ recorded: ["001", "002"], unrecorded: [] });
  });

  test("--baseline and --no-baseline overrule it", async () => {
    await using project = await cliProject(FILES, { major });
    expect(readDocument(await project.run(["build", "--baseline", "--format", "json"]))).toMatchObject({
      recorded: ["001"],
    });
    await project.write("db/schema/users.sql", WITH_BIO);
    const none = readDocument(await project.run(["build", "--fresh", "--no-baseline", "--format", "json"]));
    expect(none).toMatchObject({ recorded: [], unrecorded: ["001"], undecided: ["001"] });
    expect((await project.run(["build", "--no-baseline", "--baseline"])).exitCode).toBe(2);
  });

  test("what a database holds in part is not proven, with commands that show what it lacks where it is", async () => {
    await using project = await cliProject(FILES, { major });
    await project.query(`${USERS} ALTER TABLE users ADD COLUMN bio text; CREATE TABLE beside (id int);`);
    await project.write(
      "db/migrations/002_index.sql",
      "CREATE INDEX beside_id ON beside (id); CREATE TABLE more (id int);\n",
    );
    const here = await project.run(["migrate", "baseline", "--proven"]);
    expect(here.exitCode).toBe(3);
    expect(here.stderr).toContain("not proven: 001_bio, 002_index");
    expect(here.stderr).toContain("confiture diff -e local ");
    expect(here.stderr).toMatch(/confiture migrate baseline --through 002 +once you have seen/);
    const elsewhere = await project.run(["migrate", "baseline", "--proven", "--database-url", project.url]);
    // The environment's own database is another one.
    expect(elsewhere.stderr).not.toContain("-e local");
    expect(elsewhere.stderr).toContain("confiture diff --database-url ");
  });

  long(
    "one whose file was renamed after it ran here is not recorded a second time, and both ways on end well",
    async () => {
      await using project = await cliProject({ ...FILES, "db/schema/users.sql": WITH_BIO }, { major });
      await project.succeed(["build"]);
      await rm(join(project.dir, "db/migrations/001_bio.sql"));
      await project.write("db/migrations/002_bio.sql", BIO);
      const built = await project.succeed(["build"]);
      expect(built.stderr).toContain(
        "db/migrations/002_bio.sql has exactly the text that was applied here as 001_bio: it was renamed afterwards",
      );
      expect(built.stderr).toContain("Rename it back: db/migrations/002_bio.sql to 001_bio.sql.");
      expect(built.stderr).not.toContain("recorded as applied");
      await project.succeed(["migrate", "resolve", "001", "--rolled-back"]);
      await project.succeed(["migrate", "resolve", "002", "--applied"]);
      expect((await project.succeed(["migrate", "up"])).stderr).toContain("No pending migrations");
      expect((await project.succeed(["build"])).stderr).not.toContain("Next");
      await project.succeed(["verify"]);
    },
  );

  long("a migration that was edited after it ran here is said, proves nothing, and is not squashed", async () => {
    await using project = await cliProject(FILES, { major });
    await project.succeed(["migrate", "up"]);
    await project.write("db/schema/users.sql", WITH_BIO);
    await project.write("db/migrations/001_bio.sql", BIO.replaceAll("text", "varchar(9)"));
    await project.write("db/migrations/002_index.sql", "CREATE INDEX users_bio ON users (bio);\n");
    const before = await project.snapshot();
    const built = await project.run(["build", "--format", "json"]);
    expect(built.stderr).toContain("001_bio was edited after it was applied");
    expect(readDocument(built)).toMatchObject({ edited: ["001"], recorded: [], undecided: ["002"] });
    const proven = await project.run(["migrate", "baseline", "--proven", "--format", "json"]);
    expect(readDocument(proven)).toMatchObject({ recorded: [], unrecorded: ["002"] });
    const refused = { exitCode: 1, code: "squash_refused", names: ["001_bio"], next: "migrate accept 001" } as const;
    await expectRefusal(project, ["migrate", "squash", "--through", "002"], refused);
    expect(await project.snapshot()).toBe(before);
    await project.write("db/schema/more.sql", "CREATE TABLE more (id int);\n");
    const written = await project.run(["migrate", "generate", "more", "--allow-drop"]);
    expect(written.stderr).toMatch(/not tried on the database of environment local: there, 001_bio was edited/);
    // What is done to new databases is not concerned.
    expect(readDocument(await project.run(["build", "--fresh", "--format", "json"]))).toMatchObject({ edited: [] });
  });

  test("a database whose tables are older is not built over: up and --fresh are named", async () => {
    const notes = "CREATE TABLE notes (id int PRIMARY KEY);\n";
    const files = {
      ...FILES,
      "db/schema/users.sql": WITH_BIO,
      "db/schema/notes.sql": notes,
      "db/migrations/002_notes.sql": `-- migrate:up\n${notes}-- migrate:down\nDROP TABLE notes;\n`,
    };
    await using project = await cliProject(files, { major });
    await project.query(USERS);
    // CREATE TABLE IF NOT EXISTS would leave the table without its column, and make the other table.
    const before = await project.snapshot();
    const refused = await project.run(["build"]);
    expect(refused.exitCode).toBe(7);
    expect(refused.stderr).toContain("The schema files hold what 001_bio, 002_notes do, and this database does not");
    expect(refused.stderr).toMatch(/confiture migrate up\n.*confiture build --fresh/);
    expect(await project.snapshot()).toBe(before);
    expect((await project.succeed(["migrate", "up"])).stdout).toContain("002_notes applied");
  });

  test.each([
    "CREATE TABLE copied AS SELECT id FROM users;",
    "CREATE TABLE copied (id int); INSERT INTO copied SELECT id FROM users;",
  ])("nor is one whose rows a migration goes by, which would find its table made and empty: %s", async (step) => {
    const files = {
      "db/schema/users.sql": USERS,
      "db/migrations/001_users.sql": `-- migrate:up\n${USERS}`,
    };
    await using project = await cliProject(files, { major });
    await project.succeed(["migrate", "up"]);
    await project.query("INSERT INTO users (id) VALUES (7)");
    await project.write("db/schema/copied.sql", "CREATE TABLE IF NOT EXISTS copied (id int);\n");
    await project.write("db/migrations/002_copied.sql", `-- migrate:up\n${step}\n`);
    const refused = await project.run(["build"]);
    expect(refused).toMatchObject({ exitCode: 7 });
    expect(refused.stderr).toContain("The schema files hold what 002_copied does, and this database does not");
    await project.succeed(["migrate", "up"]);
    expect(await project.query("SELECT id FROM copied")).toEqual([{ id: 7 }]);
    expect((await project.succeed(["build"])).stderr).not.toContain("recorded");
  });

  long("where migrations cannot bring a database what it lacks, what can is named, and helps", async () => {
    const files = { ...FILES, "db/schema/users.sql": WITH_BIO.replace("IF NOT EXISTS ", "") };
    await using project = await cliProject(files, { major });
    await project.query(`${USERS} ALTER TABLE users ADD bio varchar(9) CHECK (bio IN ('a', 'b'))`);
    const refused = await project.run(["build"]);
    expect(refused.exitCode).toBe(7);
    expect(refused.stderr).toContain("`confiture migrate up` is not known to bring it the rest: ");
    expect((await project.run(["migrate", "up"])).exitCode).toBe(1);
    expect(refused.stderr).toContain("`confiture drift --against schema --sql` prints");
    const { stdout: sql } = await project.run(["drift", "--against", "schema", "--sql"]);
    await project.query(sql);
    expect((await project.succeed(["build"])).stderr).toContain("1 migration is contained in the schema files");
    expect((await project.succeed(["migrate", "up"])).stderr).toContain("No pending migrations");

    await project.query("ALTER TABLE users DROP bio; ALTER TABLE users ADD bio varchar(9)");
    expect((await project.run(["build"])).stderr).toContain("`confiture drift --against schema --sql` prints");
  });

  test("a database that holds some of the migrations without a record gets one before the others run", async () => {
    const age = BIO.replaceAll(/bio text[^;]*/g, "age int").replace("DROP bio", "DROP age");
    const files = {
      ...FILES,
      "db/schema/users.sql": WITH_BIO.replace("(id", "(age int, id"),
      "db/migrations/002_age.sql": age,
    };
    await using project = await cliProject(files, { major });
    await project.query(WITH_BIO);
    const refused = await project.run(["build"]);
    expect(refused.exitCode).toBe(7);
    expect(refused.stderr).toMatch(
      /confiture migrate baseline --proven\n.*To bring it the rest then: confiture migrate up\n/,
    );
    await project.succeed(["migrate", "baseline", "--proven"]);
    expect((await project.succeed(["migrate", "up"])).stdout).toContain("002_age applied");
    expect((await project.succeed(["build"])).stdout).toContain("built successfully");
  });

  long("what IF NOT EXISTS left as it was is no success: the columns that are lacking are named", async () => {
    const table = (columns: string): string => `CREATE TABLE IF NOT EXISTS users (id int${columns});\n`;
    await using project = await cliProject({ "db/schema/users.sql": table(" PRIMARY KEY, age int") }, { major });
    await project.query("CREATE TABLE own (id int)");
    expect(readDocument(await project.run(["build", "--format", "json"]))).toMatchObject({ lacking: [] });
    await project.query("ALTER TABLE users DROP age");
    await project.write("db/schema/users.sql", table(" PRIMARY KEY, age int, bio text"));
    const built = await project.run(["build"]);
    expect(built.exitCode).toBe(7);
    expect(built.stdout).not.toContain("built successfully");
    expect(built.stderr).toMatch(/lacks some of what .*\n.*public\.users\n.*- column age.*\n.*- column bio/);
    expect(built.stderr).not.toContain("own");
    expect(built.stderr).toMatch(/confiture apply .*\n.*migrate generate NAME .*\n.*build --fresh/);
    expect(built.stderr).not.toContain("schema update");
    const document = readDocument(await project.run(["build", "--no-baseline", "--format", "json"]));
    const lacking = ["column public.users.age", "column public.users.bio"];
    expect(document).toMatchObject({
      applied: true,
      exitCode: 7,
      lacking,
      error: { code: "build_over", data: { lacking } },
    });

    // Where migrations keep the database, a change without one is not the way.
    await project.write(
      "db/migrations/001_own.sql",
      "-- migrate:up\nCREATE TABLE more (id int);\n-- migrate:down\nDROP TABLE more;\n",
    );
    await project.write("db/schema/zz_more.sql", "CREATE TABLE IF NOT EXISTS more (id int);\n");
    const kept = await project.run(["build"]);
    expect(kept.exitCode).toBe(7);
    expect(kept.stderr).toMatch(
      /schema update .*\n.*drift --against schema --sql .*\n.*migrate generate NAME .*\n.*build --fresh/,
    );
    expect(kept.stderr).not.toContain("confiture apply");
    await rm(project.path("db/migrations"), { recursive: true });
    await project.query("DROP TABLE confiture_migrations, own");
    await project.succeed(["apply", "--yes", "local"]);
    expect((await project.succeed(["build"])).stdout).toContain("built successfully");
    await project.query("ALTER TABLE users DROP age, DROP bio");
    await project.write(
      "db/environments/local.yaml",
      `${await project.read("db/environments/local.yaml")}drift:\n  ignore: ["*.age", "*.bio"]\n`,
    );
    expect((await project.succeed(["build"])).stdout).toContain("built successfully");
  });

  long("without migrations, a build that meets other tables names the command that brings them the rest", async () => {
    await using project = await cliProject(
      { "db/schema/users.sql": "CREATE TABLE users (id int PRIMARY KEY);\n" },
      { major },
    );
    await project.succeed(["build"]);
    await project.write("db/schema/users.sql", "CREATE TABLE users (id int PRIMARY KEY, age int NOT NULL);\n");
    const refused = await project.run(["build"]);
    expect(refused.exitCode).toBe(7);
    expect(refused.stderr).toMatch(
      /Nothing was done.*\n.*confiture apply .*\n.*migrate generate NAME .*\n.*build --fresh/,
    );
    await project.succeed(["apply", "--yes", "local"]);
    await project.succeed(["build"]);
  });

  long("what the files hold and no migration makes is said, and what else differs", async () => {
    await using project = await cliProject({ ...FILES, "db/schema/users.sql": WITH_BIO }, { major });
    const built = async (files: Record<string, string> = {}): Promise<[string, unknown]> => {
      for (const [path, text] of Object.entries(files)) await project.write(path, text);
      const result = await project.run(["build", "--fresh", "--format", "json"]);
      return [result.stderr, readDocument(result)];
    };
    const [quiet, none] = await built();
    expect(quiet).not.toContain("warning");
    expect(none).toMatchObject({ recorded: ["001"], unlikeMigrations: [] });

    const [told, one] = await built({ "db/schema/zoo.sql": "CREATE TABLE zoo (id int);\n" });
    expect(told).toMatch(
      /warning: the schema files hold what no migration makes, in 1 object: table public\.zoo\..*`confiture migrate generate NAME`/,
    );
    const zoo = { change: "added", kind: "table", name: "public.zoo" };
    expect(one).toMatchObject({ recorded: ["001"], unlikeMigrations: [zoo] });
    // What a pending migration will make is none of it.
    const age = BIO.replaceAll(/bio text[^;]*/g, "age int").replace("DROP bio", "DROP age");
    const [, pending] = await built({ "db/migrations/002_age.sql": age });
    expect(pending).toMatchObject({ recorded: ["001"], unrecorded: ["002"], unlikeMigrations: [zoo] });
    await rm(project.path("db/migrations/002_age.sql"));

    await project.succeed(["migrate", "generate", "zoo"]);
    const [after, same] = await built();
    expect(after).not.toContain("warning");
    expect(same).toMatchObject({ recorded: ["001", "002"], unlikeMigrations: [] });
    const [other] = await built({ "db/migrations/base.sql": `${USERS}CREATE TABLE legacy (id int);\n` });
    expect(other).toMatch(/do not make the same, in 1 object: table public\.legacy\. `confiture verify`/);
    expect((await project.run(["verify"])).exitCode).toBe(3);
  });

  long(
    "a later build says it as well of what it has made itself, and has nothing to compare where it made nothing",
    async () => {
      await using project = await cliProject({ ...FILES, "db/schema/users.sql": WITH_BIO }, { major });
      const built = async (...more: string[]): Promise<[string, unknown]> => {
        const result = await project.run(["build", "--format", "json", ...more]);
        return [result.stderr, readDocument(result)];
      };
      expect((await built())[1]).toMatchObject({ recorded: ["001"], unlikeMigrations: [] });
      expect((await built())[1]).toMatchObject({ recorded: [], unlikeMigrations: null });
      const made: string[] = [];
      for (const [kind, name, text] of [
        ["table", "zoo", "CREATE TABLE IF NOT EXISTS zoo (id int);\n"],
        ["index", "by_bio", "CREATE INDEX IF NOT EXISTS by_bio ON users (bio);\n"],
        ["function", "f()", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"],
      ] as const) {
        await project.write(`db/schema/zz_${kind}.sql`, text);
        made.push(`${kind} public.${name}`);
        const [told, found] = await built();
        expect(told).toContain("warning: the schema files hold what no migration makes, in");
        for (const one of made) expect(told).toContain(one);
        expect(found).toMatchObject({ unlikeMigrations: { length: made.length } });
        expect((await built())[1]).toMatchObject({ unlikeMigrations: null });
      }
      // What a pending migration will make is none of it.
      const age = BIO.replaceAll(/bio text[^;]*/g, "age int").replace("DROP bio", "DROP age");
      await project.write("db/migrations/002_age.sql", age);
      await project.write("db/schema/zz_more.sql", "CREATE TABLE IF NOT EXISTS more (id int);\n");
      const [, pending] = await built();
      expect(pending).toMatchObject({ unrecorded: ["002"], unlikeMigrations: { length: 4 } });
    },
  );

  test("a migration that fails in an empty database is named with its place, and nothing that cannot help", async () => {
    const broken = "-- migrate:up\nALTER TABLE users\n  RENAME nope TO x;\n-- migrate:down\nSELECT 1;\n";
    await using project = await cliProject({ ...FILES, "db/migrations/002_x.sql": broken }, { major });
    for (const users of [USERS, WITH_BIO]) {
      await project.write("db/schema/users.sql", users);
      const { stderr } = await project.succeed(["build", "--fresh"]);
      expect(stderr).toMatch(
        /002_x fails when the migrations are run in an empty database, at db\/migrations\/002_x\.sql:\d+(:\d+)?: column "nope" does not exist/,
      );
      expect(stderr).toContain("  confiture verify   ");
      expect(stderr).not.toContain("schema update");
    }
  });

  long("what a database holds of a later migration is said, and nothing is called pending", async () => {
    const notes = "CREATE TABLE notes (id int PRIMARY KEY);\n";
    const files = {
      ...FILES,
      "db/migrations/002_notes.sql": `-- migrate:up\n${notes}-- migrate:down\nDROP TABLE notes;\n`,
    };
    await using project = await cliProject(files, { major });
    await project.query(USERS + notes);
    const built = await project.succeed(["build"]);
    expect(built.stderr).toContain("the database holds what 002_notes makes, and lacks what 001_bio does");
    const failed = await project.run(["migrate", "up"]);
    expect(failed.stderr).toContain("confiture migrate baseline --proven");
    // One of another shape would be passed over by IF NOT EXISTS: what compares it is named first, and does.
    expect(failed.stderr).toMatch(/confiture drift --against migrations.*IF NOT EXISTS/);
    await project.query("ALTER TABLE notes ADD own int");
    const drift = await project.run(["drift", "--against", "migrations"]);
    expect(drift.stdout).toMatch(/~ table public\.notes\n.*\+ column own/);
    await project.query("ALTER TABLE notes DROP own");
    // What is named next leads to a database in which nothing is open.
    expect(built.stderr).toMatch(
      /Next:\n {2}confiture migrate up --to 001 .*\n {2}confiture migrate baseline --proven /,
    );
    await project.succeed(["migrate", "up", "--to", "001"]);
    await project.succeed(["migrate", "baseline", "--proven"]);
    expect((await project.succeed(["migrate", "up"])).stderr).toContain("No pending migrations");
  });

  test("where a build made a part of what a migration makes, what is printed brings the rest and takes nothing", async () => {
    const users = "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY);\n";
    const files = { "db/schema/a_users.sql": users, "db/migrations/001_users.sql": users };
    await using project = await cliProject(files, { major });
    await project.succeed(["build"]);
    await project.query("INSERT INTO users VALUES (1); CREATE TABLE mine AS SELECT 1 AS x");
    await project.write("db/schema/a_users.sql", users.replace("KEY", "KEY, bio text"));
    await project.write("db/schema/b_notes.sql", "CREATE TABLE IF NOT EXISTS notes (id int);\n");
    expect((await project.run(["build"])).stderr).toContain("and drops what no file makes");
    await project.query("INSERT INTO notes VALUES (7)");
    const generated = await project.succeed(["migrate", "generate", "add"]);
    const failed = await project.run(["migrate", "up"]);
    for (const { stderr } of [generated, failed])
      expect(stderr).toMatch(/only some of it.*drift --against migrations.*IF NOT EXISTS.*migrate up/);
    const again = await project.run(["build"]);
    expect(again.stderr).toContain("confiture migrate baseline --proven");
    expect(again.stderr).not.toContain("without proof");
    const drift = await project.run(["drift", "--against", "migrations"]);
    expect(drift.stdout).toContain("- column bio text");
    expect(drift.stdout).not.toContain("notes");
    expect(drift.stderr).toContain("What is pending there brings what it makes: confiture migrate up\n");
    const migration = await project.read("db/migrations/002_add.sql");
    await project.write(
      "db/migrations/002_add.sql",
      migration.replace("TABLE public.notes", "TABLE IF NOT EXISTS public.notes"),
    );
    await project.succeed(["migrate", "up"]);
    expect(await project.query("SELECT u.bio, n.id, x FROM users u, notes n, mine")).toEqual([
      { bio: null, id: 7, x: 1 },
    ]);
    await project.succeed(["build"]);
    expect((await project.run(["drift"])).stdout).toBe("+ table public.mine\n");
  });

  test("where a migration of rows is lacking before one that is there, what is named next leads to the end", async () => {
    const plans = "CREATE TABLE plans (id int PRIMARY KEY);\n";
    const rows = "INSERT INTO plans VALUES (1), (2);\n";
    const files = {
      "db/schema/users.sql": WITH_BIO,
      "db/schema/plans.sql": plans.replace("TABLE", "TABLE IF NOT EXISTS"),
      "db/migrations/base.sql": WITH_BIO,
      "db/migrations/001_bio.sql": "-- migrate:up\nUPDATE users SET bio = 'b';\n-- migrate:down\nSELECT 1;\n",
      "db/migrations/002_plans.sql": `-- migrate:up\n${plans}${rows}-- migrate:down\nDROP TABLE plans;\n`,
    };
    await using project = await cliProject(files, { major });
    await project.query(`${WITH_BIO}INSERT INTO users VALUES (1, 'a');`);
    const built = await project.succeed(["build"]);
    expect(built.stderr).toMatch(
      /Next:\n {2}confiture migrate up --to 001 .*\n {2}confiture migrate baseline --proven /,
    );
    await project.succeed(["migrate", "up", "--to", "001"]);
    const lacking = await project.run(["migrate", "baseline", "--proven"]);
    expect(lacking.stderr).toContain("2 rows of public.plans, made by 002_plans, are not in the database");
    await project.query(rows);
    await project.succeed(["migrate", "baseline", "--proven"]);
    expect((await project.succeed(["migrate", "up"])).stderr).toContain("No pending migrations");
  });

  test("a recorded migration that fails on top of the base is named, with its place and the way on", async () => {
    await using project = await cliProject(FILES, { major });
    await project.succeed(["migrate", "up"]);
    await project.write("db/migrations/base.sql", `${USERS}ALTER TABLE users ADD bio text;\n`);
    await project.write("db/migrations/002_age.sql", "ALTER TABLE users ADD age int;\n");
    const proven = await project.run(["migrate", "baseline", "--proven"]);
    expect(proven.exitCode).toBe(3);
    expect(proven.stderr).toMatch(
      /not proven: 002_age \(db\/migrations\/001_bio\.sql:2:\d+: 001_bio, which is recorded as applied, fails when base and migrations are run in an empty database: column "bio" .* already exists\)/,
    );
    expect(proven.stderr).toContain("confiture verify   shows what is wrong with base and migrations");
  });

  test("`migrate baseline --proven` records what a database in use holds, rows included", async () => {
    const seed = "-- migrate:up\nINSERT INTO users VALUES (1, 'a');\n-- migrate:down\nDELETE FROM users;\n";
    const files = {
      ...FILES,
      "db/migrations/002_seed.sql": seed,
      "db/migrations/003_age.sql": BIO.replaceAll(/bio text[^;]*/g, "age int").replace("DROP bio", "DROP age"),
    };
    await using project = await cliProject(files, { major });
    const proven = async (): Promise<unknown> =>
      readDocument(await project.run(["migrate", "baseline", "--proven", "--format", "json"]));
    await project.query(USERS);
    expect(await proven()).toMatchObject({ recorded: [], unrecorded: ["001", "002", "003"] });
    await project.query("ALTER TABLE users ADD bio text CHECK (bio IN ('a', 'b'))");
    expect(await proven()).toMatchObject({ recorded: [{ version: "001" }], unrecorded: ["002", "003"] });
    await project.query("INSERT INTO users VALUES (1, 'a'), (2, 'b')");
    expect(await proven()).toMatchObject({ recorded: [{ version: "002" }], unrecorded: ["003"] });
    expect((await project.succeed(["migrate", "up"])).stdout).toContain("003_age applied");
    expect(await proven()).toMatchObject({ recorded: [], unrecorded: [] });
    expect((await project.run(["migrate", "baseline", "--proven", "--through", "1"])).exitCode).toBe(2);
  });

  test("what is taken away while it looks is not recorded", async () => {
    const sleeps = BIO.replace("-- migrate:up\n", "$&SELECT pg_sleep(3);\n");
    await using project = await cliProject({ ...FILES, "db/migrations/001_bio.sql": sleeps }, { major });
    await project.query(`${USERS} ALTER TABLE users ADD bio text CHECK (bio IN ('a', 'b'))`);
    const running = project.run(["migrate", "baseline", "--proven"]);
    for (let tries = 0; tries < 2000; tries++) {
      const found = await project.query(
        "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname LIKE 'confiture_scratch%'",
      );
      if (found.length > 0) break;
      await Bun.sleep(20);
    }
    await project.query("ALTER TABLE users DROP bio");
    const { exitCode, stderr } = await running;
    expect(stderr).toContain("not proven: 001_bio (the database was changed while it was looked at)");
    expect(exitCode).toBe(3);
    expect((await project.succeed(["migrate", "status"])).stdout).toContain("001_bio (pending)");
  });

  long(
    "an UPDATE that it records, and of which only rows in use could tell whether it ran, is named, by build as well",
    async () => {
      await using project = await cliProject(
        {
          ...FILES,
          "db/migrations/002_fill.sql": "UPDATE users SET bio = 'a' WHERE bio IS NULL;\n",
          "db/migrations/003_age.sql": "ALTER TABLE users ADD age int;\n",
        },
        { major },
      );
      await project.query(`${WITH_BIO} ALTER TABLE users ADD age int; INSERT INTO users (id) VALUES (1)`);
      const said =
        "recorded, rows not compared: 002_fill. It may also change rows that no migration makes, and no proof shows whether that was done here. If it was not, run its statements by hand (confiture migrate show 002 prints them)";
      expect((await project.succeed(["migrate", "baseline", "--proven"])).stderr).toContain(said);
      expect((await project.succeed(["migrate", "show", "002"])).stdout).toContain("UPDATE users");
      await project.query("DROP TABLE confiture_migrations");
      const proven = await project.run(["migrate", "baseline", "--proven", "--format", "json"]);
      expect(readDocument(proven)).toMatchObject({ rowsNotCompared: ["002"], unrecorded: [] });
      await project.query("DROP TABLE confiture_migrations");
      expect((await project.succeed(["build"])).stderr).toContain(said);
      const none = await project.run(["build", "--format", "json"]);
      expect(readDocument(none)).toMatchObject({ recorded: [], rowsNotCompared: [] });
    },
  );
});

long(
  "rows of the schema files are named where a migration makes their table, with the file that they belong into",
  async () => {
    await using project = await temporaryProject({
      "db/schema/plans.sql":
        "CREATE TABLE plans (id int PRIMARY KEY);\nCREATE TABLE codes (code text);\nCREATE TABLE empty (id int);\n\nINSERT INTO public.plans\nVALUES (1), (2);\nDO $$ BEGIN INSERT INTO codes VALUES ('a'); END $$;\n",
    });
    const run = async (...argv: string[]) => await runHere(argv, { cwd: project.dir });
    await run("init", "--embedded");
    const first = await run("migrate", "generate", "plans");
    expect(first.stderr).toContain(
      "1 row of public.codes from db/schema/plans.sql:2 into db/migrations/001_plans.sql\n",
    );
    expect(first.stderr).toContain(
      "2 rows of public.plans from db/schema/plans.sql:5 into db/migrations/001_plans.sql\n",
    );
    expect(first.stderr).not.toContain("public.empty from");
    // Of tables that are there already, it is no news.
    await project.write("db/schema/more.sql", "CREATE TABLE more (id int);\n");
    const next = readDocument(await run("migrate", "generate", "more", "--format", "json"));
    expect(next).toMatchObject({ migrations: [{ version: "002" }], rowsLeftOut: [] });
    await project.write(
      "db/schema/last.sql",
      "CREATE TABLE last (id int) PARTITION BY LIST (id);\nCREATE TABLE last_1 PARTITION OF last FOR VALUES IN (1);\nCOPY last FROM stdin;\n1\n\\.\n",
    );
    const last = readDocument(await run("migrate", "generate", "last", "--format", "json"));
    expect(last).toMatchObject({
      rowsLeftOut: [{ schema: "public", table: "last", file: "db/schema/last.sql", line: 3 }],
    });
  },
);

describe("a new project agrees with itself in every order", () => {
  test.each([
    "build, migrate up, migrate generate x, verify",
    "migrate up, build, verify, migrate generate x",
    "verify, migrate generate x, build, migrate up",
    "migrate generate x, verify, migrate up, build",
  ])("init, %s", async (commands) => {
    await using project = await temporaryProject();
    for (const command of ["init --embedded", ...commands.split(", ")]) {
      const result = await runHere(command.split(" "), { cwd: project.dir });
      expect({ command, ...result }).toMatchObject({ exitCode: 0 });
      if (command.includes("generate")) expect(result.stderr).toContain("Nothing to generate");
    }
    expect((await runHere(["migrate", "status", "--exit-code"], { cwd: project.dir })).exitCode).toBe(0);
  });

  test("one that has files of its own gets no example", async () => {
    await using project = await temporaryProject({ "db/schema/mine.sql": "CREATE TABLE mine (id int);\n" });
    const { stdout } = await runHere(["init", "--embedded"], { cwd: project.dir });
    expect(stdout).not.toContain("users.sql");
    expect(stdout).not.toContain("base.sql");
  });
});
