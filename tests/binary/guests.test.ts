import { describe, expect, test } from "bun:test";
import { peakMemory, startBinary } from "../support/cli.ts";
import { executableProject, type CliProject } from "../cli/project.ts";
import { readDocument } from "../cli/document.ts";
import { ALL } from "../support/long.ts";

/** A migration that first makes a table, and then does this. */
const migration = (body: string, head = ""): string =>
  `import { Migration } from "confiture";
${head}
export default class extends Migration {
  async up() {
    await this.execute("CREATE TABLE made ()");
    ${body}
  }
  down() { this.execute("DROP TABLE made"); }
}
`;

const FILE = "db/migrations/001_guest.ts";

/** What a failed or interrupted run must not leave. */
async function leftBehind(project: CliProject): Promise<Record<string, unknown> | undefined> {
  const [row] = await project.query(`
    SELECT to_regclass('made')::text AS made,
      (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS locks`);
  return row;
}

const HARMFUL: readonly (readonly [string, string])[] = [
  ["process.exit(0)", "process.exit(0);"],
  ["process.exit() that was imported", "(await import('node:process')).exit();"],
  ["process.reallyExit(0)", "process.reallyExit(0);"],
  ["process.abort()", "process.abort();"],
  ["a signal to itself", "process.kill(process.pid, 'SIGKILL');"],
  ["standard output closed", "(await import('node:fs')).closeSync(1);"],
  ["standard output closed, with a callback", "process.getBuiltinModule('fs').close(1, () => {});"],
  ["process.chdir", "process.chdir('/');"],
  ["an exception in a timer", "setTimeout(() => { throw new Error('late'); }, 5); await new Promise(() => {});"],
  [
    "an exception in a timer beside an open one",
    "setInterval(() => {}, 1000); setTimeout(() => { throw undefined; }, 5); await new Promise(() => {});",
  ],
  ["a rejection that nobody handles", "Promise.reject(Object.create(null)); await Bun.sleep(20);"],
  [
    "no handlers for either",
    "process.removeAllListeners('uncaughtException'); setTimeout(() => { throw 1; }, 5); await Bun.sleep(10_000);",
  ],
  ["an object without a prototype thrown", "throw Object.create(null);"],
  ["nothing thrown", "throw undefined;"],
  [
    "an error whose properties throw",
    "throw new (class extends Error { get message() { throw 1; } get stack() { throw 2; } })();",
  ],
  ["a proxy thrown", "throw new Proxy({}, { get() { throw 1; } });"],
  ["a promise that never settles", "await new Promise(() => {});"],
  [
    "globals replaced",
    "JSON.stringify = Array.prototype.map = () => { throw 1; }; globalThis.Promise = undefined; globalThis.process = undefined; throw new Error('done');",
  ],
];

describe("what a TypeScript migration does to the process fails the migration, and nothing else", () => {
  test.each(HARMFUL)("%s", async (_what, body) => {
    await using project = await executableProject({
      [FILE]: migration(body),
      "db/schema/made.sql": "CREATE TABLE made ();",
    });
    const result = await project.run(["migrate", "up", "--format", "json"]);
    const document = readDocument(result);
    expect(document).toMatchObject({ ok: false, exitCode: 1, error: { code: "migration_failed" } });
    expect(document.error?.location?.file).toBe(FILE);
    expect(await leftBehind(project)).toEqual({ made: null, locks: 0 });
    const words = await project.run(["migrate", "up"]);
    expect(words).toMatchObject({ exitCode: 1, stdout: "" });
    expect(words.stderr).toContain(document.error!.message);
  });

  test.each([
    ["process.exit(0) while it is loaded", "process.exit(0);"],
    ["a file that never finishes to load", "await new Promise(() => {});"],
    ["an exception while it is loaded", "throw Object.create(null);"],
    ["a proxy as its export", "export { it as default }; const it = new Proxy(class {}, { get() { throw 1; } });"],
  ])("%s", async (_what, head) => {
    const text = head.includes("default") ? head : migration("", head);
    await using project = await executableProject({
      [FILE]: text,
      "db/migrations/000_first.sql": "CREATE TABLE made ();",
    });
    const document = readDocument(await project.run(["migrate", "up", "--format", "json"]));
    expect(document).toMatchObject({ ok: false, exitCode: 1, error: { location: { file: FILE } } });
    expect(await leftBehind(project)).toEqual({ made: null, locks: 0 });
  });

  test.each([["verify"], ["migrate test"], ["diff migrations schema"]])(
    "no proof passes that did not run: %s",
    async (command) => {
      await using project = await executableProject({
        [FILE]: migration("process.exit(0);"),
        "db/schema/made.sql": "CREATE TABLE made ();",
      });
      const result = await project.run([...command.split(" "), "--format", "json"]);
      expect(result.exitCode).not.toBe(0);
      expect(readDocument(result).ok).toBe(result.exitCode === 3);
      expect(result.stdout).toContain("process.exit(0)");
    },
  );

  test("nor does a way back", async () => {
    const text = migration("").replace(`this.execute("DROP TABLE made");`, "process.exit(0);");
    await using project = await executableProject({ [FILE]: text });
    await project.succeed(["migrate", "up"]);
    const document = readDocument(await project.run(["migrate", "down", "--format", "json"]));
    expect(document).toMatchObject({ ok: false, exitCode: 1, error: { code: "migration_failed" } });
    expect(await leftBehind(project)).toEqual({ made: "made", locks: 0 });
  });
});

