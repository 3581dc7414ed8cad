import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { runHere } from "../support/in-process.ts";
import { NEWEST_ALONE, OLDEST_ALONE } from "../support/servers.ts";
import { atTerminal } from "../support/terminal.ts";
import { readDocument } from "./document.ts";
import { failureOf } from "../database/failure.ts";
import { long } from "../support/long.ts";
import { cliProject, environmentFile, NEWEST } from "./project.ts";

setDefaultTimeout(120_000);

const USERS = "CREATE TYPE mood AS ENUM ('ok');\nCREATE TABLE users (id int PRIMARY KEY, name text, mood mood);\n";

describe.each([...OLDEST_ALONE])("apply on PostgreSQL %d", (major) => {
  test("plans, shows, wants a yes, runs and compares; what is in step needs nothing", async () => {
    await using project = await cliProject({ "db/schema/users.sql": USERS }, { major });
    const asked = await project.run(["apply"]);
    expect(asked).toMatchObject({ exitCode: 2, stdout: "" });
    expect(asked.stderr).toContain("+ table public.users\n");
    expect(asked.stderr).toContain("Nothing was done: there is nobody to ask");
    expect(asked.stderr).toContain("confiture apply --yes local");
    expect(await project.query("SELECT to_regclass('users')")).toEqual([{ to_regclass: null }]);
    const done = await project.succeed(["apply", "--yes", "local"]);
    expect(done.stdout).toMatch(/^✅ Applied 2 changes in .*: the database holds what the schema files make\n$/);
    await project.query("INSERT INTO users VALUES (1, 'Ada', 'ok')");
    const again = await project.succeed(["apply"]);
    expect(again.stderr).toContain("Nothing to apply");

    // A new value of an enum that the same plan uses takes two transactions.
    await project.write(
      "db/schema/users.sql",
      "CREATE TYPE mood AS ENUM ('ok', 'bad');\nCREATE TABLE users (id int PRIMARY KEY, name text, mood mood DEFAULT 'bad');\nCREATE INDEX users_name ON users (name);\n",
    );
    const dry = await project.succeed(["apply", "--dry-run"]);
    expect(dry.stdout).toContain("-- Commit here.");
    const document = readDocument(await project.run(["apply", "--yes", "local", "--format", "json"]));
    expect(document).toMatchObject({ ok: true, applied: true, changes: [{}, {}, {}] });
    expect(await project.query("INSERT INTO users VALUES (2) RETURNING mood::text")).toEqual([{ mood: "bad" }]);
    expect((await project.run(["diff", "env:local", "schema"])).exitCode).toBe(0);
  });
});

