import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { cliProject, executableProject } from "../cli/project.ts";
import { readDocument } from "../cli/document.ts";
import { commitAll } from "../support/git.ts";
import { builtBinary, runBinary, type RunResult, startBinary } from "../support/cli.ts";
import { runHere } from "../support/in-process.ts";
import { few, long } from "../support/long.ts";
import { smallDisk } from "../support/small-disk.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";

beforeAll(builtBinary, 300_000);

/** Every file below a folder by its path, but for the tool's own data; what has a dot in front included. */
async function contents(dir: string): Promise<Record<string, string>> {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  const texts = await Promise.all(paths.map(async (path) => [path.slice(dir.length + 1), await Bun.file(path).text()]));
  return Object.fromEntries(texts) as Record<string, string>;
}

/** What an earlier `build --output` wrote; a build writes over no other file. */
const OLD_SCRIPT = "-- The schema of this project, assembled from 2 files by confiture build.\n";
const OLD_SNAPSHOT = '{\n  "format": "confiture-snapshot"\n}\n';
const EMBEDDED = "database:\n  engine: embedded\n  path: ':memory:'\n";

/** Names of what is written beside files, and of notes about that. */
/** The lock of a writer that was killed goes with the next one that writes there. */
function leftovers(dir: string): string[] {
  const all = readdirSync(dir, { recursive: true, encoding: "utf8" });
  return all.filter((name) => /(^|\/)\.confiture-(?!lock$)/.test(name));
}

test("eight at once write eight migrations, with eight versions", async () => {
  await using project = await temporaryProject({ "db/environments/local.yaml": EMBEDDED });
  const names = Array.from({ length: 8 }, (_, index) => `n${index}`);
  const results = await Promise.all(names.map((name) => runBinary(["migrate", "new", name], { cwd: project.dir })));
  for (const result of results) expect(result).toMatchObject({ exitCode: 0 });
  const versions = readdirSync(project.path("db/migrations")).map((name) => name.slice(0, 3));
  expect(versions.toSorted()).toEqual(["001", "002", "003", "004", "005", "006", "007", "008"]);
});

test("of two at once that generate the same change, one writes it", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": EMBEDDED,
    "db/schema/t.sql": "CREATE TABLE t (a int);\n",
  });
  const results = await Promise.all(
    ["a", "b"].map((name) => runBinary(["migrate", "generate", name, "--format", "json"], { cwd: project.dir })),
  );
  const [written, refused] = results.map((result) => readDocument(result)).toSorted((a, b) => a.exitCode - b.exitCode);
  expect(written).toMatchObject({ ok: true });
  expect(refused).toMatchObject({ exitCode: 1, error: { code: "generate_refused" } });
  const names = readdirSync(project.path("db/migrations"));
  expect(names).toEqual([expect.stringMatching(/^001_[ab]\.sql$/)]);
  expect(refused?.error?.message).toContain(names[0]);
});

/** Kills the command as soon as something is there, or lets it end. */
async function killOnce(seen: () => boolean, args: readonly string[], cwd: string): Promise<RunResult> {
  const { process: child, result } = await startBinary(args, { cwd });
  while (child.exitCode === null && child.signalCode === null) {
    if (seen()) {
      child.kill("SIGKILL");
      break;
    }
    await Bun.sleep(1);
  }
  return await result;
}

/** What can be seen of a command that writes several files, in the order in which it comes. */
const MOMENTS: readonly [string, RegExp][] = [
  ["it has begun", /^\.confiture-.*\.begun$/],
  ["it writes the first", /\/\.confiture-.*\.new$/],
  ["it has decided", /^\.confiture-.*\.decided$/],
  ["a first file is there", /^db\/schema\/.*\.sql$/],
];

let newProject: Promise<Record<string, string>> | undefined;

/** What `init` writes where nothing happens to it. */
function begun(): Promise<Record<string, string>> {
  return (newProject ??= (async () => {
    await using project = await temporaryProject({});
    await runHere(["init", "--embedded"], { cwd: project.dir });
    return await contents(project.dir);
  })());
}

