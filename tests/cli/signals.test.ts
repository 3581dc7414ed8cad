import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { runBinary, startBinary, type RunningBinary } from "../support/cli.ts";
import { few, long } from "../support/long.ts";
import { temporaryProject } from "../support/project.ts";
import { executableProject, type CliProject, NEWEST } from "./project.ts";
import { readDocument } from "./document.ts";
import { NEWEST_ALONE } from "../support/servers.ts";

const SLOW = "CREATE TABLE started ();\nSELECT pg_sleep(60);\n";

/** Starts a command and waits until the server is at its slow statement; returns that session's process. */
async function startSlow(
  project: CliProject,
  args: readonly string[],
): Promise<{ running: RunningBinary; backend: number }> {
  const running = await startBinary(args, { cwd: project.dir, timeout: 50_000 });
  for (;;) {
    const [session] = await project.query(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
    );
    if (session !== undefined) return { running, backend: Number(session["pid"]) };
    if (running.process.exitCode !== null) throw new Error(JSON.stringify(await running.result));
    await Bun.sleep(20);
  }
}

/** Waits until it has begun anew for the engine and handles signals, where that can be seen: it may have to wait for a processor. */
async function handlesSignals({ process: { pid } }: RunningBinary): Promise<void> {
  if (process.platform !== "linux") return;
  while (!(await Bun.file(`/proc/${pid}/environ`).text()).includes("BUN_JSC_")) await Bun.sleep(20);
  for (;;) {
    const [, caught = "0"] = /^SigCgt:\s*(\w+)/m.exec(await Bun.file(`/proc/${pid}/status`).text()) ?? [];
    if ((BigInt(`0x${caught}`) & (1n << BigInt(constants.signals.SIGINT - 1))) !== 0n) return;
    await Bun.sleep(20);
  }
}

async function leftBehind(project: CliProject): Promise<Record<string, unknown> | undefined> {
  const [row] = await project.query(`
    SELECT to_regclass('started')::text AS started,
      (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS locks,
      (SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()) AS sessions`);
  return row;
}

test("a signal that comes while the command begins ends it, whenever that is", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
    "db/schema/slow.sql": "SELECT pg_sleep(5);\n",
  });
  for (const delay of [5, 30, 60, 90, 120, 150, 200, 300]) {
    const running = await startBinary(["build", "--fresh"], { cwd: project.dir, timeout: 50_000 });
    await Bun.sleep(delay);
    running.process.kill("SIGTERM");
    await running.result.catch(() => {});
    const { exitCode, signalCode } = running.process;
    expect({ delay, ended: exitCode ?? signalCode }).toEqual({ delay, ended: signalCode === null ? 143 : "SIGTERM" });
  }
});

