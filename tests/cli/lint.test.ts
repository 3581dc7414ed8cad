import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import Ajv from "ajv";
import type { RunResult } from "../support/cli.ts";
import { commitAll } from "../support/git.ts";
import { runHere } from "../support/in-process.ts";
import { SARIF } from "../support/sarif.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";

/** No environment and no database: whatever is linted here is read from files. */
async function linted(project: TemporaryProject, ...args: string[]): Promise<RunResult> {
  return await runHere(["lint", "--no-trace", ...args], { cwd: project.dir });
}

interface Found {
  readonly rule: string;
  readonly severity: string;
  readonly fix?: string;
  readonly location: { readonly file: string; readonly line?: number };
}

async function findings(project: TemporaryProject, ...args: string[]): Promise<Found[]> {
  const { stdout, stderr } = await linted(project, ...args, "--format", "json");
  const document = JSON.parse(stdout) as { findings?: Found[] };
  if (document.findings === undefined) throw new Error(stdout + stderr);
  return document.findings;
}

const rulesOf = (all: readonly Found[]): string[] => all.map(({ rule }) => rule);

const FILES = {
  "db/schema/users.sql": "CREATE TABLE users (id int PRIMARY KEY, bio text);\n",
  "db/migrations/001_users.sql": "CREATE TABLE users (id bigint PRIMARY KEY);\n",
  "db/migrations/002_bio.sql": "CREATE INDEX users_bio ON users (bio);\n",
  "db/migrations/003_drop.sql": "-- an old one\n\nDROP TABLE users;\n",
};

describe("which files", () => {
  let project: TemporaryProject;
  beforeAll(async () => {
    project = await temporaryProject(FILES);
  });
  afterAll(() => project.remove());

  test("--all: every migration by itself, and the schema files", async () => {
    const all = await findings(project, "--all");
    expect(all.map(({ rule, location }) => [rule, location.file])).toEqual([
      ["index-blocks-writes", "db/migrations/002_bio.sql"],
      ["drop-table", "db/migrations/003_drop.sql"],
      ["prefer-bigint", "db/schema/users.sql"],
    ]);
  });

  test("files and folders, from where the command is started", async () => {
    expect(rulesOf(await findings(project, "db/migrations/003_drop.sql"))).toEqual(["drop-table"]);
    expect(rulesOf(await findings(project, "db/schema"))).toEqual(["prefer-bigint"]);
    expect(rulesOf(await findings(project, "db"))).toHaveLength(3);
    const here = await runHere(["lint", "--no-trace", "003_drop.sql", "-C", "../..", "--format", "json"], {
      cwd: project.path("db/migrations"),
    });
    expect((JSON.parse(here.stdout) as { files: string[] }).files).toEqual(["db/migrations/003_drop.sql"]);
  });

  test("SQL that belongs to no folder of the project", async () => {
    await using other = await temporaryProject({
      "notes/a.sql": "-- migrate:up\nDROP TABLE t;",
      "notes/b.txt": "DROP TABLE t;",
    });
    expect(rulesOf(await findings(other, "notes/a.sql"))).toEqual(["drop-table"]);
    expect(rulesOf(await findings(other, "notes"))).toEqual(["drop-table"]);
  });

  test("where there is nothing of a project, that is no reason to pass", async () => {
    await using other = await temporaryProject({ "sql/a.sql": "DROP TABLE t;" });
    const { exitCode, stderr } = await linted(other, "--all");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("There is neither a folder of migrations db/migrations nor a schema file");
    expect(stderr).toContain("confiture lint PATHS");
  });

  test("files that belong to no folder know nothing of each other", async () => {
    await using other = await temporaryProject({
      "notes/a.sql": "CREATE TABLE t (id bigint PRIMARY KEY, a text NOT NULL);",
      "notes/b.sql": "SET lock_timeout = '2s';\nALTER TABLE t ALTER COLUMN a SET NOT NULL;",
    });
    const alone = await findings(other, "notes/b.sql");
    expect(rulesOf(alone)).toEqual(["not-null-scans"]);
    expect(await findings(other, "notes")).toEqual(alone);
  });

  test("without a database, pending migrations are not known, and what can be done is said", async () => {
    const { exitCode, stderr } = await linted(project);
    expect(exitCode).toBe(4);
    expect(stderr).toContain("confiture lint --since git:main");
  });

  test.each([
    ["nothing.sql", 1],
    ["../elsewhere.sql", 2],
  ])("%s is refused", async (path, exitCode) => {
    expect((await linted(project, path)).exitCode).toBe(exitCode);
  });

  test("one choice at a time", async () => {
    expect((await linted(project, "--all", "db")).exitCode).toBe(2);
  });
});