describe("a killed command leaves the old or the new", () => {
  test.each(MOMENTS)("init, killed when %s", async (_when, pattern) => {
    const whole = await begun();
    await using project = await temporaryProject({});
    await killOnce(() => seenIn(project, pattern), ["init", "--embedded"], project.dir);
    // Any command finishes what was decided on, or takes it back.
    await runHere(["config", "show"], { cwd: project.dir });
    const found = await contents(project.dir);
    if (Object.keys(found).length > 0) expect(found).toEqual(whole);
    expect(await runHere(["init", "--embedded"], { cwd: project.dir })).toMatchObject({ exitCode: 0 });
    expect(await contents(project.dir)).toEqual(whole);
  });

  test.each(few(1, MOMENTS.slice(2)))("export over an older one, killed when %s", async (_when, pattern) => {
    await using project = await executableProject();
    await project.query(tables(60, "int"));
    await project.succeed(["export"]);
    const before = await contents(project.path("db/schema"));
    await project.query(`DROP TABLE t0; ${tables(60, "text").replaceAll("CREATE TABLE t", "CREATE TABLE u")}`);
    const started = new Set(Object.keys(before).map((path) => `db/schema/${path}`));
    await killOnce(() => seenIn(project, pattern, started), ["export", "--force"], project.dir);
    await project.run(["config", "show"]);
    const after = await contents(project.path("db/schema"));
    if (JSON.stringify(after) !== JSON.stringify(before)) {
      // All of the new: what is gone is aside, what is new is there, and it makes the database.
      expect(Object.keys(after).filter((path) => path.endsWith(".bak"))).toHaveLength(1);
      await project.succeed(["drift"]);
    }
    expect(leftovers(project.dir)).toEqual([]);
  });

  test.each(
    MOMENTS.map(
      ([when, pattern]) => [when, pattern.source.includes("schema") ? /^db\/migrations\/1/ : pattern] as const,
    ),
  )("migrate import, killed when %s", async (_when, pattern) => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [
        `db/migrations/${100 + n}_m/migration.sql`,
        `CREATE TABLE m${n} (a int);\n`,
      ]),
    );
    await using project = await temporaryProject({ "db/environments/local.yaml": EMBEDDED, ...files });
    const tree = (): string[] => readdirSync(project.path("db"), { recursive: true, encoding: "utf8" }).toSorted();
    const before = tree();
    await killOnce(
      () => seenIn(project, pattern, new Set(before.map((path) => `db/${path}`))),
      ["migrate", "import"],
      project.dir,
    );
    await runHere(["config", "show"], { cwd: project.dir });
    const after = tree();
    if (after.includes("migrations/100_m")) {
      expect(after).toEqual(before);
      await runHere(["migrate", "import"], { cwd: project.dir });
    }
    const moved = before
      .filter((path) => /_m/.test(path))
      .map((path) => path.replace("migrations", "migrations-prisma"));
    const written = Array.from({ length: 40 }, (_, n) => `migrations/${100 + n}_m.sql`);
    expect(tree()).toEqual(
      ["environments", "environments/local.yaml", "migrations", "migrations-prisma", ...moved, ...written].toSorted(),
    );
  });

  test("build --output, killed while it writes", async () => {
    const schema = `CREATE TABLE t (a int); -- ${"x".repeat(1_000_000)}\n`;
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`db/schema/${index}.sql`, schema]));
    await using project = await temporaryProject({
      ...files,
      "db/environments/local.yaml": EMBEDDED,
      "out/x.sql": OLD_SCRIPT,
    });
    await killOnce(() => readdirSync(project.path("out")).length > 1, ["build", "--output", "out/x.sql"], project.dir);
    const found = await project.read("out/x.sql");
    if (found !== OLD_SCRIPT) expect(found.length).toBeGreaterThan(20_000_000);
    await runHere(["build", "--output", "out/x.sql"], { cwd: project.dir });
    expect(readdirSync(project.path("out"))).toEqual(["x.sql"]);
    expect((await project.read("out/x.sql")).length).toBeGreaterThan(20_000_000);
  });

  long("snapshot and migrate new, killed while they write", async () => {
    await using project = await executableProject({ "out/x.json": OLD_SNAPSHOT });
    await project.query(tables(20, "int"));
    await killOnce(() => readdirSync(project.path("out")).length > 1, ["snapshot", "-o", "out/x.json"], project.dir);
    const found = await project.read("out/x.json");
    expect(JSON.parse(found)).toMatchObject({ format: "confiture-snapshot" });
    await project.succeed(["snapshot", "-o", "out/x.json"]);
    expect(readdirSync(project.path("out"))).toEqual(["x.json"]);

    const dir = project.path("db/migrations");
    await killOnce(() => existsSync(dir) && readdirSync(dir).length > 0, ["migrate", "new", "a"], project.dir);
    await project.succeed(["migrate", "new", "b"]);
    for (const name of readdirSync(dir)) {
      expect(name).toMatch(/^00[12]_[ab]\.sql$/);
      expect(await Bun.file(join(dir, name)).text()).toContain("migrate:down");
    }
  });

  test.each(
    few(1, [
      ["it writes the first", /\/\.confiture-.*\.new$/],
      ["a first file is there", /^db\/migrations\/003/],
    ]),
  )("migrate generate of several migrations, killed when %s", async (_when, pattern) => {
    const from = "CREATE TABLE t (a int PRIMARY KEY, b int);\n";
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_t.sql": `-- migrate:up\n${from}-- migrate:down\nDROP TABLE t;\n`,
      "db/migrations/002_u.sql": "-- migrate:up\nCREATE TABLE u (a int);\n-- migrate:down\nDROP TABLE u;\n",
      "db/schema/t.sql": `${from}CREATE INDEX t_b ON t (b);\nCREATE TABLE u (a int, c int);\n`,
    });
    const args = ["migrate", "generate", "more", "--online"];
    const before = await contents(project.dir);
    await killOnce(() => seenIn(project, pattern), args, project.dir);
    await runHere(["config", "show"], { cwd: project.dir });
    const after = await contents(project.dir);
    // The lock stays for the next one that writes there, which takes it over.
    delete after["db/migrations/.confiture-lock"];
    const isOld = Object.keys(after).length === Object.keys(before).length;
    if (isOld) expect(after).toEqual(before);
    const again = readDocument(await runHere([...args, "--format", "json"], { cwd: project.dir }));
    expect(again).toMatchObject({ ok: true });
    // Of the new ones, all are there: nothing more is to be generated.
    expect(again["migrations"]).toHaveLength(isOld ? 2 : 0);
    expect(leftovers(project.dir)).toEqual([]);
  });
});

