import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { executableProject, type CliProject } from "../cli/project.ts";
import { readDocument } from "../cli/document.ts";
import { BINARY, builtBinary, type RunOptions, type RunResult } from "../support/cli.ts";
import { few, long } from "../support/long.ts";
import { AS_ORDINARY_USER } from "../support/postgres-binaries.ts";

const FILES = {
  "db/schema/10_tables/users.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
  "db/migrations/001_add_bio.ts": `import { Migration } from "confiture";
import { COLUMN } from "./column.ts";
export default class AddBio extends Migration {
  up() { this.execute(\`ALTER TABLE users ADD \${COLUMN} text\`); }
  down() { this.execute(\`ALTER TABLE users DROP \${COLUMN}\`); }
}
`,
  "db/migrations/column.ts": 'export const COLUMN = "bio";\n',
};

/** The executable where an ordinary user can reach it, which a checkout below /root is not. */
let folder = "";
let binary = "";
beforeAll(async () => {
  await builtBinary();
  folder = await mkdtemp("/tmp/confiture-binary-");
  await chmod(folder, 0o755);
  binary = join(folder, "confiture");
  await copyFile(BINARY, binary);
  await chmod(binary, 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs it as somebody who owns nothing here. When the tests run as such a user themselves, that is this one. */
function runAsOrdinaryUser(project: CliProject, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...rest] = [...AS_ORDINARY_USER, binary, ...args];
  return project.run(rest, { ...options, binary: program! });
}

/** Lets everybody read a project, and nobody write. */
async function makeReadOnly(project: CliProject): Promise<void> {
  await chmod(join(project.dir, ".."), 0o755);
  for (const entry of await readdir(project.dir, { recursive: true, withFileTypes: true })) {
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o555 : 0o444);
  }
  await chmod(project.dir, 0o555);
}

async function makeWritable(project: CliProject): Promise<void> {
  await chmod(project.dir, 0o755);
  for (const entry of await readdir(project.dir, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755);
  }
}

test("as an ordinary user, in a folder nobody may write", async () => {
  await using project = await executableProject(FILES);
  await makeReadOnly(project);
  const ok = async (...args: string[]): Promise<string> => {
    const result = await runAsOrdinaryUser(project, args);
    expect({ args, ...result }).toMatchObject({ exitCode: 0 });
    return result.stdout;
  };
  await ok("build");
  await ok("migrate", "up");
  expect(await ok("migrate", "status")).toContain("✅ 001_add_bio");
  await ok("migrate", "down");
  expect(await ok("build", "--output", "-")).toContain("CREATE TABLE users");

  const files = async (): Promise<string[]> => (await readdir(project.dir, { recursive: true })).toSorted();
  const before = await files();
  for (const args of [
    ["init", "--force"],
    ["migrate", "new", "next"],
    ["build", "--output", "schema.sql"],
  ]) {
    const result = await runAsOrdinaryUser(project, [...args, "--format", "json"]);
    expect(readDocument(result)).toMatchObject({ ok: false, exitCode: 1, error: { code: "file_unreadable" } });
    expect(result.stdout).toMatch(/permission denied|EACCES|EROFS/i);
  }
  expect(await files()).toEqual(before);
  await makeWritable(project);
});

test("a file that cannot be read", async () => {
  await using project = await executableProject(FILES);
  await makeReadOnly(project);
  await chmod(project.path("db/schema/10_tables/users.sql"), 0o000);
  await chmod(project.path("db/migrations/001_add_bio.ts"), 0o000);
  const before = await project.snapshot();
  for (const [args, file] of [
    [["build"], "db/schema/10_tables/users.sql"],
    [["migrate", "up"], "db/migrations/001_add_bio.ts"],
  ] as const) {
    const result = await runAsOrdinaryUser(project, args);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain(file);
    const json = readDocument(await runAsOrdinaryUser(project, [...args, "--format", "json"]));
    expect(json).toMatchObject({ error: { code: "file_unreadable" } });
  }
  await chmod(project.path("db/environments/local.yaml"), 0o000);
  const result = await runAsOrdinaryUser(project, ["build", "--format", "json"]);
  expect(readDocument(result)).toMatchObject({ exitCode: 4, error: { code: "config_unreadable" } });
  expect(await project.snapshot()).toBe(before);
  await makeWritable(project);
});

test("without a home folder and with an empty environment", async () => {
  await using project = await executableProject(FILES);
  await chmod(join(project.dir, ".."), 0o755);
  const env = { HOME: "/nonexistent", PATH: "", USER: "" };
  const asSomebody = AS_ORDINARY_USER.map((word) => (word === "setpriv" ? Bun.which(word)! : word));
  const [program, ...rest] = [...asSomebody, binary, "migrate", "status"];
  const result = await project.run(rest, { binary: program, env });
  expect(result).toMatchObject({ exitCode: 0, stdout: "⏳ 001_add_bio (pending)\n" });
});

describe("paths", () => {
  test.each(
    few(2, ["with space", "Zürich – 日本 🍓", 'quote\'d "and" $HOME `id`', "-dash", "percent%20 #hash [x] {y} *"]),
  )("a project folder named %s", async (name) => {
    await using project = await executableProject(
      { ...FILES, "db/schema/20_ünïcode/größe ✓.sql": "CREATE TABLE größe (id int);\n" },
      { name },
    );
    await project.succeed(["build"]);
    await project.succeed(["migrate", "up"]);
    expect(await project.query("SELECT bio FROM users")).toEqual([]);
    await project.write("db/schema/20_ünïcode/zz.sql", "SELECT 1;\nSELECT nöpe;\n");
    const failed = await project.run(["build", "--fresh"]);
    expect(failed.stderr).toContain("--> db/schema/20_ünïcode/zz.sql:2:8\n");
    expect(failed.stderr).toContain("2 | SELECT nöpe;\n  |        ^\n");
  });

  test("one that TypeScript cannot be loaded from says so", async () => {
    await using project = await executableProject(FILES, { name: "really?" });
    await project.succeed(["build"]);
    const result = await project.run(["migrate", "up", "--format", "json"]);
    expect(readDocument(result)).toMatchObject({ ok: false, error: { code: "migration_invalid" } });
    expect(result.stdout).toContain("really?");
  });

  test("-C, from anywhere, absolute and relative", async () => {
    await using project = await executableProject(FILES, { name: "with space" });
    for (const [cwd, dir] of [
      ["/", project.dir],
      [join(project.dir, ".."), "with space"],
      [join(project.dir, "db", "schema"), "../.."],
    ] as const) {
      for (const flag of [["-C", dir], [`--project-dir=${dir}`]]) {
        const status = await project.succeed([...flag, "migrate", "status"], { cwd });
        expect(status.stdout).toBe("⏳ 001_add_bio (pending)\n");
      }
    }
    const written = await project.succeed(["build", "-C", project.dir, "--output", "schema.sql"], { cwd: "/" });
    expect(written.stderr).toContain("Wrote schema.sql");
    expect(await project.read("schema.sql")).toContain("CREATE TABLE users");
  });
});

describe("standard streams", () => {
  /** Runs a line of sh; `$0` is the executable. */
  const shell = async (project: CliProject, line: string): Promise<RunResult> => {
    const result = await project.run(["-c", line, BINARY], { binary: "/bin/sh" });
    return result;
  };

  long("closed, empty or endless: nothing reads it", async () => {
    await using project = await executableProject(FILES);
    for (const stdin of ["<&-", "< /dev/null", "< /dev/zero"]) {
      expect(await shell(project, `"$0" build ${stdin}`)).toMatchObject({ exitCode: 0 });
      await project.query("DROP TABLE users");
    }
    // What asks for a word on a terminal has to fail without one, not wait.
    await project.write(
      "db/environments/precious.yaml",
      `${await project.read("db/environments/local.yaml")}protected: true\n`,
    );
    expect(await shell(project, `"$0" build --fresh -e precious <&-`)).toMatchObject({ exitCode: 2, stdout: "" });
  });

  test("standard output and error closed", async () => {
    await using project = await executableProject(FILES);
    expect(await shell(project, `"$0" build >&-; echo "exit $?" >&2`)).toMatchObject({
      stderr: expect.stringMatching(
        /The command succeeded, but its output could not be written to standard output: it is closed\n[^]*exit 1/,
      ),
    });
    expect(await shell(project, `"$0" migrate up 2>&-`)).toMatchObject({ exitCode: 0 });
    expect(await shell(project, `"$0" migrate status <&- >&- 2>&-`)).toMatchObject({ exitCode: 1 });
    expect(await shell(project, `"$0" migrate status --format json >&-`)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("could not be written to standard output"),
    });
  });

  test.if(process.platform === "linux")(
    "standard output on a full disk: the work is done, and the loss is told",
    async () => {
      await using project = await executableProject(FILES);
      await project.succeed(["build"]);
      const up = await shell(project, `"$0" migrate up > /dev/full`);
      expect(up).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(
          "The command succeeded, but its output could not be written to standard output: no space",
        ),
      });
      expect(await project.query("SELECT version FROM confiture_migrations")).toEqual([{ version: "001" }]);
      await project.write("db/environments/inside.yaml", 'database:\n  engine: embedded\n  path: ":memory:"\n');
      for (const environment of ["local", "inside"]) {
        const sql = await shell(
          project,
          `"$0" db sql -e ${environment} "SELECT generate_series(1, 30000)" > /dev/full`,
        );
        expect(sql).toMatchObject({
          exitCode: 1,
          stderr: expect.stringMatching(/output could not be written to standard output: no space/),
        });
      }
    },
  );
});

