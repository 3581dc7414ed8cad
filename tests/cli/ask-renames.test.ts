import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { runBinary } from "../support/cli.ts";
import { atTerminal, type Dialogue } from "../support/terminal.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";

const BEFORE = "CREATE TABLE users (id int PRIMARY KEY, name text, born date);\n";
const AFTER = "CREATE TABLE people (id int PRIMARY KEY, full_name text, nick text, born date);\n";

function project(after = AFTER): Promise<TemporaryProject> {
  return temporaryProject({
    // Nobody connects there: the proof is done in the PostgreSQL inside the executable.
    "db/environments/local.yaml": "database:\n  host: localhost\n  database: none\n",
    "db/migrations/001_before.sql": BEFORE,
    "db/schema/all.sql": after,
  });
}

/** Somebody at a terminal, who waits for each question and types the answer. */
async function answered(
  { dir }: TemporaryProject,
  args: readonly string[],
  dialogue: Dialogue,
): Promise<{ exitCode: number; screen: string; files: string[] }> {
  const result = await atTerminal(dir, ["migrate", "generate", "rename", ...args], dialogue);
  return { ...result, files: await readdir(`${dir}/db/migrations`) };
}

// Bun opens no pseudo-terminals on Windows.
describe.skipIf(process.platform === "win32")("on a terminal, every possible rename is asked for", () => {
  test("yes, and a choice among several", async () => {
    await using at = await project();
    const { exitCode, screen, files } = await answered(
      at,
      [],
      [
        [/Was table public\.users renamed to people\? \[y\/N\] $/, "y\r"],
        [/Was column public\.people\.name renamed\?[^]*1\) full_name[^]*2\) nick[^]*Enter for no: $/, "7\r"],
        [/Enter for no: $/, "1\r"],
      ],
    );
    expect({ exitCode, screen }).toMatchObject({ exitCode: 0 });
    expect(files.toSorted()).toEqual(["001_before.sql", "002_rename.sql"]);
    const text = await at.read("db/migrations/002_rename.sql");
    expect(text).toMatch(/RENAME TO people[^]*RENAME COLUMN name TO full_name[^]*ADD COLUMN nick text/);
    expect(screen).not.toContain("--rename");
  });

  test("no is no, and data is not dropped for it", async () => {
    await using at = await project();
    const { exitCode, screen, files } = await answered(
      at,
      [],
      [
        [/\[y\/N\] $/, "\r"],
        [/Remove it\? \[y\/N\] $/, "\r"],
      ],
    );
    expect(exitCode).toBe(1);
    expect(screen).toContain("table public.users, made by db/migrations/001_before.sql:1, is not in the schema files");
    expect(screen).toContain("--allow-drop");
    expect(files).toEqual(["001_before.sql"]);
  });

  test("an answer counts for the files that it was asked about", async () => {
    await using at = await project("CREATE TABLE users (id int PRIMARY KEY, name text);\n");
    const putBack = async (): Promise<string> => {
      await at.write("db/schema/all.sql", BEFORE);
      return "y\r";
    };
    const { exitCode, screen, files } = await answered(at, [], [[/Remove it\? \[y\/N\] $/, putBack]]);
    expect({ exitCode, screen }).toMatchObject({ exitCode: 1, screen: expect.stringContaining("Nothing was written") });
    expect(screen).toContain("db/schema/all.sql was changed since this was planned");
    expect(files).toEqual(["001_before.sql"]);
  });

  test("Ctrl-C exits with 130 and writes nothing", async () => {
    await using at = await project();
    const { exitCode, files } = await answered(at, [], [[/\[y\/N\] $/, "\u0003"]]);
    expect(exitCode).toBe(130);
    expect(files).toEqual(["001_before.sql"]);
  });

  test("the end of the input is a no to every question", async () => {
    await using at = await project("CREATE TABLE users (id int PRIMARY KEY, full_name text, birth date);\n");
    const { exitCode, screen, files } = await answered(at, [], [[/born renamed to birth\? \[y\/N\] $/, "\u0004"]]);
    expect({ exitCode, screen }).toEqual({
      exitCode: 1,
      screen: expect.stringContaining("name renamed to full_name?"),
    });
    expect(files).toEqual(["001_before.sql"]);
  });

  test.each([["--quiet"], ["--format=json"]])("nobody is asked with %s", async (flag) => {
    await using at = await project();
    const { exitCode, screen } = await answered(at, [flag], []);
    expect(exitCode).toBe(1);
    expect(screen).toContain("--rename public.users=people");
  });
});

test("nobody is asked without a terminal", async () => {
  await using at = await project();
  const { exitCode, stderr } = await runBinary(["migrate", "generate", "rename"], { cwd: at.dir, stdin: "y\ny\n" });
  expect(exitCode).toBe(1);
  expect(stderr).toContain("--rename public.users=people");
});
