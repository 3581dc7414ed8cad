import { describe, expect, test } from "bun:test";
import { renderStatus } from "#cli/output/status.ts";
import { withLiveLine } from "#cli/output/live-line.ts";
import type { Io } from "#cli/io.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { atTerminal } from "../support/terminal.ts";
import { temporaryProject } from "../support/project.ts";

const numbers = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => String(index + 1).padStart(3, "0"));

const CLEAR = "\r\u001b[2K";

describe("the state of many migrations", () => {
  const entries = (count: number, standing: "applied" | "pending") =>
    numbers(count).map((version) => ({ version, name: "x", standing, file: undefined, row: undefined }));

  test("is the last five that are applied, and whatever needs attention", () => {
    const history = [...entries(40, "applied"), { ...entries(1, "pending")[0]!, version: "041" }];
    const lines = renderStatus(history).trimEnd().split("\n");
    expect(lines[0]).toBe("✅ 35 more applied, up to 035_x (--all shows them)");
    expect(lines.slice(1).map((line) => /\d{3}_x/.exec(line)?.[0])).toEqual(
      ["036", "037", "038", "039", "040", "041"].map((version) => `${version}_x`),
    );
    expect(renderStatus(history, { all: true }).trimEnd().split("\n")).toHaveLength(41);
  });

  test("is all of them up to 20, and from the first on that is not applied", () => {
    expect(renderStatus(entries(20, "applied")).trimEnd().split("\n")).toHaveLength(20);
    const behind = [...entries(1, "pending"), ...entries(40, "applied")];
    expect(renderStatus(behind).trimEnd().split("\n")).toHaveLength(41);
  });
});

describe("the state of migrations at a terminal", () => {
  const history = ["x", "a_longer_name"].map((name, index) => ({
    version: `00${index + 1}`,
    name,
    standing: index === 0 ? ("applied" as const) : ("pending" as const),
    file: undefined,
    row: undefined,
  }));
  const lines = (columns: number | undefined) => renderStatus(history, { columns }).trimEnd().split("\n");

  test("stands in columns where it fits into the width, and as everywhere else where it does not", () => {
    const starts = (columns: number | undefined) => lines(columns).map((line) => line.indexOf("("));
    expect(new Set(starts(80)).size).toBe(1);
    expect(lines(80)[0]).toStartWith(`✅ 001_x${" ".repeat("a_longer_name".length)}(`);
    expect(starts(20)).toEqual(starts(undefined));
    expect(lines(undefined)[0]).toStartWith("✅ 001_x (");
  });
});

describe("the last line of a terminal", () => {
  function screen(isTerminal: boolean) {
    let text = "";
    const output = { isTerminal, columns: 40, closed: false, write: (more: string) => void (text += more) };
    const io = { stdout: output, stderr: output, stdin: { readLine: () => Bun.sleep(1500) } } as unknown as Io;
    return { ...withLiveLine(io, true), text: () => text };
  }
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await Bun.sleep(10);
  };

  test("shows what is done and for how long, cut to the width, and goes before anything else is written", async () => {
    const { io, live, text } = screen(true);
    live.show(`step ${"x".repeat(100)}`);
    expect(text()).toBe("");
    await until(() => text() !== "");
    expect(text()).toStartWith(CLEAR);
    expect(text().slice(CLEAR.length)).toMatch(/^ {2}step x+ \d\.\ds$/);
    expect(text().length - CLEAR.length).toBeLessThan(40);
    const before = text();
    io.stdout.write("a result\n");
    expect(text()).toBe(`${before}${CLEAR}a result\n`);
    await until(() => text().endsWith("s"));
    // The next step is seen at once, and counts from its own beginning.
    live.show("next");
    await until(() => text().endsWith("  next"));
    await until(() => /next [\d.]+m?s$/.test(text()));
    expect(text()).toMatch(/ {2}next 1\.\ds$/);
    live.end();
    expect(text()).toEndWith(CLEAR);
    // A question stays on the screen while somebody thinks about it.
    io.stderr.write("Really? ");
    await io.stdin.readLine(new AbortController().signal);
    await Bun.sleep(700);
    expect(text()).toEndWith("Really? ");
    live.show("on");
    await until(() => text().endsWith("s"));
    expect(text()).toMatch(/ {2}on 1\.\ds$/);
  });

  test("is not there without a terminal", async () => {
    const { live, text } = screen(false);
    live.show("a step");
    await Bun.sleep(1100);
    live.show("another");
    expect(text()).toBe("");
  });
});

test("at a terminal, a run of several migrations is aligned, and ends with their number and time", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database: {engine: embedded, path: .confiture/local}\n",
    "db/migrations/001_a.sql": "CREATE TABLE a (id int);\n",
    "db/migrations/002_longer.sql": "CREATE TABLE b (id int);\n",
  });
  const { exitCode, screen } = await atTerminal(project.dir, ["migrate", "up"], [], { columns: 80 });
  expect({ exitCode, screen }).toMatchObject({ exitCode: 0 });
  expect(screen).toMatch(/\n2 migrations done in \d+ms\n$/);
  expect(Bun.stripANSI(screen)).toContain("✅ Migration 001_a      applied successfully (");
  expect(Bun.stripANSI(screen)).toContain("✅ Migration 002_longer applied successfully (");
});

test("while a statement of the embedded engine runs, the terminal shows which one and for how long, and then nothing of it", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database: {engine: embedded, path: .confiture/local}\n",
    "db/migrations/001_slow.sql": "-- migrate:up\nSELECT pg_sleep(2.5);\n-- migrate:down\nSELECT 1;\n",
    "db/migrations/002_slow.ts":
      'import { Migration } from "confiture";\nexport default class Slow extends Migration {\n  async up() {\n' +
      '    await this.execute("SELECT pg_sleep(1.5)");\n  }\n  down() {}\n}\n',
  });
  const migrated = await atTerminal(project.dir, ["migrate", "up"], [], { columns: 80 });
  expect(migrated).toMatchObject({ exitCode: 0 });
  const shown = migrated.screen.split(/Applying migration.*\n/);
  const sql = `${CLEAR}  Running db/migrations/001_slow.sql:2`;
  expect(shown[1]).toStartWith(sql);
  expect(shown[1]).toMatch(/001_slow.sql:2 [1-9]s/);
  expect(shown[1]).toContain(`${CLEAR}✅`);
  expect(shown[2]).toStartWith(`${CLEAR}  Running db/migrations/002_slow.ts `);
  // Rows that it writes while it runs begin lines of their own.
  const rows = "COPY (SELECT n, pg_sleep(n) FROM (VALUES (2)) AS v(n)) TO STDOUT";
  const { screen } = await atTerminal(project.dir, ["db", "sql", rows], [], { columns: 80 });
  expect(screen).toMatch(/Running <command line>:1 [1-9]s/);
  expect(screen).toEndWith(`${CLEAR}2\t\n`);
});

test("a terminal that does not know its width has none", async () => {
  let screen = "";
  const code =
    'import { StandardOutput } from "#cli/standard-output.ts"; Bun.spawnSync(["stty", "cols", "0"], { stdin: "inherit" });' +
    "const output = new StandardOutput(1); output.write(`${output.isTerminal} ${output.columns}`);";
  const child = Bun.spawn([process.execPath, "-e", code], {
    cwd: ROOT,
    terminal: { data: (_terminal, data) => void (screen += new TextDecoder().decode(data)) },
  });
  await child.exited;
  child.terminal?.close();
  expect(screen).toBe("true undefined");
});
