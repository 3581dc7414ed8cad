import { describe, expect, test } from "bun:test";
import Ajv from "ajv";
import type { RunResult } from "../support/cli.ts";
import { commitAll } from "../support/git.ts";
import { runHere } from "../support/in-process.ts";
import { temporaryProject } from "../support/project.ts";
import { SARIF } from "../support/sarif.ts";

const FIRST = "-- migrate:up\nCREATE TABLE users (id int PRIMARY KEY);\n-- migrate:down\nDROP TABLE users;\n";
const NO_WAY_BACK =
  "-- migrate:up\nALTER TABLE users ADD COLUMN IF NOT EXISTS email text;\nCREATE INDEX by_email ON users (email);\n-- migrate:down\nDROP INDEX by_email;\n";

/** The schema files lack an index and have a table of their own; the second migration's way back leaves a column. */
const FILES = {
  "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
  "db/schema/10_users.sql": "CREATE TABLE users (\n  id int PRIMARY KEY,\n  email text\n);\n",
  "db/schema/20_notes.sql": "CREATE TABLE notes (id int);\n",
  "db/migrations/001_users.sql": FIRST,
  "db/migrations/002_email.sql": NO_WAY_BACK,
};

async function run(args: readonly string[], changes: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  await using project = await temporaryProject({ ...FILES, ...changes });
  return await runHere(args, { cwd: project.dir, timeout: 60_000 });
}

interface Entry {
  readonly check_name: string;
  readonly fingerprint: string;
  readonly description: string;
  readonly location: { readonly path: string; readonly lines: { readonly begin: number } };
}

describe("what verify finds, as a report", () => {
  test("has its place in a pull request", async () => {
    const { exitCode, stdout, stderr } = await run(["verify", "--format", "github"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toStartWith("::error file=db/migrations/002_email.sql,line=5,title=migrations-apply::002_email");
    expect(lines[0]).toContain("column public.users.email is there, and was not to be");
    const table = lines.find((line) => line.includes("table public.notes is in the schema files, and no migration"));
    expect(table).toStartWith("::error file=db/schema/20_notes.sql,line=1,title=schema-and-migrations-agree::");
    const index = lines.find((line) => line.includes("index public.by_email is made by the migrations"));
    expect(index).toStartWith("::error file=db/migrations/002_email.sql,line=3,");
  });

  test("has the place of an error", async () => {
    const { exitCode, stdout } = await run(["verify", "--format", "github"], {
      "db/schema/10_users.sql": "CREATE TABLE users (\n  id int PRIMARY KEY,\n  email txt\n);\n",
    });
    expect(exitCode).toBe(3);
    expect(stdout).toContain(
      '::error file=db/schema/10_users.sql,line=3,col=9,title=schema-builds::type "txt" does not exist\n',
    );
    expect(stdout).toMatch(/::warning file=db\/schema,title=not-checked::Not checked: the migrations/);
  });

  test("is SARIF 2.1.0, GitLab's report with fingerprints that stay, and JUnit", async () => {
    const log = JSON.parse((await run(["verify", "--format", "sarif"])).stdout) as {
      runs: { results: { ruleId: string; ruleIndex: number }[]; tool: { driver: { rules: { id: string }[] } } }[];
    };
    const ajv = new Ajv({ strict: false });
    expect(ajv.validate(SARIF, log) || ajv.errorsText()).toBe(true);
    for (const { ruleId, ruleIndex } of log.runs[0]!.results)
      expect(log.runs[0]!.tool.driver.rules[ruleIndex]).toMatchObject({ id: ruleId });

    const moved = { "db/schema/20_notes.sql": `-- a line above\n${FILES["db/schema/20_notes.sql"]}` };
    const [before, after] = (
      await Promise.all([run(["verify", "--format", "gitlab"]), run(["verify", "--format", "gitlab"], moved)])
    ).map(({ stdout }) => JSON.parse(stdout) as Entry[]);
    const prints = before!.map(({ fingerprint }) => fingerprint);
    expect(new Set(prints).size).toBe(prints.length);
    expect(after!.map(({ fingerprint }) => fingerprint)).toEqual(prints);
    expect(after!.find(({ description }) => description.includes("notes"))!.location).toEqual({
      path: "db/schema/20_notes.sql",
      lines: { begin: 2 },
    });

    const { stdout } = await run(["verify", "--format", "junit"]);
    expect(stdout).toContain('<testsuite name="Schema files build from nothing" tests="1" failures="0">');
    expect(stdout).toMatch(/<testsuite name="Schema files and migrations agree" tests="\d" failures="[1-9]">/);
  });

  test("is empty where all is well", async () => {
    const right = {
      "db/schema/20_notes.sql": "CREATE INDEX by_email ON users (email);\n",
      "db/migrations/002_email.sql": `${NO_WAY_BACK}ALTER TABLE users DROP COLUMN email;\n`,
    };
    expect(await run(["verify", "--format", "github"], right)).toMatchObject({ exitCode: 0, stdout: "" });
    expect((await run(["verify", "--format", "gitlab"], right)).stdout).toBe("[]\n");
  });
});

test("what drift and diff find has the place of the file that speaks of it", async () => {
  await using project = await temporaryProject(FILES);
  const here = (...args: string[]) => runHere(args, { cwd: project.dir, timeout: 60_000 });
  await here("build", "--no-baseline");
  await here("db", "sql", "ALTER TABLE users DROP COLUMN email; CREATE TABLE stray (id int)");
  const drift = await here("drift", "--against", "schema", "--format", "github");
  expect(drift.exitCode).toBe(3);
  expect(drift.stdout).toContain(
    "::error file=db/schema/10_users.sql,line=3,title=drift::column public.users.email is missing from the database\n",
  );
  expect(drift.stdout).toContain(
    "::error file=db/environments/local.yaml,title=drift::table public.stray is only in the database\n",
  );
  commitAll(project, "before");
  await project.write("db/schema/20_notes.sql", "CREATE TABLE notes (id bigint);\n");
  const diff = await here("diff", "git:HEAD", "schema", "--format", "github");
  expect(diff).toMatchObject({
    exitCode: 3,
    stdout:
      "::error file=db/schema/20_notes.sql,line=1,title=difference::column public.notes.id differs: from git:HEAD to schema%0Atype: integer -> bigint\n",
  });
  for (const command of ["diff", "drift"]) {
    expect(await here(command, "--sql", "--format", "github")).toMatchObject({ exitCode: 2, stdout: "" });
  }
});

test("what sync check finds has the line of the rule", async () => {
  const { exitCode, stdout } = await run(["sync", "check", "--format", "github"], {
    "db/sync/rules.yaml": "tables:\n  users:\n    keep: [id]\n    email: nothing_like_that\n  notes: skip\n",
  });
  expect(exitCode).toBe(3);
  expect(stdout).toStartWith("::error file=db/sync/rules.yaml,line=4,");
});
