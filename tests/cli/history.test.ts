import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rename, rm } from "node:fs/promises";
import { readDocument } from "./document.ts";
import { cliProject, type CliProject } from "./project.ts";
import { expectRefusal } from "./refusal.ts";
import { OLDEST_ALONE } from "../support/servers.ts";

const table = (name: string): string =>
  `-- migrate:up\nCREATE TABLE ${name} ();\n-- migrate:down\nDROP TABLE ${name};\n`;

const FILES = {
  "db/migrations/001_one.sql": table("one"),
  "db/migrations/003_three.sql": table("three"),
};

describe.each(OLDEST_ALONE)("a history that does not fit the files stops everything, PostgreSQL %d", (major) => {
  let project: CliProject;
  beforeAll(async () => {
    project = await cliProject(FILES, { major });
    await project.succeed(["migrate", "up"]);
    // Waits for its turn behind whatever is wrong: nothing may run, not even what is pending.
    await project.write("db/migrations/009_pending.sql", table("pending"));
  });
  afterAll(() => project.remove());

  test("a migration that was edited after it was applied", async () => {
    await project.write("db/migrations/001_one.sql", table("one").replace("()", "(id int)"));
    const wanted = {
      exitCode: 7,
      code: "history_edited",
      place: "db/migrations/001_one.sql",
      names: ["001_one"],
      next: "confiture migrate accept 001",
    } as const;
    await expectRefusal(project, ["migrate", "up"], wanted);
    await expectRefusal(project, ["migrate", "down", "--to", "0"], wanted);
    expect((await project.succeed(["migrate", "status"])).stdout).toContain("001_one (applied ");
    expect((await project.run(["migrate", "status", "--exit-code"])).exitCode).toBe(3);
    await project.write("db/migrations/001_one.sql", FILES["db/migrations/001_one.sql"].replaceAll("\n", "\r\n"));
    const windows = readDocument(await project.run(["migrate", "status", "--format", "json"]));
    expect(windows).toMatchObject({ migrations: [{ version: "001", state: "applied" }, {}, {}] });
    await project.write("db/migrations/001_one.sql", FILES["db/migrations/001_one.sql"]);
  });

  test("a file that is gone after it was applied", async () => {
    await rename(project.path("db/migrations/001_one.sql"), project.path("elsewhere.sql"));
    const wanted = { exitCode: 7, code: "history_missing", names: ["001_one"] } as const;
    await expectRefusal(project, ["migrate", "up"], { ...wanted, next: "migrate up --allow-missing" });
    await expectRefusal(project, ["migrate", "plan"], { ...wanted, next: "migrate plan --allow-missing" });
    await expectRefusal(project, ["migrate", "redo", "--steps", "2"], wanted);
    expect((await project.succeed(["migrate", "status"])).stdout).toContain("file missing");
    await rename(project.path("elsewhere.sql"), project.path("db/migrations/001_one.sql"));
  });

  test("two files of one version, as a merge brings them, with the one that the database has", async () => {
    await project.write("db/migrations/003_other.sql", table("other"));
    try {
      await expectRefusal(project, ["migrate", "status"], {
        code: "migration_duplicate",
        exitCode: 7,
        names: [
          "003_other.sql",
          "Applied in the database of environment local is 003_three: db/migrations/003_three.sql",
        ],
        next: "Rename db/migrations/003_other.sql",
      });
    } finally {
      await rm(project.path("db/migrations/003_other.sql"));
    }
  });

  test("a renamed file is the same migration: its version counts", async () => {
    await rename(project.path("db/migrations/001_one.sql"), project.path("db/migrations/1_uno.sql"));
    const document = readDocument(await project.run(["migrate", "status", "--format", "json"]));
    expect(document).toMatchObject({ migrations: [{ version: "1", name: "uno", state: "applied" }, {}, {}] });
    await rename(project.path("db/migrations/1_uno.sql"), project.path("db/migrations/001_one.sql"));
  });

  test("a migration older than one that is applied", async () => {
    await project.write("db/migrations/002_late.sql", table("late"));
    await expectRefusal(project, ["migrate", "up"], {
      exitCode: 7,
      code: "history_out_of_order",
      place: "db/migrations/002_late.sql",
      names: ["002_late", "003_three"],
      next: "--allow-out-of-order",
    });
    await project.succeed(["migrate", "up", "--allow-out-of-order", "--to", "002"]);
    await project.succeed(["migrate", "down", "--to", "3"]);
    expect((await project.succeed(["migrate", "status"])).stdout).toMatch(/✅ 002_late[^]*✅ 003_three/);
  });

  test("a version that is not there", async () => {
    for (const command of [
      ["up", "--to", "7"],
      ["down", "--to", "7"],
      ["baseline", "--through", "7"],
      ["accept", "7"],
    ]) {
      await expectRefusal(project, ["migrate", ...command], {
        exitCode: 2,
        code: "migration_unknown",
        names: ["7"],
        next: "001",
      });
    }
  });

  test("a down that fails keeps the migration applied", async () => {
    await project.write(
      "db/migrations/004_bad_down.sql",
      "-- migrate:up\nSELECT 1;\n-- migrate:down\nDROP TABLE three;\nDROP TABLE never_was;\n",
    );
    await project.succeed(["migrate", "up", "--to", "004"]);
    await expectRefusal(project, ["migrate", "down"], {
      exitCode: 1,
      code: "sql_failed",
      place: "db/migrations/004_bad_down.sql:5",
      names: ["004_bad_down", "never_was"],
    });
    await expectRefusal(project, ["migrate", "redo"], { exitCode: 1, code: "sql_failed" });
  });

  test("a migration without a way back refuses before anything is rolled back", async () => {
    await project.write("db/migrations/005_up_only.sql", "SELECT 1;\n");
    await project.write("db/migrations/006_six.sql", table("six"));
    await project.succeed(["migrate", "up", "--to", "006"]);
    await expectRefusal(project, ["migrate", "down", "--steps", "2"], {
      exitCode: 1,
      code: "migration_irreversible",
      place: "db/migrations/005_up_only.sql",
    });
    await rm(project.path("db/migrations/006_six.sql"));
  });
});