describe.each(NEWEST_ALONE)("interrupted, PostgreSQL %d", (major) => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s during a migration rolls it back, frees the lock and exits with %d", async (signal, exitCode) => {
    const files = { "db/migrations/001_slow.sql": SLOW, "db/migrations/002_next.sql": "SELECT 1;\n" };
    await using project = await executableProject(files, { major });
    const { running } = await startSlow(project, ["migrate", "up"]);
    running.process.kill(signal);
    const result = await running.result;
    expect(result).toMatchObject({ exitCode, stdout: "" });
    expect(result.stderr).toContain("001_slow");
    expect(result.stderr).toContain("0 migrations done, 1 interrupted, 1 not run");
    expect(await leftBehind(project)).toEqual({ started: null, locks: 0, sessions: 0 });
    await project.write("db/migrations/001_slow.sql", "CREATE TABLE started ();\n");
    await project.succeed(["migrate", "up", "--no-wait"]);
  });

  test("SIGINT during a build rolls it back", async () => {
    await using project = await executableProject({ "db/schema/slow.sql": SLOW }, { major });
    const { running } = await startSlow(project, ["build", "--fresh"]);
    running.process.kill("SIGINT");
    expect(await running.result).toMatchObject({ exitCode: 130, stdout: "" });
    expect(await leftBehind(project)).toEqual({ started: null, locks: 0, sessions: 0 });
  });

  test("SIGINT behind a build's commit says that it is built, and what is not recorded", async () => {
    await using project = await executableProject(
      { "db/schema/a.sql": "CREATE TABLE a ();\n", "db/migrations/001_a.sql": `CREATE TABLE a ();\n${SLOW}` },
      { major },
    );
    const running = await startBinary(["build"], { cwd: project.dir, timeout: 50_000 });
    for (;;) {
      const [row] = await project.query("SELECT to_regclass('a') IS NOT NULL AS built");
      if (row?.["built"] === true) break;
      await Bun.sleep(20);
    }
    running.process.kill("SIGINT");
    const { exitCode, stderr } = await running.result;
    expect(exitCode).toBe(130);
    expect(stderr).toContain("The schema is built: that was committed before.");
    expect(stderr).toContain("confiture migrate baseline --proven");
  });

  test("SIGTERM outside a transaction says what is done, and blocks the next run until it is resolved", async () => {
    await using project = await executableProject(
      { "db/migrations/001_slow.sql": `-- migrate:up transaction:false\n${SLOW}` },
      { major },
    );
    const { running } = await startSlow(project, ["migrate", "up", "--format", "json"]);
    running.process.kill("SIGTERM");
    const result = await running.result;
    expect(readDocument(result)).toMatchObject({ ok: false, exitCode: 143, error: { code: "interrupted" } });
    expect(await leftBehind(project)).toEqual({ started: "started", locks: 0, sessions: 0 });
    const blocked = await project.run(["migrate", "up"]);
    expect(blocked.exitCode).toBe(7);
    expect(blocked.stderr).toContain("after statement 1 of 2");
  });

  test("while it waits for another runner", async () => {
    await using project = await executableProject({ "db/migrations/001_slow.sql": SLOW }, { major });
    const { running: first } = await startSlow(project, ["migrate", "up"]);
    const second = await startBinary(["migrate", "up"], { cwd: project.dir, timeout: 50_000 });
    await second.says("another runner is at work");
    second.process.kill("SIGINT");
    expect(await second.result).toMatchObject({ exitCode: 130, stdout: "" });
    const third = await project.run(["migrate", "up", "--no-wait", "--format", "json"]);
    expect(readDocument(third)).toMatchObject({ ok: false, exitCode: 6, error: { code: "lock_held" } });
    first.process.kill("SIGINT");
    expect((await first.result).exitCode).toBe(130);
  });
});

describe("work in the embedded engine, which keeps the thread", () => {
  const inside = ["migrate up", "build --fresh", "db sql -f slow.sql", "db sql -f catching.sql"];
  // As many at a time as leave a processor to each: the work has to have begun.
  test.each(
    few(2, [
      [["verify", "diff", "migrate generate more", "dev"]],
      [["migrate test", "snapshot schema", "lint --all"]],
      [inside.map((line) => `${line} -e inside`)],
      [inside.map((line) => `${line} -e inside --format json`)],
    ]),
  )("SIGINT ends %j, which say so", async (lines) => {
    await Promise.all(lines.map((line) => interrupt(line)));
  });

  // Each statement of the start can be the one that is cancelled, and none of them is a statement of the project.
  long("SIGINT ends what has just begun, which says so", async () => {
    for (const moment of [0, 150, 300, 450, 600, 750]) {
      await Promise.all(["diff", "verify"].map((line) => interrupt(line, moment)));
    }
  });

  async function interrupt(line: string, moment = 2500): Promise<void> {
    await using project = await executableProject({
      "db/environments/inside.yaml": "database:\n  engine: embedded\n",
      "db/schema/a.sql": "SELECT pg_sleep(120);",
      "db/migrations/001_a.sql": "-- migrate:up\nSELECT pg_sleep(120);\n-- migrate:down\nSELECT 1;\n",
      "slow.sql": "SELECT 1;\nSELECT count(*) FROM generate_series(1, 100000000000);\n",
      "catching.sql":
        "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(120); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;\n",
    });
    const env = { TMPDIR: project.path("tmp") };
    await mkdir(env.TMPDIR);
    const running = await startBinary(line.split(" "), { cwd: project.dir, env, timeout: 60_000 });
    // Whenever it comes: before the configuration is read, while the engine starts, in the endless statement.
    await handlesSignals(running);
    await Bun.sleep(moment);
    running.process.kill("SIGINT");
    const result = await running.result;
    if (line.includes("json")) expect(readDocument(result)).toMatchObject({ error: { code: "interrupted" } });
    else
      expect({ line, ...result }).toMatchObject({
        line,
        stderr: expect.stringContaining(line === "dev" ? "Stopping" : "Interrupted"),
      });
    expect(result.exitCode).toBe(130);
    // What it left, the next command clears away.
    await project.succeed(["config", "show"], { env });
    expect(readdirSync(env.TMPDIR)).toEqual([]);
    const files = readdirSync(project.dir, { recursive: true, encoding: "utf8" });
    expect(files.filter((name) => name.includes("confiture-") || /migrations\/00[^1]/.test(name))).toEqual([]);
  }
});