describe("--since", () => {
  test("what is new or changed, tables of an earlier new migration are new, and versions are in order", async () => {
    await using project = await temporaryProject({
      "db/migrations/002_users.sql": "CREATE TABLE users (id bigint PRIMARY KEY);\n",
      "db/migrations/005_orders.sql": "CREATE TABLE orders (id bigint PRIMARY KEY);\r\n",
    });
    const git = (...args: string[]): void => {
      const { exitCode, stderr } = Bun.spawnSync(["git", "-c", "user.name=t", "-c", "user.email=t@t", ...args], {
        cwd: project.dir,
      });
      if (exitCode !== 0) throw new Error(stderr.toString());
    };
    git("init", "-q", "-b", "main");
    git("add", ".");
    git("commit", "-q", "-m", "first");
    expect(await findings(project, "--since", "git:main")).toEqual([]);
    await project.write("db/migrations/006_items.sql", "CREATE TABLE items (id bigint PRIMARY KEY, a text);\n");
    await project.write("db/migrations/007_index.sql", "CREATE INDEX ON items (a);\nCREATE INDEX ON users (a);\n");
    await project.write("db/migrations/003_late.sql", "ALTER TABLE users ADD COLUMN a text;\n");
    // Its version is what it is known by.
    git("mv", "db/migrations/002_users.sql", "db/migrations/002_people.sql");
    const all = await findings(project, "--since", "git:main");
    expect(all.map(({ rule, location: { file, line } }) => [rule, file.slice(14, 17), line])).toEqual([
      ["out-of-order", "003", undefined],
      ["index-blocks-writes", "007", 2],
    ]);
    expect(await findings(project, "--since", "main")).toEqual(all);
    expect((await linted(project, "--since", "env:local")).exitCode).toBe(2);
    expect((await linted(project, "--since", "git:nowhere")).exitCode).toBe(1);

    // What the other branch has gained since this one began counts as well.
    git("mv", "db/migrations/002_people.sql", "db/migrations/002_users.sql");
    git("branch", "work");
    await project.write("db/migrations/0010_more.sql", "SELECT 1;\n");
    git("add", "db/migrations/0010_more.sql");
    git("commit", "-q", "-m", "more");
    git("checkout", "-q", "work");
    const behind = (await linted(project, "--since", "main")).stdout;
    expect(behind.match(/\S+ is older than 0010, which main has/g)).toEqual([
      "003_late is older than 0010, which main has",
      "006_items is older than 0010, which main has",
      "007_index is older than 0010, which main has",
    ]);
    expect([...behind.matchAll(/rename \S+ to \S+/g)].map(([text]) => text)).toEqual([
      "rename db/migrations/003_late.sql to 0011_late.sql",
      "rename db/migrations/006_items.sql to 0012_items.sql",
      "rename db/migrations/007_index.sql to 0013_index.sql",
    ]);
  });

  test("names the files of another tool's late migration, in that tool's form", async () => {
    const ONE = "CREATE TABLE one (id bigint PRIMARY KEY);\n";
    const LATE = "SELECT 1;\n";
    const renames = async (files: Record<string, string>, late: Record<string, string>): Promise<string[]> => {
      await using project = await temporaryProject(files);
      commitAll(project, "first");
      for (const [path, text] of Object.entries(late)) await project.write(path, text);
      const all = await findings(project, "--since", "git:HEAD");
      return all.filter(({ rule }) => rule === "out-of-order").map(({ fix }) => fix ?? "");
    };
    expect(
      await renames(
        { "db/migrations/V1__one.sql": ONE, "db/migrations/V3.1__three.sql": LATE },
        {
          "db/migrations/V2_5__late.sql": LATE,
          "db/migrations/V2_5__late.sql.conf": "executeInTransaction=false\n",
          "db/migrations/U2_5__late.sql": LATE,
        },
      ),
    ).toEqual([
      "Give it the next free number: rename db/migrations/V2_5__late.sql to V4__late.sql, and db/migrations/V2_5__late.sql.conf to V4__late.sql.conf, and db/migrations/U2_5__late.sql to U4__late.sql",
    ]);
    expect(
      await renames(
        { "db/migrations/20240103000000_b/migration.sql": ONE },
        { "db/migrations/20240102000000_a/migration.sql": LATE },
      ),
    ).toEqual([
      "Give it the next free number: rename db/migrations/20240102000000_a/migration.sql to 20240103000001_a/migration.sql",
    ]);
  });
});

