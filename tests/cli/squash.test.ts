import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { commitAll } from "../support/git.ts";
import { readDocument } from "./document.ts";
import { cliProject } from "./project.ts";
import { expectRefusal } from "./refusal.ts";
import { runHere } from "../support/in-process.ts";
import { long } from "../support/long.ts";
import { NEWEST_ALONE } from "../support/servers.ts";
import { temporaryProject } from "../support/project.ts";
import { atTerminal } from "../support/terminal.ts";

// Many processes in a row, each with an engine or two.
setDefaultTimeout(300_000);

const FILES = {
  "db/schema/users.sql": "CREATE TABLE users (id int PRIMARY KEY, bio text);\n",
  "db/migrations/001_users.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
  "db/migrations/002_bio.up.sql": "ALTER TABLE users ADD bio text;\n",
  "db/migrations/002_bio.down.sql": "ALTER TABLE users DROP bio;\n",
};

describe.each(NEWEST_ALONE)("a squashed project, PostgreSQL %d", (major) => {
  long("fresh, built and migrated databases agree with every command", async () => {
    await using project = await cliProject(FILES, { major });
    await project.succeed(["migrate", "up", "--to", "001"]);
    // Its file is the one place where the second migration is.
    const open = { exitCode: 1, code: "squash_refused", names: ["002_bio"], next: "confiture migrate up" } as const;
    await expectRefusal(project, ["migrate", "squash", "--through", "2"], open);
    await project.succeed(["migrate", "up"]);
    await expectRefusal(project, ["migrate", "squash", "--through", "7"], { exitCode: 2, code: "migration_unknown" });
    commitAll(project, "before");
    const document = readDocument(await project.run(["migrate", "squash", "--through", "2", "--format", "json"]));
    const removed = Object.keys(FILES).filter((path) => path.startsWith("db/migrations/"));
    expect(document).toMatchObject({ squashed: ["001", "002"], left: [], removed, kept: [] });
    expect(readdirSync(project.path("db/migrations"))).toEqual(["base.sql"]);
    expect(readdirSync(project.dir).filter((name) => name.startsWith(".confiture-"))).toEqual([]);

    const isUpToDate = async (): Promise<void> => {
      expect((await project.succeed(["migrate", "up"])).stderr).toContain("No pending migrations");
      expect((await project.succeed(["migrate", "status", "--exit-code"])).stdout).toContain("squashed into the base");
    };
    await isUpToDate();
    await project.succeed(["drift"]);
    await project.succeed(["verify"]);
    await project.succeed(["diff"]);
    expect((await project.succeed(["migrate", "generate", "nothing"])).stderr).toContain("Nothing to generate");
    const down = {
      exitCode: 7,
      code: "history_squashed",
      names: ["002_bio"],
      next: "migrate show 002 --down",
    } as const;
    await expectRefusal(project, ["migrate", "down"], down);
    expect((await project.succeed(["migrate", "show", "002", "--down"])).stdout).toBe("ALTER TABLE users DROP bio;\n");

    const built = await project.succeed(["build", "--fresh"]);
    expect(built.stderr).toContain("2 migrations are contained in the schema files: recorded as applied");
    await isUpToDate();
    await project.succeed(["drift"]);
    // What was built without a record is not taken for what it may not be.
    await project.succeed(["build", "--fresh", "--no-baseline"]);
    const lacking = { exitCode: 7, code: "history_squashed", next: "migrate baseline --through 002" } as const;
    await expectRefusal(project, ["migrate", "up"], lacking);
    const drift = await project.succeed(["drift"]);
    expect(drift.stderr).toMatch(/001_users, 002_bio were squashed into base.sql: .*migrate up` refuses this database/);
    expect(drift.stderr).toContain(
      "No drift: every object is what it should be. Rows are not compared, nor owners (--owners)\n",
    );
    expect(readDocument(await project.run(["drift", "--format", "json"]))).toMatchObject({
      unrecorded: ["001_users", "002_bio"],
    });
    expect((await project.run(["migrate", "status", "--exit-code"])).exitCode).toBe(3);
    expect((await project.succeed(["migrate", "baseline", "--proven"])).stdout).toContain("002_bio recorded");
    await isUpToDate();

    // Nobody takes a database for one that has what was squashed, because it has what comes after that.
    const tags = "CREATE TABLE IF NOT EXISTS tags (id int);\n";
    await project.write("db/migrations/003_tags.sql", tags);
    await project.write("db/schema/tags.sql", tags);
    await project.query("ALTER TABLE users DROP bio; DELETE FROM confiture_migrations WHERE version = '002'");
    await project.succeed(["db", "sql", tags]);
    await expectRefusal(project, ["build"], { ...lacking, next: "confiture build --fresh" });
    const unproven = readDocument(await project.run(["migrate", "baseline", "--proven", "--format", "json"]));
    expect(unproven).toMatchObject({ recorded: [], unrecorded: ["002", "003"] });
    await project.query("ALTER TABLE users ADD bio text");
    expect((await project.succeed(["build"])).stderr).toContain("2 migrations are contained");
    await isUpToDate();
    for (const name of ["db/migrations/003_tags.sql", "db/schema/tags.sql"]) await rm(project.path(name));
    await project.query("DROP TABLE tags; DELETE FROM confiture_migrations WHERE version = '003'");

    // A file with a used-up version, as a merge brings it, stops what would pass it over.
    await project.write("db/migrations/001_theirs.sql", "CREATE TABLE theirs (id int);\n");
    const used = { exitCode: 7, code: "history_squashed", names: ["001_theirs.sql"], next: "003_theirs.sql" } as const;
    for (const args of [
      ["migrate", "status"],
      ["migrate", "plan"],
      ["lint", "--all"],
    ]) {
      await expectRefusal(project, args, used);
    }
    await rm(project.path("db/migrations/001_theirs.sql"));
    expect((await project.succeed(["migrate", "new", "theirs"])).stdout).toContain("003_theirs.sql");
    await rm(project.path("db/migrations/003_theirs.sql"));

    // What a new base stands for is not forgotten.
    await project.succeed(["migrate", "base", "--force"]);
    await isUpToDate();

    // The base can be read where nobody has begun with it.
    await project.query("DROP TABLE confiture_migrations");
    const shown = readDocument(await project.run(["migrate", "show", "base.sql", "--format", "json"]));
    expect(shown).toMatchObject({ version: "base.sql", state: "covered", from: "file", checksum: null });
    expect((await project.succeed(["migrate", "show", "base.sql"])).stdout).toContain("-- squashed: 001 ");
  });

  long("what a later migration changes again of the base counts as it is in the end", async () => {
    const squashed = {
      ...FILES,
      "db/schema/users.sql": "CREATE TABLE users (id bigint PRIMARY KEY);\n",
      "db/migrations/003_wide.sql": "ALTER TABLE users DROP bio, ALTER id TYPE bigint;\n",
    };
    await using project = await cliProject(squashed, { major });
    await project.succeed(["migrate", "up"]);
    await project.succeed(["migrate", "squash", "--through", "2"]);
    const isUpToDate = async (): Promise<void> => {
      expect((await project.succeed(["migrate", "up"])).stderr).toContain("No pending migrations");
    };
    expect((await project.succeed(["build", "--fresh"])).stderr).toContain("3 migrations are contained");
    await isUpToDate();
    await project.succeed(["build", "--fresh", "--no-baseline"]);
    await project.succeed(["migrate", "baseline", "--proven"]);
    await isUpToDate();
    // A database that only the base has made.
    await project.succeed(["build", "--fresh", "--no-baseline"]);
    await project.query("ALTER TABLE users ADD bio text, ALTER id TYPE int");
    const proven = readDocument(await project.run(["migrate", "baseline", "--proven", "--format", "json"]));
    expect(proven).toMatchObject({ recorded: [{ version: "001" }, { version: "002" }], unrecorded: ["003"] });
    await project.succeed(["migrate", "up"]);
    await project.succeed(["drift"]);
    // One that lacks what the base makes, and nothing that comes after it.
    await project.succeed(["build", "--fresh", "--no-baseline"]);
    await project.query("ALTER TABLE users DROP CONSTRAINT users_pkey");
    expect((await project.run(["migrate", "baseline", "--proven"])).stderr).toContain("not proven: 001_users, 002_bio");
  });

  long("imported migrations are known by what they were in the other tool's folder", async () => {
    const flyway = {
      "db/migrations/V1__users.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
      "db/migrations/V1.2__bio.sql": "ALTER TABLE users ADD bio text;\n",
      "db/migrations/V2__name.sql": "ALTER TABLE users ADD name text;\n",
    };
    await using project = await cliProject(flyway, { major });
    await project.succeed(["migrate", "up"]);
    await project.succeed(["migrate", "import"]);
    await project.succeed(["migrate", "squash", "--through", "1.2"]);
    expect(await Bun.file(project.path("db/migrations/base.sql")).text()).toMatch(
      /^-- squashed: \S+ \w{64} users\n-- formerly: 1 \w{64}\n-- squashed: \S+ \w{64} bio\n-- formerly: 1\.2 \w{64}\n/m,
    );
    const isUpToDate = async (): Promise<void> => {
      expect((await project.succeed(["migrate", "up"])).stderr).toContain("No pending migrations");
      await project.succeed(["migrate", "status", "--exit-code"]);
      await project.succeed(["drift"]);
    };
    // One that ran the old folder, and one that begins now.
    await isUpToDate();
    await project.succeed(["verify"]);
    await project.succeed(["db", "drop", "--force"]);
    await project.succeed(["db", "create"]);
    await project.succeed(["migrate", "up"]);
    await isUpToDate();
    // A row of another text is no row of it.
    await project.query("UPDATE confiture_migrations SET checksum = repeat('0', 64) WHERE name = 'bio'");
    expect((await project.run(["migrate", "up"])).exitCode).toBe(7);
  });

  test("a file that no commit has as it is stays under another name, also the base", async () => {
    const files = { ...FILES, "db/migrations/base.sql": "CREATE TABLE old (id int);\n" };
    const migrations = "db/migrations/";
    await using project = await cliProject(
      {
        ...files,
        [`${migrations}003_more.sql`]: "CREATE TABLE more (id int);\n",
        "db/schema/more.sql": "CREATE TABLE more (id int);\n",
      },
      { major },
    );
    const kept = {
      "base.sql": "-- Mine.\nCREATE TABLE old (id int);\n",
      "002_bio.up.sql": "-- Why.\nALTER TABLE users ADD bio text;\n",
    };
    commitAll(project, "before");
    for (const [name, text] of Object.entries(kept)) await project.write(migrations + name, text);
    const first = await project.succeed(["migrate", "squash", "--through", "2"]);
    expect(first.stderr).toContain("No database with anything in it was looked at");
    expect(first.stderr).toContain(
      `Removed, as the last commit has them: ${migrations}001_users.sql, ${migrations}002_bio.down.sql\n`,
    );
    for (const [name, text] of Object.entries(kept)) {
      expect(first.stderr).toContain(`\n  ${migrations}${name} -> ${migrations}${name}.bak`);
      expect(await Bun.file(project.path(`${migrations}${name}.bak`)).text()).toBe(text);
    }
    expect((await project.succeed(["migrate", "up"])).stderr).not.toContain(".bak");
    // Without a repository, that is all of them.
    await rm(project.path(".git"), { recursive: true });
    const second = readDocument(await project.run(["migrate", "squash", "--through", "3", "--format", "json"]));
    expect(second).toMatchObject({
      removed: [],
      kept: [
        { file: `${migrations}base.sql`, backup: `${migrations}base.sql.bak2` },
        { file: `${migrations}003_more.sql`, backup: `${migrations}003_more.sql.bak` },
      ],
    });
    await project.succeed(["migrate", "status", "--exit-code"]);
  });

  test("owners that migrations name, and what is granted to and by these, are in the base", async () => {
    const role = `owner_${crypto.randomUUID().slice(0, 8)}`;
    await using project = await cliProject(
      {
        "db/migrations/001_theirs.sql":
          `CREATE TABLE mine (id int PRIMARY KEY);\nCREATE TABLE theirs (id int);\nCREATE TABLE theirs_too (id int);\n` +
          `ALTER TABLE theirs OWNER TO ${role};\nREVOKE DELETE ON theirs FROM ${role};\n` +
          `ALTER TABLE theirs_too OWNER TO ${role};\nCREATE SCHEMA s AUTHORIZATION ${role};\n` +
          `CREATE STATISTICS s.st ON id, (id + 1) FROM mine;\n` +
          `ALTER STATISTICS s.st OWNER TO ${role};\n` +
          `ALTER DEFAULT PRIVILEGES FOR ROLE ${role} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;\n`,
      },
      { major },
    );
    await project.query(`CREATE ROLE ${role}`);
    try {
      await project.succeed(["migrate", "up"]);
      await project.succeed(["migrate", "squash", "--through", "001"]);
      const base = await Bun.file(project.path("db/migrations/base.sql")).text();
      expect(base.match(/OWNER TO \w+|AUTHORIZATION \w+|PRIVILEGES FOR ROLE \w+/g)?.toSorted()).toEqual([
        `AUTHORIZATION ${role}`,
        `OWNER TO ${role}`,
        `OWNER TO ${role}`,
        `OWNER TO ${role}`,
        `PRIVILEGES FOR ROLE ${role}`,
      ]);
      expect(base).toContain(`REVOKE DELETE ON TABLE public.theirs FROM ${role};`);
      await project.succeed(["migrate", "test"]);
    } finally {
      await project.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    }
  });
});

test("where schema files and migrations disagree, it is said before anything is written", async () => {
  await using project = await cliProject({
    ...FILES,
    "db/schema/users.sql": "CREATE TABLE users (id int PRIMARY KEY, bio text, born date);\n",
  });
  const { stderr } = await project.succeed(["migrate", "squash", "--through", "2"]);
  expect(stderr).toMatch(/make something else than the schema files do, in 1 object: column public\.users\.born\./);
  expect(stderr).toContain("Of that, base.sql gets what the squashed ones make. `confiture verify`");
  expect(stderr).toContain("confiture schema update");
  await project.write(
    "db/schema/users.sql",
    "CREATE TABLE users (id int PRIMARY KEY, bio text, born date, late int);\n",
  );
  await project.write("db/migrations/3_late.sql", "ALTER TABLE users ADD late int;\n");
  await project.write("db/migrations/4_later.sql", "ALTER TABLE users ADD later int;\n");
  const partly = await project.succeed(["migrate", "squash", "--through", "3"]);
  expect(partly.stderr).toMatch(
    /column public\.users\.later\. .*squashed ones make, and files after it keep what they make\./,
  );
  const base = await project.read("db/migrations/base.sql");
  expect(base).toStartWith("-- The base of the migrations. These were squashed into it");
  expect(base).not.toContain("later");
});

test("schema files that are behind what is to be squashed stop it, and the way on works", async () => {
  const made = `CREATE TABLE users (id int, email text);
CREATE VIEW pub AS SELECT id, email FROM users;
GRANT SELECT, UPDATE ON pub TO PUBLIC;
`;
  const later = "ALTER TABLE users ADD later int";
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
    "db/schema/users.sql": made,
    "db/migrations/001_users.sql": made,
    "db/migrations/002_harden.sql":
      "CREATE OR REPLACE VIEW pub AS SELECT id, email FROM users WHERE email LIKE '%@x.com';\nREVOKE UPDATE ON pub FROM PUBLIC;\n",
    "db/migrations/003_later.sql": `-- migrate:up\n${later};\n-- migrate:down\nALTER TABLE users DROP later;\n`,
  });
  const run = (...args: string[]) => runHere(args, { cwd: project.dir });
  const squash = (version: string) => run("migrate", "squash", "--through", version);
  const names = readdirSync(project.path("db/migrations"));
  const { exitCode, stderr } = await squash("2");
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    /^ {2}view public\.pub, which they have as it was before db\/migrations\/002_harden\.sql:\d$/m,
  );
  expect(stderr).toContain(
    "  grants on view public.pub to PUBLIC, which they have as it was before db/migrations/002_harden.sql:2\n",
  );
  // That one stays, and tells it.
  expect(stderr).not.toContain("003_later");
  expect(stderr).toContain(": confiture schema update\n");
  expect(readdirSync(project.path("db/migrations"))).toEqual(names);
  expect(await run("schema", "update", "--yes")).toMatchObject({ exitCode: 0 });
  expect(await squash("2")).toMatchObject({ exitCode: 0 });
  expect((await run("migrate", "generate", "next")).stderr).toContain("Nothing to generate");
});

test("what only later migrations tell of the schema files stops no squash", async () => {
  await using project = await temporaryProject({
    ...FILES,
    "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
    "db/migrations/003_long.sql": "ALTER TABLE users ADD CHECK (length(bio) > 3);\n",
  });
  const { exitCode, stderr } = await runHere(["migrate", "squash", "--through", "2"], { cwd: project.dir });
  expect([exitCode, stderr]).toEqual([
    0,
    expect.stringContaining("in 1 object: constraint public.users.users_bio_check"),
  ]);
});

test("what a later migration does otherwise behind the new base is named with its place, and the way on works", async () => {
  const FACTS = "SELECT attnum FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'b'";
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
    "db/migrations/1_t.sql": "CREATE TABLE t (a int, b int);\nCREATE TABLE facts (number int);\n",
    "db/migrations/2_less.sql": "ALTER TABLE t DROP a;\n",
    "db/migrations/3_facts.sql": `-- Numbers of columns\nINSERT INTO facts ${FACTS};\n`,
  });
  const squash = (version: string) => runHere(["migrate", "squash", "--through", version], { cwd: project.dir });
  const { exitCode, stderr } = await squash("2");
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining("public.facts")]);
  expect(stderr).toContain("(last: 3_facts, db/migrations/3_facts.sql:2)");
  expect(stderr).toContain("confiture migrate squash --through 3");
  expect(await squash("3")).toMatchObject({ exitCode: 0 });
});

test("what no base can hold is named with the command that stops before it", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
    "db/migrations/1_t.sql": "CREATE TABLE t (a float);\n",
    "db/migrations/2_by_chance.sql": "INSERT INTO t SELECT random() * a FROM generate_series(1, 3) a;\n",
    "db/migrations/3_role.sql": "CREATE ROLE squashed_by_name;\n",
    "db/migrations/4_broken.sql": "ALTER TABLE t ADD b intt;\n",
  });
  const squash = (version: string) => runHere(["migrate", "squash", "--through", version], { cwd: project.dir });
  expect((await squash("4")).stderr).toContain("To stop before 3_role: confiture migrate squash --through 2\n");
  const broken = await squash("2");
  expect(broken.stderr).toContain("4_broken does not run");
  expect(broken.stderr).toContain("--> db/migrations/4_broken.sql:1:21\n");
  expect(broken.stderr).not.toContain("confiture migrate base");
  await rm(project.path("db/migrations/4_broken.sql"));
  expect((await squash("2")).stderr).toContain("To stop before 2_by_chance: confiture migrate squash --through 1\n");
  expect(await squash("1")).toMatchObject({ exitCode: 0 });
});

test("one that is older than what ran is to be run with the flag that it takes", async () => {
  await using project = await cliProject({ "db/migrations/002_notes.sql": "CREATE TABLE notes (id int);\n" });
  await project.succeed(["migrate", "up"]);
  await project.write("db/migrations/001_users.sql", "CREATE TABLE users (id int);\n");
  const { stderr } = await project.run(["migrate", "squash", "--through", "2"]);
  const [, command = ""] = /Run it first: confiture (.*)$/m.exec(stderr) ?? [];
  expect((await project.succeed(command.split(" "))).stdout).toContain("001_users applied");
  await project.succeed(["migrate", "squash", "--through", "2"]);
});

test("where the database has another migration of that number, the file is to get one of its own", async () => {
  await using project = await cliProject({ "db/migrations/001_users.sql": "CREATE TABLE users (id int);\n" });
  await project.succeed(["migrate", "up"]);
  await rm(project.path("db/migrations/001_users.sql"));
  await project.write("db/migrations/001_notes.sql", "CREATE TABLE notes (id int);\n");
  const taken = { exitCode: 1, code: "squash_refused", names: ["001_notes"], next: "002_notes.sql" } as const;
  await expectRefusal(project, ["migrate", "squash", "--through", "1"], taken);
});

long(
  "without schema files, what is advised for a database that lacks the base compares it with the migrations",
  async () => {
    await using project = await cliProject({
      "db/migrations/001_users.sql": "CREATE TABLE users (id int);\n",
      "db/migrations/002_notes.sql": "CREATE TABLE notes (id int);\n",
    });
    await project.succeed(["migrate", "up"]);
    await project.succeed(["migrate", "squash", "--through", "2"]);
    await project.query("DROP TABLE notes; DELETE FROM confiture_migrations WHERE version = '002'");
    const { stderr, exitCode } = await project.run(["migrate", "baseline", "--proven"]);
    expect(exitCode).toBe(3);
    const [, command = ""] = /^ {2}confiture (diff .+?) {3}shows/m.exec(stderr) ?? [];
    expect(command).toBe("diff env:local migrations");
    const shown = await project.run(command.split(" "));
    expect(shown).toMatchObject({ exitCode: 3, stdout: expect.stringContaining("+ table public.notes") });
  },
);

test.skipIf(process.platform === "win32")(
  "what somebody writes to a migration meanwhile is not removed with it",
  async () => {
    await using project = await temporaryProject({
      ...FILES,
      "db/environments/local.yaml": "database:\n  host: localhost\n  database: none\n",
    });
    const edited = `${FILES["db/migrations/002_bio.up.sql"]}CREATE TABLE more (id int);\n`;
    const edit = async (): Promise<string> => {
      await project.write("db/migrations/002_bio.up.sql", edited);
      return "";
    };
    const { exitCode, screen } = await atTerminal(
      project.dir,
      ["migrate", "squash", "--through", "2", "--verbose"],
      [[/Running what is to be squashed/, edit]],
    );
    expect({ exitCode, screen }).toMatchObject({ exitCode: 1, screen: expect.stringContaining("Nothing was changed") });
    expect(await project.read("db/migrations/002_bio.up.sql")).toBe(edited);
    expect(readdirSync(project.path("db/migrations"))).not.toContain("base.sql");
  },
);

test.skipIf(process.platform === "win32")("what is rolled back while it is proven is not squashed", async () => {
  await using project = await cliProject({
    "db/migrations/001_users.sql": "CREATE TABLE users (id int);\n",
    "db/migrations/002_notes.sql": "-- migrate:up\nCREATE TABLE notes (id int);\n-- migrate:down\nDROP TABLE notes;\n",
  });
  await project.succeed(["migrate", "up"]);
  const rollBack = async (): Promise<string> => {
    await project.succeed(["migrate", "down"]);
    return "";
  };
  const { exitCode, screen } = await atTerminal(
    project.dir,
    ["migrate", "squash", "--through", "2", "--verbose"],
    [[/Running what is to be squashed/, rollBack]],
  );
  expect({ exitCode, screen: screen.replaceAll(/\s+/g, " ") }).toMatchObject({
    exitCode: 1,
    screen: expect.stringContaining("002_notes has not run on"),
  });
  expect(readdirSync(project.path("db/migrations")).toSorted()).toEqual(["001_users.sql", "002_notes.sql"]);
});

test("what the ledger alone knows of a migration is not forgotten without a word", async () => {
  await using project = await cliProject({
    "db/migrations/001_users.sql": "CREATE TABLE users (id int);\n",
    "db/migrations/002_notes.sql": "CREATE TABLE notes (id int);\n",
    "db/migrations/003_tags.sql": "CREATE TABLE tags (id int);\n",
  });
  await project.succeed(["migrate", "up"]);
  await project.succeed(["migrate", "squash", "--through", "1"]);
  const forget = (version: string, ...more: string[]): string[] => [
    "migrate",
    "resolve",
    version,
    "--rolled-back",
    ...more,
  ];

  const squashed = await project.succeed(forget("1"));
  expect(squashed.stderr).toContain("was squashed into base.sql, so no file runs it");
  expect(squashed.stderr).toContain("  CREATE TABLE users (id int);");
  await expectRefusal(project, ["migrate", "up"], { exitCode: 7, code: "history_squashed", next: "baseline" });
  await project.succeed(["migrate", "resolve", "001", "--applied"]);

  const done = await project.succeed(forget("2"));
  expect(done.stderr).toContain("runs it again, and fails where it makes what the database still has");
  expect(done.stderr).not.toContain("CREATE TABLE");
  await project.succeed(["migrate", "resolve", "002", "--applied"]);
  expect((await project.succeed(["migrate", "up"])).stderr).toContain("No pending migrations");

  await rm(project.path("db/migrations/003_tags.sql"));
  const document = readDocument(await project.run(forget("3", "--format", "json")));
  expect(document).toMatchObject({ changed: true, lostSource: "CREATE TABLE tags (id int);\n", lostSourceDown: null });
});

long("one that began with a former base, and is behind the new one, is told what it lacks of it", async () => {
  const environment = (path: string): string => `database:\n  engine: embedded\n  path: ${path}\n`;
  await using project = await temporaryProject({
    "db/environments/local.yaml": environment(".confiture/local"),
    "db/environments/behind.yaml": environment(".confiture/behind"),
    "db/migrations/base.sql": "CREATE TABLE users (id int);\n",
    "db/migrations/001_bio.sql": "ALTER TABLE users ADD bio text;\n",
    "db/migrations/002_tags.sql": "CREATE TABLE tags (id int);\nALTER TABLE users ADD age int;\n",
    "db/migrations/003_notes.sql": "CREATE TABLE notes (id int);\n",
  });
  const run = (...args: string[]) => runHere(args, { cwd: project.dir });
  expect(await run("migrate", "up", "-e", "behind", "--to", "001")).toMatchObject({ exitCode: 0 });
  expect(await run("migrate", "squash", "--through", "2")).toMatchObject({ exitCode: 0 });
  const { exitCode, stderr } = await run("migrate", "baseline", "-e", "behind", "--proven");
  expect(exitCode).toBe(3);
  expect(stderr).toContain(
    "not proven: 002_tags, 003_notes (some of what base.sql makes is not in the database: table public.tags, column public.users.age). Next:\n",
  );
  expect(stderr).toContain("with the files from before the squash");
});

test("a database that holds something and has nothing recorded is in the way, an empty one is not", async () => {
  await using project = await temporaryProject({
    ...FILES,
    "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
  });
  const at = { cwd: project.dir };
  expect(await runHere(["build", "--no-baseline"], at)).toMatchObject({ exitCode: 0 });
  const refused = await runHere(["migrate", "squash", "--through", "2"], at);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("Nothing is recorded on the database of environment local, which holds something");
  expect(refused.stderr).toContain("confiture migrate baseline --proven");
  expect(refused.stderr).toContain("no proof shows all that it does: confiture migrate baseline --through 002\n");
  expect(readdirSync(project.path("db/migrations"))).not.toContain("base.sql");
  expect(await runHere(["migrate", "baseline", "--proven"], at)).toMatchObject({ exitCode: 0 });
  const squashed = await runHere(["migrate", "squash", "--through", "1"], at);
  // The others are other environments.
  expect(squashed.stderr).toContain("bring it up to date (`up --env NAME`) with the files as they were");
  await rm(project.path(".confiture"), { recursive: true });
  expect(await runHere(["migrate", "squash", "--through", "2"], at)).toMatchObject({ exitCode: 0 });
});

test("a table with an index that gets another name behind the base, and a role, are in the way of no command", async () => {
  const table =
    "CREATE TABLE reviews (id int, s int, CONSTRAINT rp PRIMARY KEY (id));\nCREATE INDEX rs ON reviews (s);\n";
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
    "db/schema/t.sql": `${table.replaceAll("reviews", "ratings")}CREATE TABLE n (id int, y int);\n`,
    "db/migrations/base.sql": table,
    "db/migrations/001_n.sql": "CREATE TABLE n (id int);\n",
    "db/migrations/002_role.sql": "CREATE ROLE squash_test_role;\nALTER TABLE n ADD y int;\n",
    "db/migrations/003_renamed.sql": "ALTER TABLE reviews RENAME TO ratings;\n",
  });
  const run = (...args: string[]): ReturnType<typeof runHere> => runHere(args, { cwd: project.dir });
  expect(await run("migrate", "squash", "--through", "001")).toMatchObject({ exitCode: 0 });
  const built = await run("build", "--fresh", "--quiet");
  expect(built).toMatchObject({ exitCode: 0 });
  // What no state of a database changes is said before one is asked for.
  const refused = await run("migrate", "squash", "--through", "002");
  expect(refused.stderr).toContain("error: 002_role changes a role, which base.sql would not hold");
  expect(refused.stderr).toContain("confiture migrate accept 002 --different\n");
  const asked = await run("migrate", "baseline", "--proven");
  expect(asked.exitCode).toBe(3);
  for (const { stderr } of [built, asked]) {
    expect(stderr).toContain("002_role changes a role, which no comparison shows");
    expect(stderr).toContain("confiture migrate baseline --through 002 ");
    expect(stderr).toContain("confiture migrate baseline --proven   then records");
  }
  expect(built.stderr).toContain("warning: 3 migrations in db/migrations are not recorded");
  // What is asked for is no warning, and `up` would be refused.
  const none = await run("build", "--fresh", "--no-baseline");
  expect(none.stderr).not.toContain("warning: ");
  expect(none.stderr).not.toContain("confiture migrate up ");
  expect((await run("migrate", "up")).exitCode).toBe(7);
  expect(await run("migrate", "baseline", "--through", "002")).toMatchObject({ exitCode: 0 });
  expect((await run("migrate", "baseline", "--proven")).stdout).toContain("003_renamed recorded as applied");
  expect((await run("migrate", "up")).stderr).toContain("No pending migrations");
});