function seenIn(project: TemporaryProject, pattern: RegExp, before: ReadonlySet<string> = new Set()): boolean {
  return readdirSync(project.dir, { recursive: true, encoding: "utf8" }).some(
    (name) => pattern.test(name) && !before.has(name),
  );
}

function tables(count: number, type: string): string {
  return Array.from({ length: count }, (_, index) => `CREATE TABLE t${index} (a ${type});`).join(" ");
}

/** A disk of 2 MB that is nearly full, or undefined where this user may not mount one. */
async function fullDisk(leave: number): Promise<({ dir: string } & AsyncDisposable) | undefined> {
  const dir = await mkdtemp("/tmp/confiture-test-full-");
  const remove = async (): Promise<void> => {
    Bun.spawnSync(["umount", dir]);
    await rm(dir, { recursive: true, force: true });
  };
  if (!Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir]).success) {
    await remove();
    return undefined;
  }
  await mkdir(join(dir, "db", "environments"), { recursive: true });
  await Bun.write(join(dir, "db", "environments", "local.yaml"), EMBEDDED);
  const schema = Array.from({ length: 60 }, (_, index) => `CREATE TABLE t${index} (a bigint PRIMARY KEY, b text);\n`);
  await Bun.write(join(dir, "db", "schema", "t.sql"), schema.join(""));
  await Bun.write(join(dir, "out.sql"), OLD_SCRIPT);
  await Bun.write(join(dir, "out.json"), OLD_SNAPSHOT);
  const fill = `head -c $(($(df --output=avail -B1 ${dir} | tail -1) - ${leave})) /dev/zero > ${dir}/fill`;
  Bun.spawnSync(["sh", "-c", fill]);
  return { dir, [Symbol.asyncDispose]: remove };
}