describe("what another branch has, and was changed here", () => {
  const USERS = "CREATE TABLE users (id bigint PRIMARY KEY);\n";
  const ANOTHER = "CREATE TABLE users (id bigint PRIMARY KEY, bio text);\n";

  test("stops lint, verify and plan, unless it was never released", async () => {
    await using project = await temporaryProject({
      "db/schema/users.sql": USERS,
      "db/migrations/001_users.sql": USERS,
      "db/migrations/002_note.sql": "COMMENT ON TABLE users IS 'people';\n",
      "db/schema/zz_note.sql": "COMMENT ON TABLE users IS 'people';\n",
    });
    Bun.spawnSync(["git", "init", "-q", "-b", "main"], { cwd: project.dir });
    commitAll(project, "first");
    const CHECKS = {
      lint: ["lint", "--no-trace", "--since", "git:main"],
      verify: ["verify", "--base", "git:main"],
      plan: ["migrate", "plan", "--since", "main"],
    };
    /** The exit codes of lint, verify and plan, and all that they said. */
    const check = async () => {
      const results = [];
      for (const args of Object.values(CHECKS)) results.push(await runHere(args, { cwd: project.dir }));
      const said = results.map(({ stdout, stderr }) => stdout + stderr);
      return { codes: results.map(({ exitCode }) => exitCode), said };
    };
    expect((await check()).codes).toEqual([0, 0, 0]);

    await project.write("db/migrations/001_users.sql", ANOTHER);
    const edited = await check();
    expect(edited.codes).toEqual([3, 3, 7]);
    for (const said of edited.said) {
      expect(said).toContain("001_users was edited, and main has it");
      expect(said).toContain("confiture:ignore-file edited-migration REASON");
    }
    await project.write(
      "db/migrations/001_users.sql",
      `-- confiture:ignore-file edited-migration only on laptops\n${ANOTHER}`,
    );
    expect((await check()).codes).toEqual([0, 0, 0]);
    // Once it is merged, the comment is no fault either.
    expect(rulesOf(await findings(project, "db/migrations/001_users.sql"))).toEqual([]);
    await project.write("db/migrations/001_users.sql", `-- people\n${USERS}`);
    const comment = await check();
    expect(comment.codes).toEqual([0, 0, 0]);
    expect(comment.said[0]).toContain("confiture migrate accept 001");
    await project.write("db/migrations/001_users.sql", USERS);

    await rm(project.path("db/migrations/002_note.sql"));
    const deleted = await check();
    expect(deleted.codes).toEqual([3, 3, 7]);
    for (const said of deleted.said) expect(said).toContain("002_note was deleted, and main has it");
    await project.write("db/lint.yaml", "exclude:\n  - db/migrations/002_note.sql\n");
    expect((await check()).codes).toEqual([0, 0, 0]);
  }, 120_000);
});

describe("exit code", () => {
  test.each([
    ["DROP TABLE t;", [], 0],
    ["DROP TABLE t;", ["--fail-on", "warning"], 3],
    ["DELETE FROM t;", [], 3],
    ["DELETE FROM t;", ["--fail-on", "never"], 0],
    ["SELECT 1;", ["--fail-on", "note"], 0],
  ])("%s %p", async (sql, args, exitCode) => {
    await using project = await temporaryProject({ "a.sql": sql });
    expect((await linted(project, "a.sql", ...args)).exitCode).toBe(exitCode);
  });
});

