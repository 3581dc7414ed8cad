import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { runHere } from "../support/in-process.ts";
import { commitAll } from "../support/git.ts";
import { long } from "../support/long.ts";
import { temporaryProject } from "../support/project.ts";

// Several processes in a row, each with an engine.
setDefaultTimeout(180_000);

const EMBEDDED = "database:\n  engine: embedded\n  path: .confiture/local\n";
const USERS = "CREATE TABLE users (id int PRIMARY KEY);\n";
const BIO = "-- migrate:up\nALTER TABLE users ADD bio text;\n-- migrate:down\nALTER TABLE users DROP bio;\n";

describe("a project without an environment", () => {
  test("has the default folders for commands that need no database", async () => {
    await using project = await temporaryProject({ "db/schema/users.sql": USERS });
    const run = (...args: string[]) => runHere(args, { cwd: project.dir });
    expect(await run("migrate", "new", "bio")).toMatchObject({ exitCode: 0 });
    await project.write("db/schema/users.sql", USERS.replace(");", ", bio text);"));
    await project.write("db/migrations/base.sql", USERS);
    await project.write("db/migrations/001_bio.sql", BIO);
    expect(await run("verify")).toMatchObject({ exitCode: 0 });
    expect((await run("migrate", "up")).exitCode).toBe(4);
    expect((await run("verify", "--env", "ci")).exitCode).toBe(4);
    // Another environment may say where the files are.
    await project.write("db/environments/ci.yaml", EMBEDDED);
    expect((await run("verify")).exitCode).toBe(4);
    expect((await run("verify", "--env", "ci")).exitCode).toBe(0);
  });
});