const canMount = process.platform === "linux" && process.getuid?.() === 0;

describe("where there is no room, nothing changes", () => {
  const COMMANDS: readonly (readonly string[])[] = [
    ["build", "--output", "out.sql"],
    ["snapshot", "schema", "--output", "out.json"],
    ["migrate", "generate", "all"],
    ["init"],
    ["migrate", "new", "a"],
  ];
  test.skipIf(!canMount).each(COMMANDS.map((args) => [args.join(" "), args] as const))(
    "on a full disk (needs root): %s",
    async (_name, args) => {
      await using disk = await fullDisk(0);
      if (disk === undefined) return console.warn("skipped: this root may not mount");
      const before = await contents(disk.dir);
      const { exitCode, stderr } = await runHere(args, { cwd: disk.dir });
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/no space is left/) });
      expect(await contents(disk.dir)).toEqual(before);
    },
    120_000,
  );

  test.skipIf(!canMount).each([
    ["that has never been verified", []],
    ["that was verified before", ["db/environments/local.yaml", ".confiture/.gitignore"]],
  ])("on a read-only file system (needs root), verify works in a project %s", async (_name, files) => {
    await using disk = await fullDisk(1024 * 1024);
    if (disk === undefined) return console.warn("skipped: this root may not mount");
    await mkdir(join(disk.dir, "db", "migrations"));
    await Bun.write(join(disk.dir, "db", "migrations", "001_t.sql"), Bun.file(join(disk.dir, "db", "schema", "t.sql")));
    for (const file of files) await Bun.write(join(disk.dir, file), file.endsWith(".yaml") ? EMBEDDED : "*\n");
    expect(Bun.spawnSync(["mount", "-o", "remount,ro", disk.dir]).stderr.toString()).toBe("");
    const before = await contents(disk.dir);
    const { exitCode, stdout, stderr } = await runBinary(["verify"], { cwd: disk.dir });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain("✅ Schema files and migrations agree");
    // What is written for more than one file at once.
    const refused = await runBinary(["migrate", "import", "--layout", "flyway"], { cwd: disk.dir });
    expect(refused.stderr).not.toContain("defect");
    expect(await contents(disk.dir)).toEqual(before);
  });

  test.skipIf(!canMount)("on a full disk (needs root): a folder of the embedded engine", async () => {
    await using disk = await fullDisk(512 * 1024);
    if (disk === undefined) return console.warn("skipped: this root may not mount");
    await Bun.write(
      join(disk.dir, "db", "environments", "local.yaml"),
      "database:\n  engine: embedded\n  path: .confiture/local\n",
    );
    const { exitCode, stderr } = await runHere(["build"], { cwd: disk.dir });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/no space is left/) });
    expect(await Bun.file(join(disk.dir, ".confiture", ".gitignore")).text()).toBe("*\n");
    expect(readdirSync(join(disk.dir, ".confiture")).filter((name) => !/^\.gitignore$|\.lock$/.test(name))).toEqual([]);
  });

  test.skipIf(!canMount)("on a full disk (needs root): a folder that is to be hidden from git", async () => {
    await using disk = await fullDisk(0);
    if (disk === undefined) return console.warn("skipped: this root may not mount");
    const inside = "database:\n  engine: embedded\n  path: .confiture/local\n";
    await rm(join(disk.dir, "out.sql"));
    await Bun.write(join(disk.dir, "db", "environments", "local.yaml"), inside);
    Bun.spawnSync(["sh", "-c", `cat /dev/zero > ${disk.dir}/rest`], { stderr: "ignore" });
    expect((await runHere(["build"], { cwd: disk.dir })).exitCode).toBe(1);
    // Half of it would be left as it is by those who come later.
    expect(existsSync(join(disk.dir, ".confiture", ".gitignore"))).toBe(false);
  });

  test.skipIf(!canMount)("on a full disk (needs root): a database of the embedded engine that is there", async () => {
    await using disk = await fullDisk(256 * 1024);
    if (disk === undefined) return console.warn("skipped: this root may not mount");
    await Bun.write(
      join(disk.dir, "db", "environments", "local.yaml"),
      "database:\n  engine: embedded\n  path: data\n",
    );
    await mkdir(join(disk.dir, "data"));
    Bun.spawnSync(["sh", "-c", `cat /dev/zero > ${disk.dir}/rest`], { stderr: "ignore" });
    const { exitCode, stderr } = await runHere(["build"], { cwd: disk.dir });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("/data.lock cannot be used: no space is left on the disk\n  next: Free some space");
  });

  test.skipIf(!canMount)("on a full disk (needs root): a statement of the embedded engine that fills it", async () => {
    await using disk = await smallDisk(64);
    if (disk === undefined) return console.warn("skipped: this root may not mount");
    const environment = "database:\n  engine: embedded\n  path: data\n";
    await Bun.write(join(disk.path, "db", "environments", "local.yaml"), environment);
    const sql = "CREATE TABLE t AS SELECT g, repeat(md5(g::text), 10) FROM generate_series(1, 300000) AS g";
    const { exitCode, stderr } = await runHere(["db", "sql", sql], { cwd: disk.path });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/No space left on device/) });
    expect(stderr).toMatch(/broke down[^]*next: The disk is full: free some space/);
    expect(stderr).not.toContain("nests deeper");
    expect(disk.resize(128)).toBe(true);
    const again = await runHere(["db", "sql", "SELECT to_regclass('t') IS NULL AS gone"], { cwd: disk.path });
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(" t") });
  });

  test.skipIf(!canMount)(
    "on a full disk (needs root): export",
    async () => {
      await using project = await cliProject();
      await project.query(tables(60, "int"));
      await using disk = await fullDisk(64 * 1024);
      if (disk === undefined) return console.warn("skipped: this root may not mount");
      const before = await contents(disk.dir);
      const args = ["export", "--force", "--database-url", project.url];
      const { exitCode, stderr } = await project.run(args, { cwd: disk.dir });
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/no space is left/) });
      expect(await contents(disk.dir)).toEqual(before);
    },
    120_000,
  );

  test.each([COMMANDS[0]!, COMMANDS[1]!].map((args) => [args.join(" "), args] as const))(
    "where a file may not be so large: %s",
    async (_name, args) => {
      const schema = Array.from(
        { length: 300 },
        (_, index) => `CREATE TABLE t${index} (a bigint PRIMARY KEY, b text);\n`,
      );
      await using project = await temporaryProject({
        "db/environments/local.yaml": EMBEDDED,
        "db/schema/t.sql": schema.join(""),
        "out.sql": OLD_SCRIPT,
        "out.json": OLD_SNAPSHOT,
      });
      const before = await contents(project.dir);
      const { exitCode, stderr } = await runBinary(["-c", 'ulimit -f 8; exec "$0" "$@"', await binaryPath(), ...args], {
        binary: "/bin/sh",
        cwd: project.dir,
      });
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/larger than a file may be/) });
      expect(await contents(project.dir)).toEqual(before);
    },
    120_000,
  );
});