describe("db/lint.yaml", () => {
  const withSettings = (text: string, more: Readonly<Record<string, string>> = {}) =>
    temporaryProject({ ...FILES, "db/lint.yaml": text, ...more });

  test("sets severities, by our names and by those of others", async () => {
    await using project = await withSettings(
      "rules:\n  drop-table: error\n  require-concurrent-index-creation: note\n  prefer-bigint: off\n",
    );
    const all = await findings(project, "--all");
    expect(all.map(({ rule, severity }) => [rule, severity])).toEqual([
      ["index-blocks-writes", "note"],
      ["drop-table", "error"],
    ]);
  });

  test("turns on what is off", async () => {
    await using project = await withSettings("rules:\n  schema-qualified: warning\n");
    expect(rulesOf(await findings(project, "db/migrations/001_users.sql"))).toEqual(["schema-qualified"]);
  });

  test("says what fails, and which files are left out", async () => {
    await using project = await withSettings('fail_on: warning\nexclude: ["db/migrations/002_*"]\n');
    expect((await linted(project, "db/migrations/003_drop.sql")).exitCode).toBe(3);
    expect((await linted(project, "db/migrations/003_drop.sql", "--fail-on", "error")).exitCode).toBe(0);
    expect(rulesOf(await findings(project, "--all"))).toEqual(["drop-table", "prefer-bigint"]);
    expect((await linted(project, "--all")).stderr).toContain(
      "1 file left out by db/lint.yaml: db/migrations/002_bio.sql",
    );
    const { stderr, stdout } = await linted(project, "db/migrations/002_bio.sql");
    expect({ stderr, stdout }).toMatchObject({ stderr: expect.stringContaining("1 file left out"), stdout: "" });
  });

  test("has a section for each environment, which counts for that one", async () => {
    await using project = await withSettings(
      "rules:\n  drop-table: note\nenvironments:\n  production:\n    rules:\n      drop-table: error\n",
      {
        "db/environments/local.yaml": "database: postgres://localhost/x\n",
        "db/environments/production.yaml": "database: postgres://localhost/x\n",
      },
    );
    const severity = async (...args: string[]) =>
      (await findings(project, "db/migrations/003_drop.sql", ...args)).map((found) => found.severity);
    expect(await severity()).toEqual(["note"]);
    expect(await severity("--env", "production")).toEqual(["error"]);
  });

  test.each([
    ["rules:\n  drop-tabel: off\n", 2, 3, "drop-table"],
    ["rule:\n  drop-table: off\n", 1, 1, "rules"],
    ["rules:\n  drop-table: nope\n", 2, 15, "note"],
    ["rules: [drop-table]\n", 1, 8, ""],
    ["fail_on: warnings\n", 1, 10, "warning"],
    ["environments:\n  prod:\n    rules: {}\n", 2, 3, "local"],
    ["environments:\n  local:\n    exclude: []\n", 3, 5, "rules"],
    ["exclude:\n  - 'db/migrations/[0-9*'\n", 2, 5, "without its ]"],
    ["exclude:\n  - 'db/[]]/{a,b{c}'\n", 2, 5, "without its }"],
    ["exclude: ['b}']\n", 1, 11, "without its {"],
    ["exclude:\n  - 'db/migrationz/**'\n", 2, 5, "names db/migrationz/, which is not there"],
    ["exclude: [db/migration/001_users.sql]\n", 1, 11, "names db/migration/, which is not there"],
    ["exclude: [./db/migrations/001_users.sql]\n", 1, 11, "from the project's folder"],
  ])("%j is refused at its line", async (text, line, column, hint) => {
    await using project = await withSettings(text);
    const { exitCode, stdout } = await linted(project, "--all", "--format", "json");
    expect(exitCode).toBe(4);
    const { error } = JSON.parse(stdout) as { error: { location: object; hint?: string; message: string } };
    expect(error.location).toMatchObject({ file: "db/lint.yaml", line, column });
    // Nothing in it is secret.
    expect((await linted(project, "--all")).stderr).toContain(`${line} | ${text.split("\n")[line - 1]}\n`);
    expect(`${error.message} ${error.hint ?? ""}`).toContain(hint);
  });

  test("says so where an environment lets pass what fails elsewhere", async () => {
    await using project = await withSettings("environments:\n  local:\n    fail_on: never\n");
    const relaxed = await linted(project, "--all");
    expect(relaxed.exitCode).toBe(0);
    expect(relaxed.stderr).toContain("1 finding does not fail this command, because db/lint.yaml:3 says");
    const strict = await linted(project, "--all", "--fail-on", "error");
    expect(strict).toMatchObject({ exitCode: 3, stderr: "" });
    expect((await linted(project, "db/migrations/003_drop.sql")).stderr).toBe("");
  });

  test("has one name", async () => {
    await using project = await temporaryProject({ ...FILES, "db/lint.yml": "rules: {}\n" });
    expect((await linted(project, "--all")).exitCode).toBe(4);
  });
});

