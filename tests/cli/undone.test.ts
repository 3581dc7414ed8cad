import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, rm } from "node:fs/promises";
import { runHere } from "../support/in-process.ts";
import type { RunResult } from "../support/cli.ts";
import { few, long } from "../support/long.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";
import { atTerminal } from "../support/terminal.ts";
import { readDocument } from "./document.ts";

// Each command has an engine.
setDefaultTimeout(300_000);

const EMBEDDED = "database:\n  engine: embedded\n  path: .confiture/local\n";
const DOCS = `CREATE TABLE docs (id bigint PRIMARY KEY, secret boolean);
CREATE VIEW pub AS SELECT id FROM docs WHERE id > 0;
GRANT SELECT ON docs TO PUBLIC;
`;
const HARDEN = `-- migrate:up
CREATE OR REPLACE VIEW pub AS SELECT id FROM docs WHERE id > 0 AND NOT secret;
REVOKE SELECT ON docs FROM PUBLIC;
-- migrate:down
GRANT SELECT ON docs TO PUBLIC;
CREATE OR REPLACE VIEW pub AS SELECT id FROM docs WHERE id > 0;
`;
const STALE = {
  "db/environments/local.yaml": EMBEDDED,
  "db/migrations/001_docs.sql": DOCS,
  "db/migrations/002_harden.sql": HARDEN,
  "db/schema/docs.sql": DOCS,
  "db/schema/tags.sql": "CREATE TABLE tags (id bigint PRIMARY KEY);\n",
};

const generate = (project: TemporaryProject, ...args: string[]): Promise<RunResult> =>
  runHere(["migrate", "generate", "next", ...args], { cwd: project.dir });
const written = async (project: TemporaryProject): Promise<string[]> =>
  (await readdir(project.path("db/migrations"))).filter((name) => name.includes("next"));