describe.each(OLDEST_ALONE)("the ledger keeps what ran, PostgreSQL %d", (major) => {
  const WITH_COLUMN = "-- migrate:up\nCREATE TABLE one (\n  id int\n);\n-- migrate:down\nDROP TABLE one;\n";

  test("an edit is shown by status -v and by accept, and accepted when it does the same to the schema", async () => {
    await using project = await cliProject({ "db/migrations/001_one.sql": WITH_COLUMN }, { major });
    await project.succeed(["migrate", "up"]);
    expect((await project.succeed(["migrate", "show", "001"])).stdout).toBe(WITH_COLUMN);
    await project.write("db/migrations/001_one.sql", WITH_COLUMN.replace("id int", "id integer"));
    const shown = await project.succeed(["migrate", "show", "1", "--down"]);
    expect(shown.stdout).toBe("DROP TABLE one;\n");
    expect(shown.stderr).toContain("was edited since");
    const document = readDocument(await project.run(["migrate", "show", "001", "--format", "json"]));
    expect(document).toMatchObject({ state: "edited", from: "ledger", source: WITH_COLUMN, sourceDown: null });
    const difference = "    -   id int\n    +   id integer\n";
    expect((await project.succeed(["migrate", "status", "-v"])).stdout).toContain(difference);
    expect((await project.succeed(["migrate", "status"])).stdout).not.toContain("integer");
    const accepted = await project.succeed(["migrate", "accept", "001"]);
    expect(accepted.stderr).toContain(difference);
    expect(accepted.stdout).toContain("proven");
    await project.write("db/migrations/001_one.sql", WITH_COLUMN.replace("id int", "id bigint"));
    const { error } = readDocument(await project.run(["migrate", "accept", "001", "--format", "json"]));
    expect(error).toMatchObject({ code: "accept_refused", hint: expect.stringContaining("--different") });
    expect(error?.message).toContain("id bigint");
    await project.succeed(["migrate", "accept", "001", "--different"]);
  });

  test("columns in another order, and a way back that leads elsewhere, are not the same", async () => {
    const file = "db/migrations/001_one.sql";
    const text = (columns: string, down = "\n-- migrate:down\nDROP TABLE one;\n"): string =>
      `-- migrate:up\nCREATE TABLE one (${columns});${down}`;
    await using project = await cliProject({ [file]: text("a int, b text") }, { major });
    await project.succeed(["migrate", "up"]);
    const refused = async (edit: string, what: string): Promise<void> => {
      await project.write(file, edit);
      const { error } = readDocument(await project.run(["migrate", "accept", "001", "--format", "json"]));
      expect(error).toMatchObject({ code: "accept_refused", hint: expect.stringContaining("--different") });
      expect(error?.message).toContain(what);
    };
    await refused(text("b text, a int"), "public.one has its columns in another order: a, b -> b, a");
    const back = (sql: string): string => text("a int, b text", `\n-- migrate:down\n${sql}\n`);
    await refused(
      back("ALTER TABLE one DROP b;"),
      "has another way back now:\n  - DROP TABLE one\n  + ALTER TABLE one DROP b",
    );
    await refused(back("ALTER TABLE one DROP b;"), "added table public.one");
    await refused(back("DROP TABLE nothing;"), "does not exist");
    await refused(text("a int, b text", ""), "has no way back any more:");
    await project.write(file, back("DROP TABLE IF EXISTS one;"));
    const { stdout } = await project.succeed(["migrate", "accept", "001"]);
    expect(stdout).toContain("another way back, proven to lead back to the same schema");

    // One that came later has to lead to where its migration began.
    await project.write("db/migrations/002_two.sql", "-- migrate:up\nCREATE TABLE two (id int);\n");
    await project.succeed(["migrate", "up"]);
    await project.write(
      "db/migrations/002_two.sql",
      "-- migrate:up\nCREATE TABLE two (id int);\n-- migrate:down\nDROP TABLE two;",
    );
    await project.succeed(["migrate", "accept", "002"]);
  });

  test("an edit that does what no comparison shows is accepted as different alone", async () => {
    const comment = "COMMENT ON LANGUAGE plpgsql IS 'x';\n";
    await using project = await cliProject(
      { "db/migrations/001_one.sql": `${comment}CREATE TABLE one (id int);\n` },
      { major },
    );
    await project.succeed(["migrate", "up"]);
    const edits = [
      ["it", `${comment}CREATE TABLE one (id int);\nCOMMENT ON LANGUAGE plpgsql IS 'zz';\n`],
      ["what was applied", "CREATE TABLE one (id int);\n"],
    ];
    for (const [which, edit = ""] of edits) {
      await project.write("db/migrations/001_one.sql", edit);
      const { error } = readDocument(await project.run(["migrate", "accept", "001", "--format", "json"]));
      expect(error).toMatchObject({ code: "accept_refused", hint: expect.stringContaining("--different") });
      expect(error?.message).toContain(
        `could not be proven: ${which} changes an object of PostgreSQL's own or of an extension, which no comparison shows`,
      );
    }
    // What both texts do of the kind is no difference.
    await project.write("db/migrations/001_one.sql", `${comment}CREATE TABLE one (id integer);\n`);
    expect((await project.succeed(["migrate", "accept", "001"])).stdout).toContain("proven");
  });

  test("an edit that could do something else to rows is not taken for the same", async () => {
    const text = (sql: string): string => `CREATE TABLE one (id int, a int);\n${sql};\n`;
    const [before, ...edits] = [
      "UPDATE one SET a = 1",
      "UPDATE one SET a = 2",
      "ALTER TABLE one RENAME a TO b",
      "ALTER TABLE one DROP a, ADD b int",
      "ALTER TABLE one ADD b int DEFAULT 1; ALTER TABLE one ALTER b DROP DEFAULT",
      "DO $$ BEGIN END $$",
    ];
    await using project = await cliProject({ "db/migrations/001_one.sql": text(before) }, { major });
    await project.succeed(["migrate", "up"]);
    for (const edit of edits) {
      await project.write("db/migrations/001_one.sql", text(edit));
      const { error } = readDocument(await project.run(["migrate", "accept", "001", "--format", "json"]));
      expect(error?.code).toBe("accept_refused");
    }
  });

  test("a way back in a file of its own that was edited since is run as it is now, with a line that says so", async () => {
    await using project = await cliProject(
      {
        "db/migrations/001_one.up.sql": "CREATE TABLE one (a int, b int);\n",
        "db/migrations/001_one.down.sql": "DROP TABLE one;\n",
        "db/migrations/002_two.up.sql": "ALTER TABLE one ADD c int;\n",
        "db/migrations/002_two.down.sql": "ALTER TABLE one DROP c;\n",
        "db/migrations/003_three.up.sql": "DELETE FROM one;\n",
        "db/migrations/003_three.down.sql": "COPY one (a) FROM stdin;\n1\n\\.\n",
      },
      { major },
    );
    await project.succeed(["migrate", "up"]);
    await project.write("db/migrations/001_one.down.sql", "-- All of it.\nDROP TABLE  one;\n");
    await project.write("db/migrations/002_two.down.sql", "ALTER TABLE one DROP c, DROP b;\n");
    await project.write("db/migrations/003_three.down.sql", "COPY one (a) FROM stdin;\n2\n\\.\n");
    const { stderr } = await project.succeed(["migrate", "down", "--to", "0"]);
    const lines = stderr.split("\n").filter((line) => line.includes("was edited after it was applied"));
    expect(lines).toEqual([
      expect.stringContaining("db/migrations/003_three.down.sql"),
      expect.stringContaining("db/migrations/002_two.down.sql"),
    ]);
    expect(lines[1]).toContain("confiture migrate show 002");
  });

  test("what an older image has no file for is rolled back; a protected environment is asked first", async () => {
    await using project = await cliProject(FILES, { major });
    await project.succeed(["migrate", "up"]);
    const environment = await Bun.file(project.path("db/environments/local.yaml")).text();
    await project.write("db/environments/local.yaml", `${environment}protected: true\n`);
    await rm(project.path("db/migrations/003_three.sql"));
    const refused = { exitCode: 2, code: "protected", next: "--yes local" } as const;
    await expectRefusal(project, ["migrate", "down"], refused);
    const { stderr } = await project.succeed(["migrate", "down", "--yes", "local"]);
    expect(stderr).toContain("the file of 003_three is not here");
    expect(await project.query("SELECT to_regclass('three') AS three")).toEqual([{ three: null }]);
    const unknown = { exitCode: 2, code: "migration_unknown" } as const;
    await expectRefusal(project, ["migrate", "show", "003"], unknown);
  });
});