describe("reports", () => {
  let project: TemporaryProject;
  beforeAll(async () => {
    project = await temporaryProject({
      "sub/a b.sql": `SET lock_timeout = '2s'; -- ü\nDELETE FROM "größe";  DROP TABLE t;\n`,
      "sub/fine.sql": "SELECT 1;\n",
    });
  });
  afterAll(() => project.remove());

  test("for people: place, source line, caret, and what to write instead", async () => {
    const { stdout } = await linted(project, "sub");
    expect(stdout).toContain("  --> sub/a b.sql:2:1\n2 | DELETE FROM");
    expect(stdout).toContain("  fix: Add a WHERE clause\n");
    expect(stdout).toEndWith("1 error, 1 warning in 2 files\n");
  });

  test("SARIF 2.1.0", async () => {
    const { stdout, exitCode } = await linted(project, "sub", "--format", "sarif");
    expect(exitCode).toBe(3);
    const log = JSON.parse(stdout) as { runs: { results: unknown[]; tool: { driver: { rules: unknown[] } } }[] };
    const ajv = new Ajv({ strict: false });
    expect(ajv.validate(SARIF, log) || ajv.errorsText()).toBe(true);
    expect(log.runs[0]!.results).toMatchObject([
      {
        ruleId: "delete-all",
        level: "error",
        locations: [
          {
            physicalLocation: { artifactLocation: { uri: "sub/a%20b.sql" }, region: { startLine: 2, startColumn: 1 } },
          },
        ],
      },
      { ruleId: "drop-table", locations: [{ physicalLocation: { region: { startColumn: 23 } } }] },
    ]);
    for (const result of log.runs[0]!.results as { ruleId: string; ruleIndex: number }[])
      expect(log.runs[0]!.tool.driver.rules[result.ruleIndex]).toMatchObject({ id: result.ruleId });
  });

  test("commands of a GitHub workflow", async () => {
    const { stdout } = await linted(project, "sub", "--format", "github");
    expect(stdout.split("\n")[0]).toStartWith(
      '::error file=sub/a b.sql,line=2,col=1,title=delete-all::DELETE without WHERE takes every row of "größe"%0AAdd a',
    );
  });

  test("GitLab's code quality: every finding has a fingerprint of its own", async () => {
    const report = JSON.parse((await linted(project, "sub", "--format", "gitlab")).stdout) as { fingerprint: string }[];
    expect(report).toMatchObject([
      { check_name: "delete-all", severity: "major", location: { path: "sub/a b.sql", lines: { begin: 2 } } },
      { check_name: "drop-table", severity: "minor" },
    ]);
    expect(new Set(report.map(({ fingerprint }) => fingerprint)).size).toBe(2);
  });

  test("JUnit: a suite for each file, failures as --fail-on counts them", async () => {
    const { stdout } = await linted(project, "sub", "--format", "junit");
    expect(stdout).toContain('<testsuite name="sub/a b.sql" tests="2" failures="1">');
    expect(stdout).toContain('<testsuite name="sub/fine.sql" tests="1" failures="0">');
    expect(stdout).toContain("of &quot;größe&quot;");
    const strict = await linted(project, "sub", "--format", "junit", "--fail-on", "warning");
    expect(strict.stdout).toContain('tests="2" failures="2"');
  });

  test("name paths as they are from where the command was started", async () => {
    const cwd = project.path("..");
    const { stdout } = await runHere(["lint", "project/sub", "-C", "project", "--format", "github"], { cwd });
    expect(stdout).toStartWith("::error file=project/sub/a b.sql,");
  });
});

