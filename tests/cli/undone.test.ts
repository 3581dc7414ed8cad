import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { runHere } from "../support/in-process.ts";
import type { RunResult } from "../support/cli.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";
import { atTerminal } from "../support/terminal.ts";

// Each command has an engine.
setDefaultTimeout(300_000);

const EMBEDDED = "database:\n  engine: embedded\n  path: .confiture/local\n";
const DOCS = `CREATE TABLE docs (id bigint PRIMARY KEY, secret boolean);
CREATE VIEW pub AS SELECT id FROM docs;
GRANT SELECT ON docs TO PUBLIC;
`;
const HARDEN = `-- migrate:up
CREATE OR REPLACE VIEW pub AS SELECT id FROM docs WHERE NOT secret;
REVOKE SELECT ON docs FROM PUBLIC;
-- migrate:down
GRANT SELECT ON docs TO PUBLIC;
CREATE OR REPLACE VIEW pub AS SELECT id FROM docs;
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

  test("the command that it names leaves what is new to be generated", async () => {
    await using project = await temporaryProject(STALE);
    expect(await runHere(["schema", "update", "--yes"], { cwd: project.dir })).toMatchObject({ exitCode: 0 });
    const { exitCode, stdout } = await generate(project, "--format", "json");
    expect(exitCode).toBe(0);
    const [migration] = (JSON.parse(stdout) as { migrations: { up: string[] }[] }).migrations;
    expect(migration?.up).toHaveLength(1);
  });

  test("a build that meets what migrations made names schema update, as drift does", async () => {
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
    const found = [...stderr.matchAll(/^ {2}undoes what db\/migrations\/002_change\.sql:\d+ did: (.*)$/gm)];
    expect(new Set(found.map(([, what]) => what))).toEqual(new Set(CHANGES.map(([what]) => what)));
  });

  test("what was never so before is no concern of it", async () => {
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
