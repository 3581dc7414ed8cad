import { expect, setDefaultTimeout, test } from "bun:test";
import { runHere } from "../support/in-process.ts";
import type { RunResult } from "../support/cli.ts";
import { long } from "../support/long.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";

setDefaultTimeout(120_000);

const EMBEDDED = "database:\n  engine: embedded\n  path: .confiture/local\n";
const run = (project: TemporaryProject, ...args: string[]): Promise<RunResult> => runHere(args, { cwd: project.dir });

long("a base without schema files speaks of none, and is taken from what can tell it", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": EMBEDDED,
    "db/migrations/001_bio.sql": "ALTER TABLE users ADD bio text;\n",
  });
  const untold = await run(project, "migrate", "base");
  expect(untold.exitCode).toBe(1);
  expect(untold.stderr).toContain(
    'error: 001_bio does not apply to an empty database: relation "users" does not exist',
  );
  expect(untold.stderr).not.toContain("No SQL files found");
  const [, from = ""] = /confiture migrate base --from (\S+)\n/.exec(untold.stderr) ?? [];
  expect(from).toBe("env:local");

  await run(project, "db", "sql", "CREATE TABLE users (id int)");
  expect(await run(project, "migrate", "base", "--from", from)).toMatchObject({ exitCode: 0 });
  const base = await project.read("db/migrations/base.sql");
  expect(base).toStartWith("-- What a database holds before the first migration.");
  expect(base).toContain("CREATE TABLE public.users");
  expect(base).not.toContain("schema files");
  await run(project, "db", "sql", "DROP TABLE users");
  expect(await run(project, "migrate", "up")).toMatchObject({ exitCode: 0 });
  expect(await run(project, "migrate", "squash", "--through", "001")).toMatchObject({ exitCode: 0 });
  expect(await project.read("db/migrations/base.sql")).not.toContain("schema files");

  // Where there are schema files, it says what holds of them.
  await project.write("db/schema/users.sql", "CREATE TABLE users (id int, bio text);\n");
  expect(await run(project, "migrate", "base", "--force")).toMatchObject({ exitCode: 0 });
  expect(await project.read("db/migrations/base.sql")).toContain("lead to\n-- what the schema files make.");
});

test("migrations alone that start from nothing need no base, and a project with neither is told of its files", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": EMBEDDED,
    "db/migrations/001_users.sql": "CREATE TABLE users (id int);\n",
  });
  const none = await run(project, "migrate", "base");
  expect(none).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("No base is needed") });
  await Bun.file(project.path("db/migrations/001_users.sql")).delete();
  await project.write("db/migrations/.keep", "");
  expect((await run(project, "migrate", "base")).stderr).toContain("No SQL files found");
});

long(
  "a base that would lack what the one in its place makes is refused where that was squashed, and named elsewhere",
  async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/users.sql": "CREATE TABLE users (id int);\n",
      "db/migrations/base.sql": "CREATE TABLE users (id int);\nCREATE TABLE old (id int);\n",
      "db/migrations/001_kinds.sql": "CREATE TABLE kinds (name text);\nINSERT INTO kinds VALUES ('a'), ('b');\n",
    });
    const replaced = await run(project, "migrate", "base", "--force");
    expect(replaced.stderr).toContain("warning: some of what base.sql makes is not in the new one: table public.old\n");
    expect(replaced).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("base.sql.bak") });

    const kinds = "CREATE TABLE kinds (name text);\nINSERT INTO kinds VALUES ('b');\n";
    await project.write("db/schema/kinds.sql", kinds);
    expect(await run(project, "migrate", "squash", "--through", "001")).toMatchObject({ exitCode: 0 });
    await Bun.file(project.path("db/schema/kinds.sql")).delete();
    const squashed = await project.read("db/migrations/base.sql");
    const lacking = async (): Promise<string> => {
      const refused = await run(project, "migrate", "base", "--force");
      expect(refused.exitCode).toBe(1);
      expect(await project.read("db/migrations/base.sql")).toBe(squashed);
      expect(refused.stderr).toContain("next: Nothing was written. 1 migration was squashed into it");
      return /^error: (.*)$/m.exec(refused.stderr)?.[1] ?? "";
    };
    expect(await lacking()).toBe("some of what base.sql makes is not in the new one: table public.kinds");
    await project.write("db/schema/kinds.sql", kinds);
    expect(await lacking()).toBe("1 row of public.kinds, made by base.sql, is not in the new one");

    // A later migration may take it away everywhere.
    await project.write("db/migrations/002_a.sql", "DELETE FROM kinds WHERE name = 'a';\n");
    expect(await run(project, "migrate", "base", "--force")).toMatchObject({ exitCode: 0 });
    expect(await project.read("db/migrations/base.sql")).toContain("-- squashed: 001 ");
  },
);
