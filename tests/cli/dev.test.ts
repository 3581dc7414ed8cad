import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { BINARY, builtBinary } from "../support/cli.ts";
import { runHere } from "../support/in-process.ts";
import { long } from "../support/long.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";
import { atTerminal } from "../support/terminal.ts";
import { readDocument } from "./document.ts";

setDefaultTimeout(120_000);

const FILES = {
  "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
  "db/schema/users.sql": "CREATE TABLE users (id bigint PRIMARY KEY);\n",
  "db/migrations/001_users.sql": "CREATE TABLE users (id bigint PRIMARY KEY);\n",
};

/** The executable while it watches, and what it has said. */
async function watch(project: TemporaryProject, ...args: string[]) {
  await builtBinary();
  const child = Bun.spawn([BINARY, "dev", ...args], {
    cwd: project.dir,
    env: { PATH: process.env["PATH"] ?? "", HOME: project.dir, TZ: "UTC" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let said = "";
  const listen = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const piece of stream) said += new TextDecoder().decode(piece);
  };
  const heard = Promise.all([listen(child.stdout), listen(child.stderr)]);
  return {
    child,
    /** Waits until it says something more that fits, and returns what it said since the last time. */
    async until(pattern: RegExp): Promise<string> {
      for (let tries = 0; tries < 1_200; tries++) {
        const end = pattern.exec(said);
        if (end !== null) {
          const text = said.slice(0, end.index + end[0].length);
          said = said.slice(text.length);
          return text;
        }
        if (child.exitCode !== null) break;
        await Bun.sleep(50);
      }
      throw new Error(`it never said ${String(pattern)}, but:\n${said}`);
    },
    /** What it has said since the last time. */
    rest: () => said,
    async stop(): Promise<number> {
      child.kill("SIGINT");
      const exitCode = await child.exited;
      await heard;
      return exitCode;
    },
  };
}

describe("dev", () => {
  test("builds, compares and lints at each save, with the place of an error, whatever has no end, until Ctrl-C", async () => {
    const environment = "db/environments/server.yaml";
    const settings = FILES["db/environments/local.yaml"];
    await using project = await temporaryProject({ ...FILES, [environment]: settings });
    const watching = await watch(project, "-e", "server");
    await watching.until(
      /✅ 1 schema file built in [\s\S]*The migrations make the same\n[\s\S]*Nothing found in 1 file/,
    );
    await project.write("db/schema/posts.sql", "CREATE TABLE posts (id int);\n");
    expect(await watching.until(/Next: confiture migrate generate -e server NAME\n/)).toContain(
      "+ table public.posts\n",
    );
    await project.write("db/schema/posts.sql", "CREATE TABEL posts (id int);\n");
    await watching.until(/--> db\/schema\/posts\.sql:1:8\n/);
    // What is left out is said before the next one begins, which has no end.
    const endless = "COPY (SELECT 1) TO PROGRAM 'true';\nSELECT count(*) FROM generate_series(1, 100000000000);\n";
    await project.write("db/schema/posts.sql", endless);
    await watching.until(/not run in the scratch database/);
    await rm(project.path("db/schema/posts.sql"));
    await watching.until(/The migrations make the same\n/);
    const code = 'import { Migration } from "confiture";\nconsole.error("at work");\nfor (;;);\n';
    await project.write("db/migrations/002_small.ts", `${code}export default class Small extends Migration {}\n`);
    await watching.until(/at work/);
    await rm(project.path("db/migrations/002_small.ts"));
    await project.write("db/migrations/002_small.sql", "CREATE TABLE small (id int PRIMARY KEY);\n");
    expect(await watching.until(/confiture schema update -e server \(.*\)\n/)).toMatch(
      /- table public\.small\n.*confiture migrate generate -e server NAME \(/,
    );
    await watching.until(/\[prefer-bigint\][\s\S]* in 2 files\n/);
    await project.write(environment, "database: [\n");
    await watching.until(/--> db\/environments\/server\.yaml:\d/);
    await project.write(environment, settings);
    await watching.until(/schema file built/);
    expect(await watching.stop()).toBe(130);
    // The end that it announces is no error.
    expect(watching.rest()).toEndWith("\nStopping\n");
    expect(watching.rest()).not.toContain("error:");
  });

  long("--apply keeps the database in step, and takes nothing away", async () => {
    await using project = await temporaryProject(FILES);
    await rm(project.path("db/migrations/001_users.sql"));
    const watching = await watch(project, "--apply");
    expect(await watching.until(/✅ \.confiture\/local, embedded is in step\n/)).not.toContain("Next:");
    await project.write("db/schema/users.sql", "CREATE TABLE users (id bigint PRIMARY KEY, bio text);\n");
    await watching.until(/\+ column bio text\n[\s\S]*is in step\n/);
    await project.write("db/schema/users.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\n");
    await watching.until(/confiture apply --allow-drop=column:public\.users\.bio/);
    await watching.stop();
    const left = await runHere(["db", "sql", "--format", "csv", "SELECT bio FROM users"], { cwd: project.dir });
    expect(left).toMatchObject({ exitCode: 0, stdout: "bio\n" });
  });

  long("--apply refuses what apply refuses: to go around migrations, unless that is said", async () => {
    await using project = await temporaryProject({ ...FILES, "db/migrations/base.sql": "SELECT 1;\n" });
    const refusal = async (command: string): Promise<string> => {
      const { exitCode, stderr } = await runHere(command.split(" "), { cwd: project.dir });
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
      return /^error: .*/m.exec(stderr)?.[0].replace(`confiture ${command}`, "it") ?? "";
    };
    const files = await refusal("dev --apply");
    expect(files).toContain("holds 1 migration; no migration would have the changes that `it` makes");
    expect(files).toBe(await refusal("apply"));
    await rm(project.path("db/migrations/001_users.sql"));
    const base = await refusal("dev --apply");
    expect(base).toContain("base.sql is there");
    expect(base).toBe(await refusal("apply"));
    await rm(project.path("db/migrations"), { recursive: true });
    const watching = await watch(project, "--apply");
    await watching.until(/is in step\n/);
    // A migration that comes meanwhile is to bring what is new.
    await project.write("db/schema/users.sql", "CREATE TABLE users (id bigint PRIMARY KEY, bio text);\n");
    await watching.until(/is in step\n/);
    await project.write("db/migrations/001_users.sql", "CREATE TABLE users (id bigint PRIMARY KEY, bio text);\n");
    await watching.until(/confiture dev --apply --no-ledger/);
    await watching.stop();
    const beside = await watch(project, "--apply", "--no-ledger");
    await beside.until(/schema file built/);
    await project.write("db/schema/users.sql", "CREATE TABLE users (id bigint PRIMARY KEY, bio text, age int);\n");
    await beside.until(/\+ column age integer\n[\s\S]*is in step\n/);
    await project.write("db/schema/users.sql", "CREATE TABLE users (id bigint PRIMARY KEY, bio text);\n");
    await beside.until(/confiture apply --no-ledger --allow-drop=column:public\.users\.age/);
    await beside.stop();
    expect(await runHere(["dev", "--no-ledger"], { cwd: project.dir })).toMatchObject({ exitCode: 2 });
  });

  test.skipIf(process.platform === "win32")(
    "at a terminal, an answer counts for the files that it was asked about, and a line of progress ends with its step",
    async () => {
      const withAge = "CREATE TABLE users (id int PRIMARY KEY, age int);\n";
      await using project = await temporaryProject({
        "db/environments/local.yaml": FILES["db/environments/local.yaml"],
        "db/schema/users.sql": withAge,
      });
      const write = async (text: string, keys = ""): Promise<string> => {
        await project.write("db/schema/users.sql", text);
        return keys;
      };
      const fill = async (): Promise<string> => {
        // What stands on the screen for longer than it takes to draw it.
        await Bun.sleep(1500);
        return await write(withAge.replace(", age int", ""));
      };
      const { screen } = await atTerminal(
        project.dir,
        ["dev", "--apply"],
        [
          [/is in step/, fill],
          [/Remove it\? \[y\/N\] /, () => write(withAge, "y\r")],
          [/it is planned anew[^]*schema file built/, async () => (await Bun.sleep(1500), "\u0003")],
        ],
      );
      expect(screen).not.toMatch(/only in the schema files|not linted/);
      expect(screen.split("is in step")).toHaveLength(2);
      expect(/built in([^]*?)is in step/.exec(screen)?.[1]).not.toContain("Building the schema files and");
      expect(/is in step\n([^]*?)✅/.exec(screen)?.[1]).not.toMatch(/\d\.\ds/);
      const left = await runHere(["db", "sql", "--format", "csv", "SELECT age FROM users"], { cwd: project.dir });
      expect(left).toMatchObject({ exitCode: 0, stdout: "age\n" });
    },
  );

  test("--once looks once; the exit code and the document tell what it saw", async () => {
    await using project = await temporaryProject(FILES);
    const once = async () => readDocument(await runHere(["dev", "--once", "--format", "json"], { cwd: project.dir }));
    expect(await once()).toMatchObject({ exitCode: 0, schemaFiles: 1, changes: [], findings: [] });
    await project.write("db/schema/posts.sql", "CREATE TABLE posts (id int);\n");
    expect(await once()).toMatchObject({ exitCode: 3, changes: [{ change: "added", name: "public.posts" }] });
    await rm(project.path("db/migrations"), { recursive: true });
    const first = await runHere(["dev", "--once"], { cwd: project.dir });
    expect(first.stdout).toContain("Next: confiture apply, or confiture migrate generate NAME for a first migration");
    await project.write("db/schema/posts.sql", "CREATE TABEL posts (id int);\n");
    expect(await once()).toMatchObject({ exitCode: 1, changes: null, error: { location: { line: 1, column: 8 } } });
    const endless = await runHere(["dev", "--format", "json"], { cwd: project.dir });
    expect(endless.exitCode).toBe(2);
    expect(await runHere(["dev", "--once", "--apply"], { cwd: project.dir })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("confiture apply"),
    });
  });

  test("a protected environment is not kept in step", async () => {
    await using project = await temporaryProject({
      ...FILES,
      "db/environments/live.yaml": `${FILES["db/environments/local.yaml"]}protected: true\n`,
    });
    const result = await runHere(["dev", "--apply", "--env", "live"], { cwd: project.dir });
    expect(result).toMatchObject({ exitCode: 2 });
    expect(result.stderr).toContain('The environment "live" is protected');
    // What works there, and not the command that was refused.
    expect(result.stderr).toContain("confiture dev -e live\n");
    expect(result.stderr).not.toContain("confiture dev -e live --apply");
  });
});