describe("what to do next", () => {
  /** Runs the command that a message names. */
  const runNamed = async (stderr: string, cwd: string): Promise<void> => {
    const command = /Create (?:it|them) there first: (confiture db sql .*)$/m.exec(stderr)?.[1] ?? "";
    const words = Bun.spawnSync(["sh", "-c", `confiture() { printf '%s\\0' "$@"; }; ${command}`]).stdout.toString();
    const made = await runHere(words.split("\0").slice(0, -1), { cwd });
    expect(made).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("CREATE ROLE") as string });
  };

  test("where roles are missing: all of them are told at once, and the command that is named makes them", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/1_users.sql": `${USERS}GRANT SELECT ON users TO readers, postgres;\n`,
      "db/schema/2_more.sql": `GRANT SELECT ON users TO "App's Writers";\nALTER TABLE users OWNER TO keeper;\n`,
    });
    const refused = await runHere(["build"], { cwd: project.dir });
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('role "readers" does not exist')]);
    expect(refused.stderr).toContain("3 roles are missing there: readers, App's Writers, keeper.");
    await runNamed(refused.stderr, project.dir);
    expect(await runHere(["build"], { cwd: project.dir })).toMatchObject({ exitCode: 0 });
  });

  test("where migrations name roles that are missing, those of later ones are told as well", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/1_users.sql": `${USERS}GRANT SELECT ON users TO readers;\n`,
      "db/migrations/2_more.sql": "GRANT SELECT ON users TO writers;\n",
    });
    const refused = await runHere(["migrate", "up"], { cwd: project.dir });
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      expect.stringContaining("2 roles are missing there: readers, writers."),
    ]);
    await runNamed(refused.stderr, project.dir);
    expect(await runHere(["migrate", "up"], { cwd: project.dir })).toMatchObject({ exitCode: 0 });
  });

  test("where a single role is missing, it is the one that is told", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/users.sql": `${USERS}GRANT SELECT ON users TO "App's Writers";\n`,
    });
    const { stderr } = await runHere(["build"], { cwd: project.dir });
    expect(stderr).toContain(`role "App's Writers" does not exist`);
    await runNamed(stderr, project.dir);
    expect(await runHere(["build"], { cwd: project.dir })).toMatchObject({ exitCode: 0 });
  });

  long(
    "where a view is in the way of a column's new type: the migration that is written from the schema files changes both",
    async () => {
      const view = "CREATE VIEW ids AS SELECT id FROM users;\n";
      await using project = await temporaryProject({
        "db/environments/local.yaml": EMBEDDED,
        "db/schema/users.sql": USERS + view,
        "db/migrations/base.sql": USERS + view,
        "db/migrations/001_big.sql": "ALTER TABLE users ALTER id TYPE bigint;\n",
      });
      const run = (...args: string[]) => runHere(args, { cwd: project.dir });
      const refused = await run("migrate", "up");
      expect([refused.exitCode, refused.stderr]).toEqual([
        1,
        expect.stringContaining("confiture migrate generate NAME"),
      ]);
      await rm(project.path("db/migrations/001_big.sql"));
      await project.write("db/schema/users.sql", USERS.replace("int", "bigint") + view);
      expect(await run("migrate", "generate", "big")).toMatchObject({ exitCode: 0 });
      expect(await run("migrate", "up")).toMatchObject({ exitCode: 0 });
    },
  );

  test("where a migration renames a column that a function names: the function is replaced in a migration, and the files follow", async () => {
    const made = "CREATE FUNCTION ids() RETURNS SETOF int LANGUAGE sql AS 'SELECT id FROM users';\n";
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/ids.sql": made,
      "db/schema/00_users.sql": USERS,
      "db/migrations/base.sql": USERS + made,
      "db/migrations/001_number.sql": "ALTER TABLE users RENAME id TO number;\n",
    });
    const run = (...args: string[]) => runHere(args, { cwd: project.dir });
    const refused = await run("schema", "update", "--yes");
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining("confiture migrate new NAME")]);
    expect(await run("migrate", "new", "ids")).toMatchObject({ exitCode: 0 });
    await project.write(
      "db/migrations/002_ids.sql",
      made.replace("CREATE", "CREATE OR REPLACE").replace("id FROM", "number FROM"),
    );
    expect(await run("schema", "update", "--yes")).toMatchObject({ exitCode: 0 });
    expect(await project.read("db/schema/ids.sql")).toContain("SELECT number FROM users");
    expect(await run("verify")).toMatchObject({ exitCode: 0 });
  });

  test("where a migration needs a table that a schema file makes", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/users.sql": USERS,
      "db/migrations/001_bio.sql": BIO,
    });
    const { exitCode, stderr } = await runHere(["migrate", "up"], { cwd: project.dir });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("db/schema/users.sql makes it");
    expect(stderr).toContain("confiture build");
    expect(stderr).toContain("confiture migrate base");
  });

  long("where the first migration changes what only the database and the schema files have", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/users.sql": USERS,
    });
    const run = (...args: string[]) => runHere(args, { cwd: project.dir });
    expect(await run("build")).toMatchObject({ exitCode: 0 });
    await project.write("db/schema/users.sql", USERS.replace(");", ", bio text);"));
    const next = /^.*migrations alone make no new database.*`confiture migrate base` writes.*$/gm;
    const generated = await run("migrate", "generate", "bio");
    expect(generated).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(next) });
    expect((await run("verify")).stdout.match(next)).toHaveLength(1);
    expect((await run("migrate", "base")).exitCode).toBe(0);
    expect((await run("verify")).stdout).not.toMatch(next);
  });

  long("where the first migration needs nothing, but is not all that there is", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/users.sql": USERS,
    });
    const run = (...args: string[]) => runHere(args, { cwd: project.dir });
    // All of an empty database.
    const first = await run("migrate", "generate", "users");
    expect(first).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining("migrate base") });
    await rm(project.path("db/migrations"), { recursive: true });
    expect(await run("build")).toMatchObject({ exitCode: 0 });
    await project.write("db/schema/tags.sql", "CREATE TABLE tags (name text);\n");
    const generated = await run("migrate", "generate", "tags");
    expect(generated).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("`confiture migrate base` writes"),
    });
    expect((await run("migrate", "base")).exitCode).toBe(0);
    expect(await run("verify")).toMatchObject({ exitCode: 0 });
  });

  test("where no migration could be run: nothing is proven, which is no success, and a base lets all of them be run", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/users.sql": USERS,
    });
    commitAll(project, "before");
    await project.write("db/migrations/001_bio.sql", "ALTER TABLE users ADD bio text;\n");
    await project.write("db/schema/users.sql", USERS.replace(");", ", bio text);"));
    const run = (...args: string[]) => runHere(args, { cwd: project.dir });
    for (const command of [["verify"], ["migrate", "test"]]) {
      const open = await run(...command);
      expect(open.exitCode).toBe(3);
      expect(open.stdout).toContain("1 migration was not run, so nothing is proven");
      expect(open.stdout).toContain("  Next: `confiture migrate base --from SOURCE` ");
      expect(open.stdout).not.toContain("rolled back from the built schema and applied again");
      const { stdout } = await run(...command, "--format", "json");
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, exitCode: 3, from: "none" });
    }
    const report = await run("verify", "--format", "github");
    expect(report.exitCode).toBe(3);
    expect(report.stdout).toContain("::error file=db/schema,title=migrations-apply::");
    expect(report.stdout).toContain("confiture migrate base --from SOURCE");
    expect(await run("migrate", "base", "--from", "git:HEAD")).toMatchObject({ exitCode: 0 });
    expect(await run("verify")).toMatchObject({ exitCode: 0 });
    expect(await run("migrate", "test")).toMatchObject({ exitCode: 0 });
  });

  test("where a migration cannot be rolled back from the schema files, as they lack what it makes", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/users.sql": USERS,
    });
    commitAll(project, "before");
    await project.write("db/migrations/001_bio.sql", BIO);
    await project.write("db/migrations/002_age.sql", BIO.replaceAll("bio", "age"));
    await project.write("db/schema/users.sql", USERS.replace(");", ", age text);"));
    const run = (...args: string[]) => runHere(args, { cwd: project.dir });
    const found = await run("verify");
    expect(found.exitCode).toBe(3);
    expect(found.stdout).toContain("001_bio cannot be rolled back");
    expect(found.stdout).toContain("confiture migrate base --from SOURCE");
    expect(await run("migrate", "base", "--from", "git:HEAD")).toMatchObject({ exitCode: 0 });
    expect(await run("schema", "update", "--yes")).toMatchObject({ exitCode: 0 });
    expect(await run("verify")).toMatchObject({ exitCode: 0 });
  });

  long("where a base would take in what is new, and no database in use would ever get it", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/users.sql": USERS,
      "db/migrations/001_bio.sql": BIO,
    });
    const run = (...args: string[]) => runHere(args, { cwd: project.dir });
    const succeed = async (...args: string[]) => expect(await run(...args)).toMatchObject({ exitCode: 0 });
    await succeed("build");
    await succeed("migrate", "up");
    await project.write("db/schema/users.sql", USERS.replace(");", ", bio text);"));
    await project.write("db/schema/zoo.sql", "CREATE TABLE zoo (id int PRIMARY KEY);\n");
    const refused = await run("migrate", "base");
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("the database of environment local: table public.zoo\n");
    await succeed("migrate", "base", "--from", "env:local");
    await succeed("migrate", "generate", "zoo");
    await succeed("migrate", "up");
    await succeed("verify");
    await succeed("drift");
    await succeed("migrate", "base", "--from", "schema", "--force");
  });

  long("where it would, and only the last commit tells what is in use", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/users.sql": USERS,
      "db/migrations/001_bio.sql": BIO,
    });
    const run = (...args: string[]) => runHere(args, { cwd: project.dir });
    const succeed = async (...args: string[]) => expect(await run(...args)).toMatchObject({ exitCode: 0 });
    commitAll(project, "before");
    await project.write("db/schema/users.sql", USERS.replace(");", ", bio text);"));
    await project.write("db/schema/zoo.sql", "CREATE TABLE zoo (id int PRIMARY KEY);\n");
    const refused = await run("migrate", "base");
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("not so in the schema files of git:HEAD: table public.zoo\n");
    await succeed("migrate", "base", "--from", "git:HEAD");
    await succeed("migrate", "generate", "zoo");
    await succeed("verify");
    commitAll(project, "after");
    await succeed("migrate", "base", "--force");
  });

  long("where a base is taken from something that cannot tell it, or that has more than the schema files", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/environments/other.yaml": EMBEDDED.replace(".confiture/", ".confiture/other-"),
    });
    const run = (...args: string[]) => runHere(args, { cwd: project.dir });
    commitAll(project, "nothing yet");
    await project.write("db/schema/users.sql", USERS.replace(");", ", bio text);"));
    await project.write("db/migrations/001_bio.sql", BIO);
    const itself = await run("migrate", "base", "--from", "migrations");
    expect(itself).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("before the first of them") });
    const commit = await run("migrate", "base", "--from", "git:HEAD");
    expect(commit.stderr).toContain("git:HEAD has no schema files: ");
    expect(commit.stderr).toContain("`git log -- db/schema`");
    expect(commit.stderr).not.toContain("confiture init");
    const nothing = await run("migrate", "base", "--from", "empty");
    expect(nothing.stderr).toContain("001_bio does not apply to an empty database");

    expect(await run("db", "sql", "-e", "other", `${USERS}CREATE TABLE legacy (id int);`)).toMatchObject({
      exitCode: 0,
    });
    const made = await run("migrate", "base", "--from", "env:other");
    expect(made.exitCode).toBe(0);
    expect(made.stderr).toContain(
      "something else than the schema files do, in 1 object: table public.legacy. confiture verify",
    );
    expect(await run("verify")).toMatchObject({ exitCode: 3 });
  });

  test("where something else depends on what is dropped", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_drop.sql": `${USERS}CREATE VIEW v AS SELECT * FROM users;\nDROP TABLE users;\n`,
    });
    const { stderr } = await runHere(["migrate", "up"], { cwd: project.dir });
    expect(stderr).toContain("Drop or change them first");
  });

  test("with a base and no migration", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/users.sql": USERS,
      "db/migrations/base.sql": USERS,
    });
    const run = (...args: string[]) => runHere(args, { cwd: project.dir });
    const verified = await run("verify");
    expect(verified).toMatchObject({ exitCode: 0 });
    expect(verified.stdout).not.toContain("replayed");
    expect((await run("migrate", "up")).exitCode).toBe(0);
    expect((await run("migrate", "down", "--to", "0")).stderr).toContain(
      "only the base is applied, which has no way back",
    );
    const baselined = await run("migrate", "baseline");
    expect(baselined.stderr).toContain("there is no migration in db/migrations");
  });
});
