import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { BINARY, type RunResult } from "../support/cli.ts";
import { readDocument } from "./document.ts";
import { type CliProject, cliProject, NEWEST } from "./project.ts";

const SCRIPT = "/usr/bin/script";

/** Clears the screen, sets the title, turns text round, and then begins a line that looks like the tool's own. */
const EVIL = "\u001b[2J\u001b]0;owned\u0007\u009b31m\b\u202e\n✅ Migration 999 applied";
const ACTING = /[^\P{Cc}\n\t]|\p{Bidi_Control}/u;
const literal = (text: string): string => `E'${text.replaceAll("\n", "\\n")}'`;
const identifier = (text: string): string => `"${text}"`;

/** Both streams are the terminal, so that their texts come as one. */
function onTerminal(project: CliProject, args: readonly string[]): Promise<RunResult> {
  return project.run(["-qec", [BINARY, ...args].map((word) => `'${word}'`).join(" "), "/dev/null"], {
    binary: SCRIPT,
    env: { TERM: "xterm-256color", SHELL: "/bin/sh" },
  });
}

/** The line that says what a command is at goes before another is written. */
function withoutLiveLine(shown: string): string {
  return shown.replaceAll("\r\n", "\n").replaceAll("\r\u001b[2K", "\n");
}

function requireHarmless({ stdout, stderr }: RunResult): void {
  const shown = withoutLiveLine(stdout + stderr);
  expect(shown).toContain("\\x1b[2J");
  expect(shown).not.toMatch(ACTING);
  expect(shown).not.toMatch(/^✅ Migration 999/m);
}

describe("nothing that a server or a file name says acts upon a terminal", () => {
  test.each([
    [
      "error",
      `DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = ${literal(EVIL)}, DETAIL = ${literal(EVIL)}, HINT = ${literal(EVIL)}; END $$;`,
    ],
    ["error about a name", `SELECT ${identifier(EVIL)} FROM pg_class;`],
    ["warning", `DO $$ BEGIN RAISE WARNING USING MESSAGE = ${literal(EVIL)}; END $$;`],
    ["notice", `DO $$ BEGIN RAISE NOTICE USING MESSAGE = ${literal(EVIL)}; END $$;`],
  ])("%s", async (_kind, sql) => {
    await using project = await cliProject({ "db/migrations/001_evil.sql": sql }, { major: NEWEST });
    const args = ["migrate", "up", "--verbose"];
    requireHarmless(await project.run(args));
    const json = await project.run([...args, "--format", "json"]);
    const { ok, error } = readDocument(json);
    if (!ok) expect(error).toMatchObject({ server: { message: expect.stringContaining(EVIL) } });
    expect(json.stdout).not.toMatch(ACTING);
  });

  test("names of tables and of files, on a terminal, too", async () => {
    const file = `db/migrations/001_${EVIL.replaceAll("\n", "")}.sql`;
    const other = `db/migrations/${EVIL}.sql`;
    await using project = await cliProject(
      {
        [file]: "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;",
        [other]: "SELECT 1;",
        "db/schema/a.sql": "SELECT 1;",
      },
      { major: NEWEST },
    );
    await project.query(`CREATE TABLE ${identifier(EVIL)} (id int)`);
    requireHarmless(await project.run(["migrate", "up"]));
    const commands = [
      ["migrate", "status"],
      ["migrate", "redo"],
      ["drift", "--against", "schema"],
    ];
    for (const args of commands) {
      requireHarmless(await project.run(args));
      if (existsSync(SCRIPT)) requireHarmless(await onTerminal(project, [...args, "--color", "never"]));
    }
    // A script is for a program, which needs every character; a terminal gets what can be seen.
    const sql = ["diff", "schema", "env:local", "--sql"];
    expect((await project.run(sql)).stdout).toContain(identifier(EVIL));
    if (existsSync(SCRIPT)) expect(withoutLiveLine((await onTerminal(project, sql)).stdout)).not.toMatch(ACTING);
  });
});