test("--import-ignores rewrites comments of squawk, eugene and Atlas", async () => {
  await using project = await temporaryProject({
    "a.sql": [
      "-- squawk-ignore ban-drop-table",
      "DROP TABLE t;",
      "-- squawk-ignore constraint-missing-not-valid, no-such-rule",
      "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);",
      "-- eugene: ignore E6",
      "CREATE INDEX ON t (a);",
      "-- atlas:nolint DS103",
      "ALTER TABLE t DROP COLUMN a;",
      "-- atlas:nolint",
      "SELECT '-- squawk-ignore ban-drop-table';",
      "",
    ].join("\n"),
    "b.sql": "-- squawk-ignore-file ban-drop-table\nSET lock_timeout = '2s';\nDROP TABLE u;\nDROP TABLE v;\n",
  });
  const result = await linted(project, "a.sql", "b.sql", "--import-ignores");
  expect(result.exitCode).toBe(0);
  expect(result.stderr).toContain("a.sql:3 is imported in part, because no rule of this lint is like no-such-rule: ");
  expect(result.stderr).toContain(
    "a.sql:9 stays as it is, because it names no rule, and a comment of this lint has to: ",
  );
  const text = await project.read("a.sql");
  expect(text).toContain("-- confiture:ignore drop-table as squawk was told\nDROP TABLE t;");
  expect(text).toContain("-- confiture:ignore check-validates-under-lock, validate-under-lock as squawk was told\n");
  expect(text).toContain("SELECT '-- squawk-ignore ban-drop-table';");
  expect(await project.read("b.sql")).toStartWith("-- confiture:ignore-file drop-table as squawk was told\n");
  expect(rulesOf(await findings(project, "b.sql"))).toEqual([]);
});

test("--import-ignores rewrites such comments in TypeScript: beside the calls, and in the SQL of templates", async () => {
  const code = (drop: string, column: string): string =>
    [
      'import { Migration } from "confiture";',
      "export default class extends Migration {",
      "  async up() {",
      `    // ${drop}`,
      "    await this.execute('DROP TABLE t');",
      "    await this.execute(`",
      `      -- ${column}`,
      "      ALTER TABLE u DROP COLUMN a`);",
      "    await this.execute(\"SELECT '-- squawk-ignore ban-drop-table' /* atlas:nolint DS102 */\");",
      "  }",
      "  override async down() {}",
      "}",
      "",
    ].join("\n");
  const file = "db/migrations/002_drop.ts";
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n",
    "db/migrations/001_t.sql":
      "CREATE TABLE t (id bigint PRIMARY KEY);\nCREATE TABLE u (id bigint PRIMARY KEY, a text);\n",
    [file]: code("squawk-ignore ban-drop-table", "atlas:nolint DS103"),
  });
  const { stdout } = await linted(project, file, "--import-ignores");
  expect(stdout).toBe(
    `${file}:4  // confiture:ignore drop-table as squawk was told\n${file}:7  -- confiture:ignore drop-column as Atlas was told\n`,
  );
  expect(await project.read(file)).toBe(
    code("confiture:ignore drop-table as squawk was told", "confiture:ignore drop-column as Atlas was told"),
  );
  expect((await runHere(["lint", file], { cwd: project.dir })).stdout).toContain("2 ignored by comments");
});

test("a database that began with base.sql is no hindrance to trying statements out", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
    "db/migrations/base.sql": "CREATE TABLE users (id bigint PRIMARY KEY, bio text);\n",
    "db/migrations/001_bio.sql": "ALTER TABLE users ALTER bio TYPE int USING bio::int;\n",
  });
  await runHere(["migrate", "up"], { cwd: project.dir });
  await project.write("db/migrations/002_not_null.sql", "ALTER TABLE users ALTER bio SET NOT NULL;\n");
  const { stdout, stderr } = await runHere(["lint"], { cwd: project.dir });
  expect(stderr).not.toContain("judged by the text alone");
  expect(stdout).toContain("[not-null-scans]");
  expect(stdout).toContain("measured: the statement was run in a scratch database");
});