describe("what a migration leaves open keeps nobody", () => {
  test.each([
    ["a timer", "setInterval(() => {}, 1000);"],
    ["a server", "Bun.serve({ port: 0, fetch: () => new Response() });"],
    [
      "an exit code and a working environment",
      "process.exitCode = 9; process.env.PGHOST = 'nowhere'; process.argv.length = 0;",
    ],
    ["handlers of signals", "process.on('SIGTERM', () => {}); process.removeAllListeners('SIGTERM');"],
    ["a loop that begins after its end", "setTimeout(() => { for (;;); }, 1);"],
  ])("%s", async (_what, body) => {
    await using project = await executableProject({ [FILE]: migration(body) });
    expect(await project.run(["migrate", "up"])).toMatchObject({ exitCode: 0 });
    expect(await leftBehind(project)).toEqual({ made: "made", locks: 0 });
  });
});

test("what a migration prints goes to standard error", async () => {
  const body = `console.log("one"); console.table([{ two: 2 }]); process.stdout.write("three\\n"); await Bun.write(Bun.stdout, "four\\n");
    (await import("node:console")).default.info("five"); (await import("node:console")).log("seven"); (await import("node:process")).stdout.write("six\\n");
    writeSync(1, "eight\\n"); fs.writeFileSync(1, "nine\\n"); fs.appendFileSync(1, "ten\\n"); fs.writevSync(1, [Buffer.from("eleven\\n")]);
    await new Promise((done) => fs.write(1, "twelve\\n", done)); await Bun.write(Bun.file(1), "thirteen\\n");
    await new Promise((done) => fs.createWriteStream("", { fd: 1 }).end("fourteen\\n", done));`;
  const head = `import fs, { writeSync } from "node:fs";\nconsole.log("zero");`;
  await using project = await executableProject({ [FILE]: migration(body, head) });
  const result = await project.run(["migrate", "up", "--format", "json"]);
  expect(readDocument(result)).toMatchObject({ ok: true });
  const words = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen".split(" ");
  for (const word of words) expect(result.stderr).toContain(word);
});

describe("the first signal ends it, rolled back", () => {
  test.each([
    ["a loop without an end", "console.error('here'); for (;;);"],
    ["a wait without an end", "setInterval(() => {}, 1000); console.error('here'); await new Promise(() => {});"],
    ["statements without an end", "console.error('here'); for (;;) this.execute('SELECT 1');"],
  ])("%s", async (_what, body) => {
    await using project = await executableProject({ [FILE]: migration(body) });
    for (const [signal, exitCode] of [
      ["SIGTERM", 143],
      ["SIGINT", 130],
    ] as const) {
      const { process: running, result } = await startUntil(project, body.includes("here") ? "here" : "");
      running.kill(signal);
      expect(readDocument(await result)).toMatchObject({ exitCode, error: { code: "interrupted" } });
      expect(await leftBehind(project)).toEqual({ made: null, locks: 0 });
    }
  });

  test.each([
    ["computes", "console.error('here'); for (;;);"],
    ["waits", "setInterval(() => {}, 1000); console.error('here'); await new Promise(() => {});"],
  ])("while a file that never finishes is loaded: it %s", async (_what, head) => {
    await using project = await executableProject({ [FILE]: migration("", head) });
    const { process: running, result } = await startUntil(project, "here");
    running.kill("SIGTERM");
    expect(readDocument(await result)).toMatchObject({ exitCode: 143, error: { code: "interrupted" } });
    expect(await leftBehind(project)).toEqual({ made: null, locks: 0 });
  });
});