describe("stale schema files undo no migration without a word", () => {
  test("what goes back to what it was before a migration is refused, with that migration and the other way", async () => {
    await using project = await temporaryProject(STALE);
    const { exitCode, stderr } = await generate(project);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("  undoes what db/migrations/002_harden.sql:2 did: view public.pub\n");
    expect(stderr).toContain(
      "  undoes what db/migrations/002_harden.sql:3 did: grants on table public.docs to PUBLIC\n",
    );
    expect(stderr).toContain("confiture schema update\n");
    expect(await written(project)).toEqual([]);
    const words = /'(--allow-drop=[^']*)'/.exec(stderr)?.[1] ?? "";
    expect(await generate(project, words.replace(/,view:.*/, ""))).toMatchObject({ exitCode: 1 });
    expect(await generate(project, words)).toMatchObject({ exitCode: 0 });
    expect(await written(project)).toHaveLength(1);
  });

  test("no way to rename back what a migration has renamed is offered", async () => {
    const docs = "CREATE TABLE docs (id bigint, o text);\n";
    const files = { "db/environments/local.yaml": EMBEDDED, "db/migrations/001_docs.sql": docs };
    const rename = "ALTER TABLE docs RENAME o TO owner_name;\n";
    await using project = await temporaryProject({
      ...files,
      "db/migrations/002_rename.sql": rename,
      "db/schema/docs.sql": docs,
    });
    const { exitCode, stderr } = await generate(project);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("undoes what db/migrations/002_rename.sql:1 did: column public.docs.o");
    expect(stderr).not.toContain("--rename");
    await using other = await temporaryProject({ ...files, "db/schema/docs.sql": docs.replace(" o ", " owner_name ") });
    expect((await generate(other)).stderr).toContain("--rename public.docs.o=owner_name");
  });

  test.each(
    few(1, [
      ["CREATE TABLE docs (id bigint, o text);", "ALTER TABLE docs RENAME o TO p", "column public.docs.o", "docs.p=o"],
      // Whatever else becomes of it.
      [
        "CREATE TABLE docs (id bigint, o text);",
        "ALTER TABLE docs RENAME o TO p;\nALTER TABLE docs ALTER p SET NOT NULL",
        "column public.docs.o",
        "docs.p=o",
      ],
      [
        "CREATE TABLE docs (id bigint);",
        "ALTER TABLE docs RENAME TO papers",
        "table public.docs",
        "public.papers=docs",
      ],
      // Renamed without being asked.
      [
        "CREATE TABLE docs (id bigint);\nCREATE INDEX by_id ON docs (id);",
        "ALTER INDEX by_id RENAME TO ids",
        "index public.by_id",
        undefined,
      ],
    ]),
  )("nor is it renamed back without a word: %s %s", async (before, sql, what, rename) => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_docs.sql": `${before}\n`,
      "db/migrations/002_rename.sql": `${sql};\n`,
      "db/schema/docs.sql": `${before}\n`,
    });
    const args = rename === undefined ? [] : ["--rename", rename];
    const { exitCode, stderr } = await generate(project, ...args);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`  undoes what db/migrations/002_rename.sql:1 did: ${what}\n`),
    });
    expect(await written(project)).toEqual([]);
    const all = await generate(project, ...args, "--allow-drop");
    expect(all).toMatchObject({ exitCode: 0 });
    const [file = ""] = await written(project);
    expect(await Bun.file(project.path(`db/migrations/${file}`)).text()).toContain("RENAME");
  });

  long("the command that it names leaves what is new to be generated", async () => {
    await using project = await temporaryProject(STALE);
    expect(await runHere(["schema", "update", "--yes"], { cwd: project.dir })).toMatchObject({ exitCode: 0 });
    const { exitCode, stdout } = await generate(project, "--format", "json");
    expect(exitCode).toBe(0);
    const [migration] = (JSON.parse(stdout) as { migrations: { up: string[] }[] }).migrations;
    expect(migration?.up).toHaveLength(1);
  });

  long("a build that meets what migrations made names schema update, as drift does", async () => {
    await using project = await temporaryProject(STALE);
    expect(await runHere(["migrate", "up"], { cwd: project.dir })).toMatchObject({ exitCode: 0 });
    const { exitCode, stderr } = await runHere(["build"], { cwd: project.dir });
    expect(exitCode).toBe(7);
    expect(stderr).toContain("Nothing of this was changed by hand");
    expect(stderr).toContain("`confiture schema update` brings what the migrations did into them");
  });

  // Bun opens no pseudo-terminals on Windows.
  test.skipIf(process.platform === "win32")("on a terminal it is asked", async () => {
    await using project = await temporaryProject(STALE);
    const question = /Undo them\? \[y\/N\] $/;
    const { screen } = await atTerminal(project.dir, ["migrate", "generate", "next"], [[question, "n\r"]]);
    expect(screen).toContain("undoes what db/migrations/002_harden.sql:2 did: view public.pub");
    expect(await written(project)).toEqual([]);
  });

  test("it holds for every kind of object and property", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_all.sql": ALL,
      "db/migrations/002_change.sql": CHANGES.map(([, sql]) => `${sql};\n`).join(""),
      "db/schema/all.sql": ALL,
    });
    const { exitCode, stderr } = await generate(project);
    expect(exitCode).toBe(1);
    const found = [...stderr.matchAll(/^ {2}undoes what db\/migrations\/002_change\.sql:(\d+) did: (.*)$/gm)];
    const lines = Object.fromEntries(CHANGES.map(([what], index) => [what, index + 1]));
    expect(Object.fromEntries(found.map(([, line, what]) => [what, Number(line)]))).toEqual(lines);
  });

  test("it holds where no statement has the name: what goes with something else, and what code puts together", async () => {
    const made = `CREATE TABLE docs (id bigint PRIMARY KEY, secret boolean);
CREATE VIEW open_docs AS SELECT id, secret FROM docs;
CREATE VIEW pub AS SELECT id FROM open_docs;
CREATE POLICY own_rows ON docs USING (id = 1);
CREATE POLICY other_rows ON docs USING (id = 2);
CREATE POLICY third_rows ON docs USING (id = 3);
CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE PROCEDURE forget(what text) LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('DROP POLICY %I ON docs', what); END $$;
`;
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_docs.sql": made,
      "db/migrations/002_again.sql":
        "DROP VIEW open_docs CASCADE;\nCREATE VIEW open_docs AS SELECT id, secret FROM docs;\n",
      "db/migrations/003_code.sql": `DO $$ BEGIN
  EXECUTE format('DROP POLICY %I ON docs', 'own' || '_rows');
  EXECUTE 'ALTER FUNCTION ' || chr(102) || '() SECURITY INVOKER';
END $$;
`,
      "db/migrations/004_call.sql": "CALL forget(concat('other', '_rows'));\n",
      "db/migrations/005_program.ts": `import { Migration } from "confiture";
export default class extends Migration {
  up() { for (const which of ["third"]) this.execute(\`DROP POLICY \${which}_rows ON docs\`); }
}
`,
      "db/schema/docs.sql": made,
      "db/schema/tags.sql": "CREATE TABLE tags (id bigint PRIMARY KEY);\n",
    });
    const { exitCode, stderr } = await generate(project);
    expect(exitCode).toBe(1);
    expect(
      [...stderr.matchAll(/^ {2}undoes what db\/migrations\/(\d+).* did: (.*)$/gm)].map(([, by, what]) => [by, what]),
    ).toEqual([
      ["002", "view public.pub"],
      ["003", "policy public.docs.own_rows"],
      ["003", "function public.f()"],
      ["004", "policy public.docs.other_rows"],
      ["005", "policy public.docs.third_rows"],
    ]);
  });

  long("what was never so before is no concern of it", async () => {
    await using project = await temporaryProject({
      ...STALE,
      "db/schema/docs.sql":
        "CREATE TABLE docs (id bigint PRIMARY KEY, secret boolean, title text);\nCREATE VIEW pub AS SELECT id FROM docs WHERE secret;\n",
    });
    const { exitCode, stderr } = await generate(project);
    expect(exitCode).toBe(0);
    expect(stderr).not.toContain("undoes");
  });

  test("it is the last migration that counts: what another one brought back is not undone by leaving it there", async () => {
    await using project = await temporaryProject({
      ...STALE,
      "db/migrations/003_open.sql": "GRANT SELECT ON docs TO PUBLIC;\n",
      "db/migrations/004_close.sql": "REVOKE SELECT ON docs FROM PUBLIC;\n",
    });
    const { stderr } = await generate(project);
    expect(stderr).toContain("undoes what db/migrations/004_close.sql:1 did: grants on table public.docs to PUBLIC\n");
    expect(stderr).toContain("undoes what db/migrations/002_harden.sql:2 did: view public.pub\n");
  });
});