describe.if(process.platform === "linux")("few open files are enough", () => {
  const limited = (project: CliProject, limit: number, args: string): Promise<RunResult> =>
    project.run(["-c", `ulimit -n ${limit}; exec "$0" ${args}`, BINARY], { binary: "/bin/sh" });
  const hundred = Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [`db/schema/t${n}.sql`, `CREATE TABLE t${n} (id int PRIMARY KEY);\n`]),
  );

  test("64 for a hundred files and a server", async () => {
    await using project = await executableProject({ ...FILES, ...hundred });
    for (const args of ["migrate status", "build", "migrate up", "snapshot --output s.json"])
      expect(await limited(project, 64, args)).toMatchObject({ exitCode: 0 });
  });

  long("128 for a hundred tables in an embedded folder; with fewer nothing begins, and it is said", async () => {
    await using project = await executableProject({
      ...FILES,
      ...hundred,
      "db/environments/local.yaml": "database:\n  engine: embedded\n",
    });
    expect(await limited(project, 64, "build")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/may open only 64 files at once\n +next: .*ulimit -n 1024/),
    });
    expect(await readdir(project.dir)).not.toContain(".confiture");
    for (const args of ["build", "migrate up"])
      expect(await limited(project, 128, args)).toMatchObject({ exitCode: 0 });
  });
});