/** Starts `migrate up`, and waits for the migration to write this to a file beside it. */
async function startUntil(project: CliProject, word: string): ReturnType<typeof startBinary> {
  const sign = project.path("sign");
  const text = await project.read(FILE);
  await project.write(
    FILE,
    text.replace(`console.error('${word}')`, `(await import("node:fs")).writeFileSync(${JSON.stringify(sign)}, "")`),
  );
  await Bun.file(sign)
    .delete()
    .catch(() => {});
  const started = await startBinary(["migrate", "up", "--format", "json"], { cwd: project.dir, timeout: 60_000 });
  while (!(await Bun.file(sign).exists())) {
    if (started.process.exitCode !== null) throw new Error(JSON.stringify(await started.result));
    await Bun.sleep(20);
  }
  return started;
}

test.skipIf(!ALL || process.platform !== "linux")(
  "a hundred thousand statements without await take no more memory than they hold at a time, and are reported",
  async () => {
    const body = `const filler = "x".repeat(2000); for (let n = 1; n < 100_000; n++) this.execute(\`SELECT \${n} -- \${filler}\`);`;
    await using project = await executableProject({ [FILE]: migration(body) });
    const { process: running, result } = await startBinary(["migrate", "up"], { cwd: project.dir, timeout: 120_000 });
    const peak = await peakMemory(running);
    expect(await result).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("001_guest: 100,000 statements done\n"),
    });
    // The statements alone are 200 MB.
    expect(peak).toBeWithin(2 ** 20, 190 * 2 ** 20);
    expect(await leftBehind(project)).toEqual({ made: "made", locks: 0 });
  },
  120_000,
);

test("packages beside the project are found by what their package.json says, and nothing else of it is obeyed", async () => {
  const write = `require("node:fs").writeFileSync("was-executed", "yes");\n`;
  const names = ["by-main", "by-exports", "by-index"];
  await using project = await executableProject({
    [FILE]: migration(
      `for (const name of [main, exported, sub, index, helper]) await this.execute("INSERT INTO names VALUES ($1)", [name]);`,
      `import { name as main } from "by-main"; import { name as exported } from "by-exports";
       import { name as sub } from "by-exports/sub"; import { name as index } from "by-index"; import { name as helper } from "#helper";`,
    ),
    "db/migrations/000_names.sql": "CREATE TABLE names (name text);",
    "node_modules/by-main/package.json": JSON.stringify({ name: "by-main", main: "lib/main.js" }),
    "node_modules/by-main/lib/main.js": `exports.name = "main";`,
    "node_modules/by-exports/package.json": JSON.stringify({
      name: "by-exports",
      exports: { ".": { import: "./dist/import.mjs", require: "./dist/require.cjs" }, "./sub": "./dist/sub.mjs" },
    }),
    "node_modules/by-exports/dist/import.mjs": `export const name = "exports";`,
    "node_modules/by-exports/dist/require.cjs": `exports.name = "require";`,
    "node_modules/by-exports/dist/sub.mjs": `export const name = "sub";`,
    "node_modules/by-index/index.js": `exports.name = "index";`,
    "helper.ts": `export const name = "helper";`,
    "hostile.ts": write,
    "package.json": JSON.stringify({
      imports: { "#helper": "./helper.ts" },
      browser: { "./helper.ts": "./hostile.ts" },
      overrides: { "by-main": "by-index" },
      scripts: { preinstall: "touch was-executed", prestart: "touch was-executed" },
      preload: ["./hostile.ts"],
      bun: { preload: ["./hostile.ts"] },
      bunfig: { preload: ["./hostile.ts"] },
      dependencies: Object.fromEntries(names.map((name) => [name, "*"])),
    }),
  });
  await project.succeed(["migrate", "up"]);
  expect(await project.query("SELECT string_agg(name, ' ') AS all FROM names")).toEqual([
    { all: "main exports sub index helper" },
  ]);
  expect(await Bun.file(project.path("was-executed")).exists()).toBeFalse();
  await project.write("package.json", "{ broken");
  await project.succeed(["migrate", "status"]);
});