describe.each([...NEWEST_ALONE])("apply on PostgreSQL %d", (major) => {
  test("takes nothing away unasked, loses no rows to a rename, and a failure leaves all as it was", async () => {
    await using project = await cliProject(
      { "db/schema/users.sql": "CREATE TABLE users (id int PRIMARY KEY, full_name text);\n" },
      { major },
    );
    await project.query("CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'Ada')");
    const before = await project.snapshot();
    const refused = await project.run(["apply", "--yes", "local"]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("column public.users.name is not in the schema files: what it held is gone");
    expect(refused.stderr).toContain("--rename public.users.name=full_name");
    expect(await project.snapshot()).toBe(before);
    const renamed = await project.succeed(["apply", "--yes", "local", "--rename", "public.users.name=full_name"]);
    expect(renamed.stdout).toStartWith("✅ Applied 1 change in ");
    expect(await project.query("TABLE users")).toEqual([{ id: 1, full_name: "Ada" }]);

    await project.write(
      "db/schema/users.sql",
      "CREATE TABLE users (id int PRIMARY KEY, full_name text, age int NOT NULL);\nCREATE TABLE posts (id int);\n",
    );
    const unchanged = await project.snapshot();
    const failed = await project.run(["apply", "--yes", "local"]);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain('column "age" of relation "users" contains null values');
    expect(failed.stderr).toMatch(/--> the plan:\d+:1\n/);
    expect(failed.stderr).toContain(
      "The plan was rolled back. Put the rows right, or write the schema so that they fit it",
    );
    expect(await project.snapshot()).toBe(unchanged);
  });

  test("is refused where migrations keep the database, unless --no-ledger says so", async () => {
    await using project = await cliProject(
      {
        "db/schema/users.sql": "CREATE TABLE users (id int, bio text);\n",
        "db/migrations/001_users.sql": "CREATE TABLE users (id int);\n",
      },
      { major },
    );
    await project.succeed(["migrate", "up"]);
    const refused = await project.run(["apply", "--yes", "local"]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("db/migrations holds 1 migration");
    expect(refused.stderr).toContain("confiture migrate generate NAME");
    expect(refused.stderr).not.toContain("prototype");
    await project.succeed(["apply", "--yes", "local", "--no-ledger"]);
    expect(await project.query("SELECT version FROM confiture_migrations")).toEqual([{ version: "001" }]);
    await project.remove();
  });

  test("a base alone is refused as well, and a prototype is told to do without it", async () => {
    await using project = await cliProject(
      { "db/schema/users.sql": USERS, "db/migrations/base.sql": USERS },
      { major },
    );
    const { stderr } = await project.run(["apply", "--yes", "local"]);
    expect(stderr).toContain("remove db/migrations/base.sql, then run `confiture apply` again");
  });

  test("a database or files that were changed while somebody thought about the plan stop it", async () => {
    const users = `\\ir ../more/roles.sql\n${USERS}`;
    await using project = await cliProject({ "db/schema/users.sql": users, "db/more/roles.sql": "" }, { major });
    const { planApply, runApply } = await import("#compare/apply.ts");
    const { loadConfig } = await import("#config/load.ts");
    const { LAYOUT_NAMES } = await import("#migrate/layouts/names.ts");
    const { target, migrations } = await loadConfig({
      projectDir: project.dir,
      environment: "local",
      env: {},
      homeDirectory: project.dir,
      userName: "tester",
      databaseUrl: undefined,
      layouts: LAYOUT_NAMES,
    });
    const files = {
      projectDir: project.dir,
      includeDirs: [{ path: "db/schema", recursive: true, include: [], exclude: [] }],
      excludeDirs: [],
      order: "path",
      resetBetweenFiles: false,
      databaseName: project.database,
      migrationsDir: migrations.dir,
      migrationsLayout: undefined,
      table: migrations.table,
      scratch: target,
      toolVersion: "0",
    } as const;
    const plan = await planApply({
      ...files,
      from: { kind: "live", target, name: "the database" },
      renames: [],
      noDown: true,
      online: false,
    });
    const options = { ...migrations, target, projectDir: project.dir, toolVersion: "0" };
    const refused = async (what: string): Promise<void> => {
      const error = await failureOf(runApply(options, files, plan));
      expect(error).toMatchObject({ code: "apply_refused", data: { isStale: true } });
      expect(error.message).toStartWith(what);
    };
    await project.write("db/schema/users.sql", `${users}CREATE TABLE more ();\n`);
    await refused("db/schema/users.sql was changed");
    await project.write("db/schema/users.sql", users);
    await project.write("db/more/roles.sql", "CREATE TABLE more ();\n");
    await refused("db/more/roles.sql was changed");
    await project.write("db/more/roles.sql", "");
    await project.write("db/schema/more.sql", "CREATE TABLE more ();\n");
    await refused("db/schema/more.sql was added");
    await rm(project.path("db/schema/more.sql"));
    await project.query("CREATE TABLE meanwhile (id int)");
    await refused("The database was changed");
    expect(await project.query("SELECT to_regclass('users')")).toEqual([{ to_regclass: null }]);
  });
});

describe("apply", () => {
  long("asks on a terminal, and a protected environment wants its name", async () => {
    await using project = await cliProject({ "db/schema/users.sql": USERS }, { major: NEWEST });
    // Neither a line nor the beginning of one answers a question that was not there.
    const no = await atTerminal(project.dir, ["apply"], [[/\[y\/N\] /, "\r"]], { ahead: "y\ry" });
    expect(no.exitCode).toBe(2);
    expect(no.screen).toContain("Nothing was done");
    const yes = await atTerminal(project.dir, ["apply"], [[/\[y\/N\] /, "y\r"]]);
    expect(yes.exitCode).toBe(0);
    await project.write(
      "db/environments/local.yaml",
      environmentFile(project.server, project.database, "protected: true\n"),
    );
    await project.write("db/schema/posts.sql", "CREATE TABLE posts (id int);\n");
    const wrong = await atTerminal(project.dir, ["apply"], [[/Type local to run this/, "y\r"]]);
    expect(wrong.exitCode).toBe(2);
    const wanted = await runHere(["apply", "--yes", "other"], { cwd: project.dir });
    expect(wanted.stderr).toContain("--yes other does not name this environment, which is local");
    expect((await runHere(["apply", "--yes", "local"], { cwd: project.dir })).exitCode).toBe(0);
  });
});
