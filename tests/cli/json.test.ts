import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { isGroup } from "#cli/command.ts";
import { COMMANDS } from "#cli/registry.ts";
import { long } from "../support/long.ts";
import { type JsonDocument, readDocument, schemaName, SCHEMAS } from "./document.ts";
import { cliProject, type CliProject, databaseUrl, environmentFile } from "./project.ts";
import { NEWEST_ALONE } from "../support/servers.ts";

const commands = Object.entries(COMMANDS).flatMap(([name, entry]) =>
  isGroup(entry) ? Object.keys(entry.commands).map((child) => `${name} ${child}`) : [name],
);

/** Commands whose document was seen after they did their work. */
const seen = new Set<string>();

const FILES = {
  "db/schema/users.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
  "db/migrations/001_add_bio.sql":
    "-- migrate:up\nALTER TABLE users ADD bio text;\n-- migrate:down\nALTER TABLE users DROP bio;\n",
  "db/migrations/002_add_age.ts": `import { Migration } from "confiture";
export default class AddAge extends Migration {
  up() { this.execute("ALTER TABLE users ADD age int"); }
  down() { this.execute("ALTER TABLE users DROP age"); }
}
`,
};

describe.each(NEWEST_ALONE)("every command writes one document that fits its schema, PostgreSQL %d", (major) => {
  let project: CliProject;
  beforeAll(async () => {
    project = await cliProject(FILES, { major });
  });
  afterAll(() => project.remove());

  const done = async (...args: string[]): Promise<JsonDocument> => {
    const document = readDocument(await project.run([...args, "--format", "json"]));
    expect(document.error).toBeUndefined();
    seen.add(document.command ?? "");
    return document;
  };

  test("build", async () => {
    const files = ["db/schema/users.sql"];
    expect(await done("build", "--dry-run")).toMatchObject({ files, applied: false });
    expect(await done("build", "--output", "schema.sql")).toMatchObject({
      files,
      applied: false,
      output: "schema.sql",
    });
    expect(await done("build")).toMatchObject({ files, applied: true, recorded: [], unrecorded: ["001", "002"] });
    expect(await done("build", "--fresh", "--baseline")).toMatchObject({ recorded: ["001", "002"], unrecorded: [] });
    expect(await done("build", "--fresh")).toMatchObject({ recorded: [], unrecorded: ["001", "002"] });
  });

  test("migrate status, with and without findings", async () => {
    expect(await done("migrate", "status")).toMatchObject({ exitCode: 0, applied: 0, pending: 2 });
    expect(await done("migrate", "status", "--exit-code")).toMatchObject({ ok: true, exitCode: 3 });
  });

  test("migrate up", async () => {
    const file = "db/migrations/001_add_bio.sql";
    expect(await done("migrate", "up", "--dry-run")).toMatchObject({ dryRun: true, migrations: [{ file }, {}] });
    const document = await done("migrate", "up", "--to", "001");
    expect(document).toMatchObject({
      migrations: [{ version: "001", name: "add_bio", direction: "up", outcome: "done" }],
    });
    expect(await done("migrate", "up")).toMatchObject({ migrations: [{ version: "002" }] });
    expect(await done("migrate", "up")).toMatchObject({ migrations: [] });
    expect(await done("migrate", "status")).toMatchObject({ applied: 2, pending: 0 });
  });

  test("migrate up that fails half way says what was done and what was not", async () => {
    await project.write("db/migrations/003_good.sql", "CREATE TABLE good ();\n");
    await project.write("db/migrations/004_bad.sql", "SELECT 1;\nSELECT nothing_here;\n");
    await project.write("db/migrations/005_later.sql", "CREATE TABLE later ();\n");
    const document = readDocument(await project.run(["migrate", "up", "--format", "json"]));
    expect(document).toMatchObject({
      ok: false,
      exitCode: 1,
      migrations: [
        { version: "003", outcome: "done" },
        { version: "004", outcome: "failed", durationMs: null },
        { version: "005", outcome: "not-run", durationMs: null },
      ],
      error: {
        code: "sql_failed",
        location: { file: "db/migrations/004_bad.sql", line: 2, column: 8, sourceLine: "SELECT nothing_here;" },
        server: { sqlstate: "42703" },
      },
    });
    for (const file of ["003_good", "004_bad", "005_later"]) await rm(project.path(`db/migrations/${file}.sql`));
    expect(await done("migrate", "status")).toMatchObject({ migrations: [{}, {}, { state: "missing", file: null }] });
    expect(await done("migrate", "resolve", "3", "--rolled-back")).toMatchObject({ version: "003" });
    await project.query("DROP TABLE good");
  });

  test("migrate down, redo", async () => {
    expect(await done("migrate", "redo")).toMatchObject({ migrations: [{ direction: "down" }, { direction: "up" }] });
    expect(await done("migrate", "down", "--to", "0", "--dry-run")).toMatchObject({
      dryRun: true,
      migrations: [{ version: "002" }, { version: "001", own: ["ALTER TABLE users DROP bio"] }],
    });
    expect(await done("migrate", "down", "--to", "0")).toMatchObject({
      migrations: [{ version: "002" }, { version: "001" }],
    });
    expect(await done("migrate", "down")).toMatchObject({ migrations: [] });
  });

  test("migrate baseline, accept", async () => {
    expect(await done("migrate", "baseline", "--through", "1")).toMatchObject({ recorded: [{ version: "001" }] });
    expect(await done("migrate", "baseline")).toMatchObject({ recorded: [{ version: "002" }] });
    await project.write("db/migrations/001_add_bio.sql", `-- A comment.\n${FILES["db/migrations/001_add_bio.sql"]}`);
    expect(await done("migrate", "status")).toMatchObject({ migrations: [{ state: "edited" }, {}] });
    expect(await done("migrate", "show", "001")).toMatchObject({ version: "001", from: "ledger", sourceDown: null });
    expect(await done("migrate", "accept", "001")).toMatchObject({ version: "001", name: "add_bio" });
  });

  test("migrate resolve, of a migration that stopped half way", async () => {
    await project.write(
      "db/migrations/003_half.sql",
      "-- migrate:up transaction:false\nCREATE TABLE half ();\nSELECT nothing_here;\nCREATE TABLE other_half ();\n",
    );
    const stopped = readDocument(await project.run(["migrate", "up", "--format", "json"]));
    expect(stopped).toMatchObject({ ok: false, exitCode: 1, error: { code: "sql_failed" } });
    expect(await done("migrate", "status")).toMatchObject({
      migrations: [
        {},
        {},
        {
          state: "stopped",
          statementsDone: 1,
          statementsTotal: 3,
          stoppedAt: "SELECT nothing_here",
          stoppedPlace: { file: "db/migrations/003_half.sql", line: 3 },
        },
      ],
    });
    const blocked = readDocument(await project.run(["migrate", "up", "--format", "json"]));
    expect(blocked).toMatchObject({
      ok: false,
      exitCode: 7,
      error: { code: "history_stopped", location: { line: 3 } },
    });
    await project.query("CREATE FUNCTION nothing_here() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    const again = readDocument(await project.run(["migrate", "resolve", "003", "--continue", "--format", "json"]));
    expect(again).toMatchObject({ ok: false, migrations: [{ outcome: "failed" }] });
    expect(await done("migrate", "resolve", "003", "--applied")).toMatchObject({ version: "003", resolved: "applied" });
  });

  test("migrate new", async () => {
    expect(await done("migrate", "new", "Add a Table")).toMatchObject({ version: "004", name: "add_a_table" });
  });

  test("migrate import", async () => {
    await project.write("sql/V1.2__a.sql", "SELECT 1;");
    expect(await done("migrate", "import", "--from", "sql", "--to", "db/imported")).toMatchObject({
      layout: "flyway",
      movedTo: null,
      migrations: [{ from: { version: "1.2" }, version: "1.2", file: "db/imported/1.2_a.sql" }],
    });
  });

  test("db", async () => {
    const database = `${project.database}_new`;
    const url = databaseUrl(project.server, database);
    expect(await done("db", "create", "--database-url", url)).toMatchObject({ database, created: true });
    expect(await done("db", "create", "--database-url", url)).toMatchObject({ created: false });
    expect(await done("db", "wait", "--database-url", url)).toMatchObject({ database });
    expect(await done("db", "drop", "--database-url", url)).toMatchObject({ dropped: true });
    expect(await done("db", "drop", "--database-url", url)).toMatchObject({ dropped: false });
  });

  test("db sql, db shell and db serve", async () => {
    expect(await done("db", "sql", "SELECT 1 AS one")).toMatchObject({ results: [{ rows: [{ one: 1 }] }] });
    expect(await done("db", "shell")).toMatchObject({ results: [] });
    const refused = readDocument(await project.run(["db", "serve", "--format", "json"]));
    expect(refused).toMatchObject({ command: "db serve", ok: false, exitCode: 2, error: { code: "usage" } });
    seen.add("db serve");
  });

  test("config show", async () => {
    const document = await done("config", "show");
    expect(document).toMatchObject({ environment: "local", file: "db/environments/local.yaml" });
    expect(document["settings"]).toContainEqual({
      key: "database.port",
      value: String(project.server.port),
      origin: "db/environments/local.yaml:3",
    });
  });

  test("protected environments refuse with a document", async () => {
    await project.write(
      "db/environments/precious.yaml",
      environmentFile(project.server, project.database, "protected: true\n"),
    );
    for (const command of [["build"], ["build", "--fresh"], ["migrate", "down"], ["migrate", "redo"], ["db", "drop"]]) {
      const result = await project.run([...command, "--env", "precious", "--format", "json"]);
      expect(readDocument(result)).toMatchObject({ ok: false, exitCode: 2, error: { code: "protected" } });
    }
  });

  test("init", async () => {
    expect(await done("init")).toMatchObject({
      files: expect.arrayContaining([{ path: "db/environments/local.yaml", fate: "kept" }]),
    });
    const backup = "db/environments/local.yaml.bak";
    expect(await done("init", "--force")).toMatchObject({
      files: expect.arrayContaining([{ path: "db/environments/local.yaml", fate: "replaced", backup }]),
    });
  });

  const USERS = "CREATE TABLE users (id int PRIMARY KEY, bio text, age int);\n";
  const writer =
    (own: CliProject) =>
    async (...args: string[]): Promise<JsonDocument> => {
      const document = readDocument(await own.run([...args, "--format", "json"]));
      expect(document.error).toBeUndefined();
      seen.add(document.command ?? "");
      return document;
    };

  test("verify and migrate test: what does not hold, and nothing when all does", async () => {
    await using own = await cliProject(FILES, { major });
    const on = writer(own);
    // The migrations alter what the schema files do not hold yet.
    expect(await on("verify")).toMatchObject({ exitCode: 3, from: "behind", checks: [{}, {}, { name: "agreement" }] });
    expect(await on("schema", "update", "--check")).toMatchObject({
      exitCode: 3,
      files: [{}],
      kept: [],
      written: false,
    });
    await own.write("db/schema/users.sql", USERS);
    expect(await on("verify")).toMatchObject({ exitCode: 0, from: "schema", unchecked: [] });
    expect(await on("migrate", "test")).toMatchObject({ exitCode: 0, outcome: "proven", fixtures: 0, losses: [] });
    await own.write("db/fixtures/users.sql", "INSERT INTO users VALUES (1);\n");
    await own.write("db/migrations/003_empty.sql", "-- migrate:up\nDELETE FROM users;\n-- migrate:down\nSELECT 1;\n");
    const loss = { migration: "db/migrations/003_empty.sql", of: "public.users", what: "rows", before: 1, after: 0 };
    expect(await on("migrate", "test", "003")).toMatchObject({
      exitCode: 3,
      outcome: "proven",
      losses: [
        { ...loss, direction: "up" },
        { ...loss, direction: "down" },
      ],
    });
    expect(await on("migrate", "test", "--allow-drop")).toMatchObject({ exitCode: 0, losses: [loss, loss] });
  });

  test("diff, drift, export and snapshot: what differs, and nothing when nothing does", async () => {
    await using own = await cliProject({ ...FILES, "db/schema/users.sql": USERS }, { major });
    const on = writer(own);
    expect(await on("diff", "empty", "schema")).toMatchObject({
      exitCode: 3,
      changes: [{ change: "added", kind: "table", name: "public.users" }],
    });
    expect(await on("diff", "schema", "schema")).toMatchObject({ exitCode: 0, changes: [], sql: null });
    await on("build", "--baseline");
    expect(await on("drift")).toMatchObject({ exitCode: 0, changes: [], pending: [] });
    expect(await on("export", "--dir", "exported")).toMatchObject({ dir: "exported", notExported: [], recorded: [] });
    expect(await on("snapshot")).toMatchObject({ file: null, postgres: major, snapshot: { version: 1, inUse: true } });
    expect(await on("snapshot", "--output", "now.json")).toMatchObject({ file: "now.json" });
    expect(await on("diff", "now.json", "schema")).toMatchObject({ exitCode: 0, changes: [] });
    await own.query("ALTER TABLE users ADD hacked int");
    expect(await on("drift")).toMatchObject({ exitCode: 3, changes: [{ name: "public.users.hacked" }], plan: null });
    expect(await on("drift", "--sql")).toMatchObject({
      exitCode: 3,
      plan: [{ statements: [{ removes: [{ kind: "column", name: "public.users.hacked" }] }] }],
    });
  });

  long(
    "base and generate",
    async () => {
      await using own = await cliProject({ ...FILES, "db/schema/users.sql": USERS }, { major });
      const on = writer(own);
      expect(await on("migrate", "base")).toMatchObject({
        file: "db/migrations/base.sql",
        takenBack: ["001", "002"],
        changes: [],
      });
      expect(await on("migrate", "squash", "--through", "1")).toMatchObject({ squashed: ["001"], left: ["002"] });
      await own.write("db/schema/tags.sql", "CREATE TABLE tags (name text PRIMARY KEY);\n");
      expect(await on("migrate", "generate", "all", "--from", "empty")).toMatchObject({
        migrations: [{ version: "003", name: "all", file: "db/migrations/003_all.sql" }],
      });
    },
    180_000,
  );

  test("lint", async () => {
    await using other = await cliProject(
      {
        ...FILES,
        "db/migrations/003_index.sql": "CREATE INDEX users_bio ON users (bio);\n",
      },
      { major },
    );
    await other.query("CREATE TABLE users (id int PRIMARY KEY)");
    const on = async (...args: string[]): Promise<JsonDocument> => {
      const document = readDocument(await other.run([...args, "--format", "json"]));
      seen.add(document.command ?? "");
      return document;
    };
    const found = {
      rule: "index-blocks-writes",
      severity: "error",
      location: { file: "db/migrations/003_index.sql", line: 1, column: 1 },
      statement: "CREATE INDEX users_bio ON users (bio)",
    };
    expect(await on("lint")).toMatchObject({
      ok: true,
      exitCode: 3,
      findings: [found],
      ignored: 0,
    });
    expect(await on("lint", "db/migrations/003_index.sql")).toMatchObject({ exitCode: 3, findings: [found] });
    expect(await on("lint", "db/migrations/003_index.sql", "--fail-on", "never")).toMatchObject({ exitCode: 0 });
    expect(await on("lint", "db/migrations/001_add_bio.sql")).toMatchObject({
      exitCode: 0,
      findings: [{ rule: "not-traced" }],
    });
    expect((await on("lint", "--rules"))["rules"]).toBeArray();
  }, 60_000);

  long(
    "dev and apply",
    async () => {
      await using own = await cliProject({ "db/schema/users.sql": USERS }, { major });
      const on = writer(own);
      expect(await on("dev", "--once")).toMatchObject({ exitCode: 3, schemaFiles: 1, findings: [] });
      expect(await on("apply", "--dry-run")).toMatchObject({ applied: false, durationMs: null });
      expect(await on("apply", "--yes", "local")).toMatchObject({ applied: true, changes: [{ name: "public.users" }] });
      expect(await on("apply")).toMatchObject({ applied: false, changes: [] });
    },
    60_000,
  );

  test("plan and stats", async () => {
    await using own = await cliProject(FILES, { major });
    const on = writer(own);
    await on("build");
    expect(await on("migrate", "plan")).toMatchObject({ exitCode: 0, out: null });
    expect(await on("migrate", "stats")).toMatchObject({ postgres: major, relations: expect.any(Array) });
  }, 60_000);

  test("pause, throttle and resume", async () => {
    const fill =
      "-- migrate:up backfill:public.users batch:1\nUPDATE users SET bio = 1 / (id - 2) WHERE bio IS NULL;\n";
    await using own = await cliProject({ ...FILES, "db/migrations/900_fill.sql": fill }, { major });
    const on = writer(own);
    await on("build");
    await on("migrate", "up", "--no-backfill");
    await own.query("INSERT INTO users SELECT generate_series(1, 3)");
    const throttle = async (): Promise<string> =>
      (await own.succeed(["migrate", "throttle", "900", "--batch", "auto"])).stdout;
    expect(await throttle()).toContain("900_fill has not begun, and will begin with this (");
    // A row stops it, so that it has begun and is not done.
    expect(readDocument(await own.run(["migrate", "up", "--format", "json"]))).toMatchObject({ ok: false });
    expect(await throttle()).toContain("900_fill runs with this from its next batch on (");
    const state = { version: "900", name: "fill", batch: null, pauseMs: null };
    expect(await on("migrate", "pause", "900")).toMatchObject({ ...state, pausedBy: expect.any(String) });
    expect(await on("migrate", "throttle", "900", "--batch", "500")).toMatchObject({ ...state, batch: 500 });
    expect(await on("migrate", "resume", "900")).toMatchObject({ ...state, batch: 500, pausedBy: null });
  }, 60_000);

  test("sync", async () => {
    await using own = await cliProject(FILES, { major });
    const copy = await own.server.createDatabase("cli");
    await own.write("db/environments/copy.yaml", environmentFile(own.server, copy, "sync: { replace: true }\n"));
    const on = writer(own);
    await on("build");
    const sync = ["sync", "--from", "local", "--to", "copy", "--plain"];
    expect(await on(...sync, "--dry-run")).toMatchObject({ applied: false, tables: [{ table: "public.users" }] });
    const made = await on(...sync, "--yes", "copy");
    expect(made).toMatchObject({ applied: true, place: "new database" });
    const { tables, durations } = made as unknown as { tables: { duration: number }[]; durations: object };
    expect([...tables.map(({ duration }) => duration), ...Object.values(durations)].every(Number.isInteger)).toBe(true);
    expect(await on("sync", "verify", ...sync.slice(1))).toMatchObject({
      holds: true,
      changes: [],
      tables: { all: 1, copied: 1, partitions: 0 },
    });
    await own.server.dropDatabase(copy);
    expect(await on("sync", "init", "--from", "local")).toMatchObject({ tables: 1, kept: 1, undecided: 0 });
    await own.write("db/sync/tables.yaml", "tables:\n  users: { keep: [id, bio] }\n");
    expect(await on("sync", "check")).toMatchObject({
      exitCode: 3,
      tables: 1,
      findings: [{ rule: "column-without-rule" }],
    });
    await own.write("db/sync/tables.yaml", "tables:\n  users: { keep: [id, bio, age] }\n");
    expect(await on("sync", "check")).toMatchObject({ exitCode: 0, findings: [], tables: 1 });
    expect(await on("sync", "check", "--from", "local")).toMatchObject({ exitCode: 3, checked: null });
    await own.write("db/sync/tables.yaml", "tables:\n  users: { keep: [id] }\n");
    expect(await on("sync", "show", "users", "--from", "local")).toMatchObject({ table: "public.users", rows: [] });
  }, 60_000);

  test("completion", async () => {
    expect(await done("completion", "bash")).toMatchObject({ shell: "bash" });
  });

  long("nothing was left out", () => {
    expect(commands.filter((command) => !seen.has(command))).toEqual([]);
  });
});

describe("schemas", () => {
  test("every command has one, and every one has its command", () => {
    expect(SCHEMAS.toSorted()).toEqual([...commands.map(schemaName), "none"].toSorted());
  });

  test("standard output belongs to the document: progress goes elsewhere", async () => {
    await using project = await cliProject(FILES);
    const { stdout, stderr } = await project.succeed(["build", "--format", "json", "-v"]);
    expect(stdout).toMatch(/^\{\n[^]*\n\}\n$/);
    expect(stderr).toContain("Executing schema...");
    const quiet = await project.succeed(["migrate", "up", "--format", "json", "-q"]);
    expect(quiet.stderr).toBe("");
    expect(readDocument(quiet).ok).toBeTrue();
  });

  test("a script and a document cannot share standard output", async () => {
    await using project = await cliProject(FILES);
    const result = await project.run(["build", "--output", "-", "--format", "json"]);
    expect(readDocument(result)).toMatchObject({ ok: false, exitCode: 2, error: { code: "usage" } });
  });
});