async function binaryPath(): Promise<string> {
  await builtBinary();
  const { BINARY } = await import("../support/cli.ts");
  return BINARY;
}

describe("init repairs what it finds empty", () => {
  test("as a killed command left it", async () => {
    await using project = await temporaryProject({ "db/environments/local.yaml": "", ".gitignore": "" });
    const result = await runHere(["init", "--embedded"], { cwd: project.dir });
    expect(result).toMatchObject({ exitCode: 0 });
    expect(await project.read("db/environments/local.yaml")).toContain("embedded");
  });
});

describe("temporary folders", () => {
  let dir = "";
  beforeAll(async () => {
    dir = await mkdtemp("/tmp/confiture-test-tmp-");
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test("of a killed command go with the next, those of a living one stay", async () => {
    await using project = await executableProject({ "db/schema/t.sql": "CREATE TABLE t (a int);\n" });
    const env = { TMPDIR: dir };
    const args = ["migrate", "generate", "a", "--scratch", "embedded"];
    const killed = await startBinary(args, { cwd: project.dir, env });
    await until(() => readdirSync(dir).length > 0);
    killed.process.kill("SIGSTOP");
    const [folder] = readdirSync(dir);
    await project.succeed(["config", "show"], { env });
    expect(readdirSync(dir)).toEqual([folder!]);
    killed.process.kill("SIGKILL");
    await killed.result;
    await project.succeed(["config", "show"], { env });
    expect(readdirSync(dir)).toEqual([]);
  });

  const USERS: readonly (readonly string[])[] = [
    ["migrate", "generate", "a", "--from", "git:HEAD"],
    ["diff", "git:HEAD", "schema"],
    ["export", "--force"],
    ["migrate", "base"],
  ];
  test.each(
    few(
      3,
      USERS.map((args) => [args.join(" "), args] as const),
    ),
  )("cannot be made, which is said: %s", async (_name, args) => {
    await using project = await executableProject({ "db/schema/t.sql": "CREATE TABLE t (a int);\n" });
    await project.query("CREATE TABLE t (a int)");
    commitAll(project, "first");
    const before = await contents(project.path("db"));
    for (const TMPDIR of ["/nowhere/at/all", "/etc/hostname"]) {
      const result = await project.run([...args, "--format", "json"], { env: { TMPDIR } });
      const { error } = readDocument(result);
      expect(error).toMatchObject({ code: "file_unreadable", hint: expect.stringContaining("TMPDIR") });
      expect(error?.message).toContain(TMPDIR);
    }
    expect(await contents(project.path("db"))).toEqual(before);
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(1);
}

describe("what is no file is named at once", () => {
  const FIFOS: readonly (readonly [string, string, readonly string[]])[] = [
    ["a schema file", "db/schema/z.sql", ["build", "--dry-run"]],
    [".env", ".env", ["config", "show"]],
    ["an environment file", "db/environments/local.yaml", ["config", "show"]],
    ["a migration", "db/migrations/001_a.sql", ["migrate", "up"]],
    ["a TypeScript migration", "db/migrations/001_a.ts", ["migrate", "up"]],
    ["a snapshot", "s.json", ["diff", "s.json", "empty"]],
    ["fixtures", "db/fixtures/f.sql", ["migrate", "test"]],
    [".gitignore", ".gitignore", ["init"]],
  ];
  test.each(FIFOS)("a FIFO as %s", async (_what, path, args) => {
    await using project = await temporaryProject({
      "db/schema/a.sql": "CREATE TABLE t (a int);\n",
      ...(path === "db/environments/local.yaml"
        ? { "db/environments/x.yaml": EMBEDDED }
        : { "db/environments/local.yaml": EMBEDDED }),
      ...(path.startsWith("db/migrations") ? {} : { "db/migrations/001_a.sql": "CREATE TABLE t (a int);\n" }),
    });
    await mkdir(join(project.path(path), ".."), { recursive: true });
    Bun.spawnSync(["mkfifo", project.path(path)]);
    const { exitCode, stderr } = await runBinary([...args], { cwd: project.dir, timeout: 60_000 });
    expect({ exitCode, stderr }).toEqual({ exitCode: 4, stderr: expect.stringContaining("no regular file") });
    expect(stderr).toContain(path);
  });

  test("a password file is passed over with a warning, as by psql", async () => {
    await using project = await executableProject();
    Bun.spawnSync(["mkfifo", project.path("pass")]);
    const result = await project.run(["migrate", "status"], { env: { PGPASSFILE: project.path("pass") } });
    expect(result.exitCode).toBe(1);
  });
});