/** The names that a hint gives to files, done. */
async function renameAsTold(project: CliProject, hint: string): Promise<void> {
  for (const [, path = "", name = ""] of hint.matchAll(/(db\/migrations\/\S+\.sql) to (\S+?\.sql)/g)) {
    await rename(project.path(path), project.path(`db/migrations/${name}`));
  }
}

/** The commands of a line of a hint, one after the other. */
async function runAsTold(project: CliProject, hint: string, line: string): Promise<void> {
  const told = hint.split("\n").find((candidate) => candidate.includes(line)) ?? "";
  const commands = [...told.matchAll(/`confiture ([^`]*)`/g)].map(([, command = ""]) => command.split(" "));
  expect(commands.length).toBeGreaterThan(1);
  // What `drift` finds is for people to judge.
  for (const command of commands) if (command[0] !== "drift") await project.succeed(command);
}

describe.each(OLDEST_ALONE)("an applied migration whose file got another number, PostgreSQL %d", (major) => {
  const two = {
    /** A merge brings another 001, and the one that this database has gets another number. */
    async merged(): Promise<{ readonly project: CliProject; readonly hint: string }> {
      const project = await cliProject({ "db/migrations/001_a.sql": table("a") }, { major });
      await project.succeed(["migrate", "up"]);
      await project.query("ALTER TABLE a ADD COLUMN id int; INSERT INTO a VALUES (7)");
      await rename(project.path("db/migrations/001_a.sql"), project.path("db/migrations/002_a.sql"));
      await project.write("db/migrations/001_b.sql", table("b"));
      const { error } = readDocument(await project.run(["migrate", "up", "--format", "json"]));
      expect(error).toMatchObject({ code: "history_edited", message: "This database has another 001 (a) than 001_b" });
      const hint = error?.hint ?? "";
      expect(hint).toContain("db/migrations/002_a.sql has exactly the text that was applied here as 001_a");
      expect(hint).not.toContain("accept");
      const status = await project.succeed(["migrate", "status"]);
      expect(status.stdout).toContain("renamed since: db/migrations/002_a.sql");
      return { project, hint };
    },
    async expectBoth(project: CliProject, expected: string, rows: readonly number[]): Promise<void> {
      const { stdout } = await project.succeed(["migrate", "status", "--exit-code"]);
      expect(stdout.replaceAll(/ \(applied .*/g, "")).toBe(expected);
      expect(await project.query("SELECT * FROM a")).toEqual(rows.map((id) => ({ id })));
      expect(await project.query("SELECT * FROM b")).toEqual([]);
    },
  };

  test("renamed back, and the other one given the next number, both run", async () => {
    const { project, hint } = await two.merged();
    await using _ = { [Symbol.asyncDispose]: () => project.remove() };
    await renameAsTold(project, hint.split("\n").find((line) => line.startsWith("Best rename it back")) ?? "");
    await project.succeed(["migrate", "up"]);
    await two.expectBoth(project, "✅ 001_a\n✅ 002_b\n", [7]);
  });

  test("recorded under its new number, the other one runs as well", async () => {
    const { project, hint } = await two.merged();
    await using _ = { [Symbol.asyncDispose]: () => project.remove() };
    await runAsTold(project, hint, "keep the new numbers");
    await two.expectBoth(project, "✅ 001_b\n✅ 002_a\n", [7]);
  });

  test("what a new number changes in the order is said, and behind which command it shows", async () => {
    const replaced = (result: number): string =>
      `-- migrate:up\nCREATE OR REPLACE FUNCTION fee() RETURNS int LANGUAGE sql AS 'SELECT ${result}';\n-- migrate:down\n`;
    await using project = await cliProject(
      {
        "db/migrations/004_plus.sql": replaced(4),
        "db/migrations/005_round.sql": replaced(5),
        // What this database has; what new ones get is another matter.
        "db/schema/fee.sql": "CREATE FUNCTION fee() RETURNS int LANGUAGE sql AS 'SELECT 5';\n",
      },
      { major },
    );
    await project.succeed(["migrate", "up"]);
    await rename(project.path("db/migrations/004_plus.sql"), project.path("db/migrations/006_plus.sql"));
    const { error } = readDocument(await project.run(["migrate", "up", "--format", "json"]));
    const [, back, keep = ""] = error?.hint?.split("\n") ?? [];
    expect(back).toBe("Best rename it back: db/migrations/006_plus.sql to 004_plus.sql.");
    expect(keep).toContain(
      "Or keep the new number, which changes the order: this database ran it before 005_round, and a new one runs it after, so the two may differ.",
    );
    const commands = [...keep.matchAll(/`confiture ([^`]*)`/g)].map(([, command = ""]) => command.split(" "));
    expect(commands.map(([word]) => word)).toEqual(["migrate", "migrate", "migrate", "drift"]);
    commands.pop();
    const [forget = [], ...others] = commands;
    const { stderr } = await project.succeed(forget);
    expect(stderr).toContain("its text is in db/migrations/006_plus.sql");
    expect(stderr).not.toContain("its file is not here");
    for (const command of others) await project.succeed(command);
    const drift = await project.run(["drift", "--against", "migrations"]);
    expect(drift).toMatchObject({ exitCode: 3 });
    expect(drift.stdout).toContain("fee");
  });

  test("nothing is said of the order where it stays", async () => {
    await using project = await cliProject({ "db/migrations/004_a.sql": table("a") }, { major });
    await project.succeed(["migrate", "up"]);
    await rename(project.path("db/migrations/004_a.sql"), project.path("db/migrations/006_a.sql"));
    const { error } = readDocument(await project.run(["migrate", "up", "--format", "json"]));
    expect(error?.hint).toContain("\nRename it back: ");
    expect(error?.hint).not.toContain("order");
  });

  test("rolled back as it ran, both run anew", async () => {
    const { project, hint } = await two.merged();
    await using _ = { [Symbol.asyncDispose]: () => project.remove() };
    await runAsTold(project, hint, "--recorded");
    expect((await project.succeed(["migrate", "status", "--exit-code"])).stdout).toMatch(/✅ 001_b[^]*✅ 002_a/);
    expect(await project.query("SELECT * FROM a, b")).toEqual([]);
  });

  test.each([
    ["renamed back", "Best rename it back"],
    ["recorded anew", "keep the new number"],
  ])("where nothing else has its old number, %s, others go on", async (_what, line) => {
    await using project = await cliProject(FILES, { major });
    await project.succeed(["migrate", "up"]);
    await rename(project.path("db/migrations/001_one.sql"), project.path("db/migrations/005_one.sql"));
    await project.write("db/migrations/004_four.sql", table("four"));
    const { error } = readDocument(await project.run(["migrate", "up", "--format", "json"]));
    expect(error).toMatchObject({ code: "history_missing" });
    const hint = error?.hint ?? "";
    // What ran after it would have to go first.
    expect(hint).not.toContain("down --recorded");
    if (line.startsWith("Best rename")) {
      await renameAsTold(project, hint.split("\n").find((told) => told.startsWith(line)) ?? "");
      await project.succeed(["migrate", "up"]);
    } else await runAsTold(project, hint, line);
    await project.succeed(["migrate", "status", "--exit-code"]);
    expect(await project.query("SELECT count(*)::int AS n FROM four")).toEqual([{ n: 0 }]);
  });
});