describe("whatever runs or shows such SQL says what it undoes", () => {
  const VIEW = "undoes what db/migrations/002_harden.sql:2 did: view public.pub";
  const GRANT = "undoes what db/migrations/002_harden.sql:3 did: grants on table public.docs to PUBLIC";

  long("apply asks before it undoes something", async () => {
    await using project = await temporaryProject(STALE);
    const run = (...args: string[]): Promise<RunResult> => runHere(args, { cwd: project.dir });
    expect(await run("migrate", "up")).toMatchObject({ exitCode: 0 });
    const apply = ["apply", "--no-ledger", "--yes", "local"];
    const refused = await run(...apply);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(`  ${VIEW}\n`);
    expect(refused.stderr).toContain(`  ${GRANT}\n`);
    expect((await run("apply", "--no-ledger", "--dry-run")).stderr).toContain(`  - ${VIEW}\n`);
    expect(await run(...apply, "--allow-drop")).toMatchObject({ exitCode: 0 });
    expect(await run(...apply)).toMatchObject({ exitCode: 0 });
  });

  long("drift and diff have it in their script, in their document and on the terminal", async () => {
    await using project = await temporaryProject(STALE);
    const run = (...args: string[]): Promise<RunResult> => runHere(args, { cwd: project.dir });
    expect(await run("migrate", "up")).toMatchObject({ exitCode: 0 });
    for (const command of [
      ["drift", "--against", "schema", "--sql"],
      ["drift", "--sql"],
      ["diff", "--sql"],
    ]) {
      const shown = await run(...command);
      expect(shown.exitCode).toBe(3);
      // Apart from the first statement, which may be about something else.
      expect(shown.stdout).toStartWith(`-- This script ${GRANT}\n-- This script ${VIEW}\n\n`);
      expect(shown.stderr).toContain(VIEW);
      expect(shown.stderr).toContain("confiture schema update");
    }
    const { undone } = readDocument(await run("diff", "--sql", "--format", "json"));
    expect(undone).toEqual([
      { kind: "grants on table", name: "public.docs to PUBLIC", file: "db/migrations/002_harden.sql", line: 3 },
      { kind: "view", name: "public.pub", file: "db/migrations/002_harden.sql", line: 2 },
    ]);
  });

  test("verify has it beside its SQL, and names schema update first", async () => {
    await using project = await temporaryProject(STALE);
    const { exitCode, stdout } = await runHere(["verify"], { cwd: project.dir });
    expect(exitCode).toBe(3);
    expect(stdout).toContain(`  This ${VIEW}\n`);
    expect(stdout).toContain("  Next: confiture schema update brings what the migrations did into the schema files\n");
    expect(await runHere(["schema", "update", "--yes"], { cwd: project.dir })).toMatchObject({ exitCode: 0 });
    const then = await runHere(["verify"], { cwd: project.dir });
    expect(then.stdout).toContain("  Next: confiture migrate generate NAME");
    expect(then.stdout).not.toContain("undoes");
  });
});