describe("what PostgreSQL does not interrupt, in the embedded engine", () => {
  // One row, of which each part takes milliseconds.
  const parts = Array.from({ length: 1500 }, (_, part) => `length(div(a + ${part}, b)::text)`).join(", ");
  const slow = `SELECT ARRAY[${parts}] FROM (SELECT repeat('7', 120000)::numeric AS a, repeat('3', 60000)::numeric AS b OFFSET 0) AS long;\n`;
  const files = {
    "db/environments/inside.yaml": 'database:\n  engine: embedded\n  path: ":memory:"\n',
    "long.sql": slow,
    "behind.sql": `SELECT 1 AS one;\n${slow}`,
  };
  const ABANDONED = "Interrupted; the work did not end in time, so it was abandoned";

  test.each(
    few(1, [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const),
  )("%s abandons it after some seconds, with the JSON document", async (signal, exitCode) => {
    await using project = await executableProject(files);
    const line = ["db", "sql", "-f", "long.sql", "-e", "inside"];
    const behind = ["db", "sql", "-f", "behind.sql", "-e", "inside"];
    const inTime = { cwd: project.dir, timeout: 50_000 };
    // Two at a time take twice as long to start, and a busy machine takes longer still.
    const began = performance.now();
    await project.succeed(["db", "sql", "SELECT 1", "-e", "inside"]);
    const started = 1500 + 3 * (performance.now() - began);
    const results = await Promise.all(
      [line, [...line, "--format", "json"], [...behind, "--format", "json"]].map(async (args) => {
        const running = await startBinary(args, inTime);
        await handlesSignals(running);
        await Bun.sleep(started);
        running.process.kill(signal);
        return await running.result;
      }),
    );
    expect(results[0]).toMatchObject({ exitCode, stdout: "", stderr: expect.stringContaining(ABANDONED) });
    const abandoned = { command: "db sql", ok: false, exitCode, error: { code: "interrupted", message: ABANDONED } };
    expect(readDocument(results[1]!)).toMatchObject(abandoned);
    // What was written before belongs to the document.
    expect(readDocument(results[2]!)).toMatchObject({ ...abandoned, results: [{ rows: [{ one: 1 }] }] });
  });
});

describe.skipIf(process.platform !== "linux")("the embedded database's folder", () => {
  long("who waits for a process that is stopped is told so", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": "database:\n  engine: embedded\nmigrations:\n  lock_wait: 1s\n",
      "db/migrations/001_slow.sql": "SELECT pg_sleep(120);\n",
    });
    const options = { cwd: project.dir, timeout: 60_000 };
    const first = await startBinary(["migrate", "up"], options);
    const { pid } = first.process;
    try {
      while (!existsSync(join(project.dir, ".confiture/local/PG_VERSION"))) await Bun.sleep(50);
      first.process.kill("SIGSTOP");
      const waiting = await runBinary(["migrate", "up", "--lock-wait", "1s"], options);
      expect(waiting).toMatchObject({ exitCode: 6, stdout: "" });
      expect(waiting.stderr).toContain(
        `warning: another process (pid ${pid}) has the embedded database open, and is stopped: \`kill -CONT ${pid}\` lets it go on; waiting\n`,
      );
      expect(waiting.stderr).toContain("next: That process is stopped.");
      const status = await runBinary(["migrate", "status", "--format", "json"], options);
      expect(readDocument(status)).toMatchObject({ exitCode: 6, error: { code: "embedded_in_use", data: { pid } } });
    } finally {
      first.process.kill("SIGKILL");
    }
  });
});

describe("a second signal", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends it at once, when the server does not answer", async (signal, exitCode) => {
    await using project = await executableProject({ "db/migrations/001_slow.sql": SLOW }, { major: NEWEST });
    const { running, backend } = await startSlow(project, ["migrate", "up"]);
    process.kill(backend, "SIGSTOP");
    try {
      running.process.kill(signal);
      await Bun.sleep(500);
      expect(running.process.exitCode).toBeNull();
      running.process.kill(signal);
      expect((await running.result).exitCode).toBe(exitCode);
    } finally {
      process.kill(backend, "SIGCONT");
    }
  });
});
