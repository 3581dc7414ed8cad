import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { BINARY, type RunResult } from "../support/cli.ts";
import { long } from "../support/long.ts";
import { atTerminal } from "../support/terminal.ts";
import { executableProject, type CliProject } from "./project.ts";

const SCRIPT = "/usr/bin/script";
const ESCAPE = "\u001b[";

let project: CliProject;
beforeAll(async () => {
  project = await executableProject({
    "db/schema/users.sql": "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY);\n",
    "db/migrations/001_one.sql": "-- migrate:up\nCREATE TABLE one ();\n-- migrate:down\nDROP TABLE one;\n",
  });
});
afterAll(() => project.remove());

/** What every command that writes says first. */
const where = (): string =>
  `Database: ${project.server.host}:${project.server.port}/${project.database} (environment: local)\n`;

describe("results go to standard output, everything else to standard error", () => {
  test("build", async () => {
    const { stdout, stderr } = await project.succeed(["build"]);
    expect(stdout).toMatch(/^✅ Schema built successfully in \d+\.\ds\n$/);
    expect(stderr).toStartWith(
      `${where()}Building schema for environment: local\nFound 1 SQL file\nExecuting schema...\n`,
    );
  });

  test("migrate", async () => {
    expect(await project.succeed(["migrate", "status"])).toMatchObject({
      stdout: "⏳ 001_one (pending)\n",
      stderr: where(),
    });
    const up = await project.succeed(["migrate", "up"]);
    expect(up.stdout).toMatch(/^✅ Migration 001_one applied successfully \(\d+ms\)\n$/);
    expect(up.stderr).toBe(`${where()}Applying migration 001_one...\n`);
    const again = await project.succeed(["migrate", "up"]);
    expect(again).toMatchObject({ stdout: "", stderr: `${where()}No pending migrations\n` });
    const status = await project.succeed(["migrate", "status"]);
    expect(status.stdout).toMatch(/^✅ 001_one \(applied \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\)\n$/);
    // Statements are tried only where there are any.
    const plan = await project.succeed(["migrate", "plan", "--format", "json"]);
    expect(plan.stdout).toContain('"serverVersion": null');
    const down = await project.succeed(["migrate", "down"]);
    expect(down.stdout).toMatch(/^✅ Migration 001_one rolled back successfully \(\d+ms\)\n$/);
    expect(down.stderr).toBe(`${where()}Rolling back migration 001_one...\n`);
  });

  test("a server that does not answer is said once", async () => {
    const { stderr } = await project.run(["db", "wait", "--wait", "1s", "--database-url", "postgres://127.0.0.1:1/d"]);
    expect(stderr.match(/trying again for 1\.0s/g)).toHaveLength(1);
  });

  test("what to do with a new migration stands below it", async () => {
    const { screen } = await atTerminal(project.dir, ["migrate", "new", "later"], []);
    expect(screen).toMatch(/Created \S+later\.sql\s+Write the change/);
    await rm(project.path("db/migrations/002_later.sql"));
  });

  test("messages and the prose of help are broken between words where a terminal is narrow", async () => {
    const help = await atTerminal(project.dir, ["migrate", "up", "--help"], [], { columns: 60 });
    const slip = await atTerminal(project.dir, ["migrate", "up", "--allow-out-of-ordr"], [], { columns: 30 });
    // Command lines are to be copied, and a source line has its caret below it.
    const wide = /^ {2}confiture|^ {4}\^?|^\d* \|/;
    for (const [{ screen }, columns] of [
      [help, 60],
      [slip, 30],
    ] as const) {
      const lines = screen.split("\n");
      expect(lines.filter((line) => Bun.stringWidth(line) > columns && !wide.test(line))).toEqual([]);
    }
    expect(help.screen).toMatch(/^ {6}--allow-missing {2,}\S.*$/m);
    expect(help.screen.split("\n").some((line) => /^ {20}/.test(line))).toBe(true);
  });

  test("which database it is, and where a URL in its place came from", async () => {
    const variable = await project.succeed(["migrate", "up"], { env: { CONFITURE_DATABASE_URL: project.url } });
    expect(variable.stderr).toContain(" (URL: environment variable CONFITURE_DATABASE_URL, environment: local)\n");
    const flag = await project.succeed(["migrate", "down", "--database-url", project.url]);
    expect(flag.stderr).toContain(" (URL: --database-url, environment: local)\n");
  });

  test("times are local for people, and UTC in JSON", async () => {
    await project.succeed(["migrate", "up"]);
    const [row] = await project.query("SELECT applied_at::text FROM confiture_migrations");
    const appliedAt = new Date(String(row?.["applied_at"])).toISOString();
    const json = await project.succeed(["migrate", "status", "--format=json"], { env: { TZ: "Asia/Kolkata" } });
    expect(json.stdout).toContain(`"appliedAt": "${appliedAt}"`);
    for (const [zone, hours] of [
      ["Asia/Kolkata", 5.5],
      ["UTC", 0],
      ["Etc/UTC", 0],
    ] as const) {
      const local = await project.succeed(["migrate", "status"], { env: { TZ: zone } });
      const shifted = new Date(Date.parse(appliedAt) + hours * 60 * 60 * 1000).toISOString();
      expect(local.stdout).toBe(`✅ 001_one (applied ${shifted.slice(0, 19).replace("T", " ")})\n`);
    }
    await project.succeed(["migrate", "down"]);
  });

  test("the assembled script is all there is on standard output", async () => {
    const { stdout, stderr } = await project.succeed(["build", "--output", "-"]);
    expect(stdout).toContain("CREATE TABLE IF NOT EXISTS users");
    expect(stdout).not.toContain("Found 1 SQL file");
    expect(stderr).toContain("Found 1 SQL file");
  });

  test("an error leaves standard output empty", async () => {
    const { exitCode, stdout, stderr } = await project.run(["migrate", "up", "--to", "9"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toStartWith(`${where()}error: `);
  });
});

describe("how much is said", () => {
  test("-q leaves results and errors", async () => {
    for (const flag of ["-q", "--quiet"]) {
      const { stdout, stderr } = await project.succeed(["build", flag]);
      expect(stdout).toStartWith("✅ Schema built successfully");
      expect(stderr).toBe("");
    }
    const failed = await project.run(["migrate", "up", "-q", "--to", "9"]);
    expect(failed.stderr).toStartWith("error: ");
  });

  long("-v adds the files and the server's notices", async () => {
    const normal = await project.succeed(["build"]);
    expect(normal.stderr).not.toContain("already exists");
    for (const flag of ["-v", "--verbose"]) {
      const { stderr } = await project.succeed(["build", flag]);
      expect(stderr).toContain("1 of 1: db/schema/users.sql\n");
    }
    await project.write("db/migrations/001_one.sql", "DO $$ BEGIN RAISE NOTICE 'from the server'; END $$;\n");
    expect((await project.succeed(["migrate", "up", "-v"])).stderr).toContain("from the server");
  });

  test("warnings of the server are said without being asked for, and with -q as well", async () => {
    await project.write("db/migrations/002_warns.sql", "DO $$ BEGIN RAISE WARNING 'mind this'; END $$;\n");
    expect((await project.succeed(["migrate", "up", "-q"])).stderr).toBe("warning: mind this\n");
  });
});

/** A line that ends in an error, which is what colours are for. */
const FAILING = ["migrate", "up", "--to", "9"];

describe("colour", () => {
  test("none where no terminal is", async () => {
    const { stdout, stderr } = await project.run(FAILING, { env: { TERM: "xterm-256color", COLORTERM: "truecolor" } });
    expect(stdout + stderr).not.toContain(ESCAPE);
  });

  test("--color always, also before the command is understood", async () => {
    for (const args of [FAILING, ["migrate", "upp"], ["migrate", "up", "--frobnicate"]]) {
      expect((await project.run([...args, "--color", "always"])).stderr).toContain(ESCAPE);
      expect((await project.run(["--color=always", ...args])).stderr).toContain(ESCAPE);
    }
  });

  test("--color always wins over NO_COLOR", async () => {
    const { stderr } = await project.run([...FAILING, "--color", "always"], { env: { NO_COLOR: "1" } });
    expect(stderr).toContain(ESCAPE);
  });

  test("JSON has none", async () => {
    const { stdout } = await project.run([...FAILING, "--color", "always", "--format", "json"]);
    expect(stdout).not.toContain(ESCAPE);
  });
});

describe.skipIf(!existsSync(SCRIPT))("on a terminal (made with util-linux's script)", () => {
  /** Both streams are the terminal, so that their texts come as one. */
  const onTerminal = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> =>
    project.run(["-qec", [BINARY, ...args].map((word) => `'${word}'`).join(" "), "/dev/null"], {
      binary: SCRIPT,
      env: { TERM: "xterm-256color", SHELL: "/bin/sh", ...env },
    });

  test("errors are coloured", async () => {
    const { exitCode, stdout } = await onTerminal(FAILING);
    expect(exitCode).toBe(2);
    expect(stdout).toContain(`${ESCAPE}31merror:`);
  });

  test.each(["1", "0", "false"])("NO_COLOR=%s takes it away", async (value) => {
    expect((await onTerminal(FAILING, { NO_COLOR: value })).stdout).not.toContain(ESCAPE);
  });

  test("an empty NO_COLOR is none", async () => {
    expect((await onTerminal(FAILING, { NO_COLOR: "" })).stdout).toContain(ESCAPE);
  });

  test("--color never takes it away, and so does a terminal that knows none", async () => {
    expect((await onTerminal([...FAILING, "--color", "never"])).stdout).not.toContain(ESCAPE);
    expect((await onTerminal(FAILING, { TERM: "dumb" })).stdout).not.toContain(ESCAPE);
  });

  test("results are the same as in a pipe, in columns and colours", async () => {
    const piped = await project.succeed(["migrate", "status"]);
    const { stdout } = await onTerminal(["migrate", "status"]);
    expect(stdout).toContain("\u001b[2m(applied");
    expect(Bun.stripANSI(stdout).replaceAll("\r\n", "\n").replaceAll(/ +\(/g, " (")).toBe(piped.stderr + piped.stdout);
  });
});