long("generate names the functions whose text is still about a column by the name that it had", async () => {
  const users = "CREATE TABLE users (id int, name text);\n";
  const greet = (column: string): string =>
    `CREATE FUNCTION greet() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT ${column} FROM users); END $$;\n`;
  const before = users + greet("name");
  await using project = await temporaryProject({
    "db/environments/local.yaml": EMBEDDED,
    "db/migrations/001_users.sql": before,
    "db/schema/users.sql": before.replace("name text", "full_name text"),
  });
  const rename = ["--rename", "public.users.name=full_name"];
  const { exitCode, stderr } = await generate(project, ...rename);
  expect(exitCode).toBe(0);
  expect(stderr).toContain("the text of public.greet() is still about a column by its old name");
  await rm(project.path("db/migrations/002_next.sql"));
  await project.write("db/schema/users.sql", users.replace("name", "full_name") + greet("full_name"));
  expect((await generate(project, ...rename)).stderr).not.toContain("the text of");
});

long("what makes a table without the rows that the schema files insert says so", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": EMBEDDED,
    "db/schema/roles.sql":
      "CREATE TABLE roles (name text PRIMARY KEY);\nINSERT INTO roles VALUES ('admin'), ('user');\n",
  });
  const left = { schema: "public", table: "roles", file: "db/schema/roles.sql", line: 2 };
  const run = (...args: string[]): Promise<RunResult> => runHere(args, { cwd: project.dir });
  expect(readDocument(await run("diff", "empty", "schema", "--sql", "--format", "json"))).toMatchObject({
    rowsLeftOut: [left],
  });
  expect((await run("drift", "--sql")).stderr).toContain("  2 rows of public.roles from db/schema/roles.sql:2\n");
  const applied = await run("apply", "--yes", "local", "--format", "json");
  expect(readDocument(applied)).toMatchObject({ applied: true, rowsLeftOut: [left] });
  expect(readDocument(await run("apply", "--yes", "local", "--format", "json"))).toMatchObject({ rowsLeftOut: [] });
});

const ALL = `CREATE TABLE docs (id bigint PRIMARY KEY, secret boolean, n int DEFAULT 1, m int NOT NULL, at timestamp,
  CONSTRAINT positive CHECK (n > 0));
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON docs USING (id = 1);
CREATE POLICY theirs ON docs USING (id = 2);
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION definer() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER off BEFORE UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER always BEFORE UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION touch();
CREATE SEQUENCE numbers;
CREATE TABLE old (id int);
COMMENT ON TABLE docs IS 'Papers';
`;
const CHANGES: readonly (readonly [what: string, sql: string])[] = [
  ["policy public.docs.mine", "ALTER POLICY mine ON docs USING (id = 1 AND NOT secret)"],
  ["policy public.docs.theirs", "ALTER POLICY theirs ON docs TO CURRENT_USER"],
  ["function public.f()", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'"],
  ["grants on function public.f() to PUBLIC", "REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC"],
  ["function public.definer()", "ALTER FUNCTION definer() SECURITY INVOKER"],
  ["trigger public.docs.off", "ALTER TABLE docs DISABLE TRIGGER off"],
  ["trigger public.docs.always", "ALTER TABLE docs ENABLE ALWAYS TRIGGER always"],
  ["default public.docs.n", "ALTER TABLE docs ALTER n DROP DEFAULT"],
  [
    "constraint public.docs.positive",
    "ALTER TABLE docs DROP CONSTRAINT positive, ADD CONSTRAINT positive CHECK (n > 10)",
  ],
  ["sequence public.numbers", "ALTER SEQUENCE numbers MAXVALUE 100"],
  ["column public.docs.at", "ALTER TABLE docs ALTER at TYPE timestamptz"],
  ["column public.docs.m", "ALTER TABLE docs ALTER m DROP NOT NULL"],
  ["comment on table public.docs", "COMMENT ON TABLE docs IS NULL"],
  ["table public.old", "DROP TABLE old"],
];
