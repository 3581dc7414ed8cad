import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareEmbeddedAssets } from "../../src/database/embedded/prepare.ts";

const ROOT = join(import.meta.dir, "..", "..");
/** All that compiling reads. */
const SOURCES = [
  "src",
  "scripts/patch-planner.ts",
  "scripts/planner",
  "scripts/compile.ts",
  "scripts/deafen.ts",
  "scripts/release-macho.ts",
  "scripts/slim.ts",
  "tests/support/embedded-entry.ts",
  "package.json",
  "tsconfig.json",
  ".cache/embedded",
  "node_modules/@electric-sql/pglite",
  "node_modules/@pgsql/types",
  "node_modules/libpg-query",
  "node_modules/postgres",
];

let workshop: string;
let empty: string;
let program: string;

/**
 * Compiles a program in a copy of the project that is gone afterwards: what the executable does not carry,
 * it cannot find.
 */
beforeAll(async () => {
  await prepareEmbeddedAssets();
  workshop = await mkdtemp(join(await realpath(tmpdir()), "confiture-binary-"));
  empty = join(workshop, "empty");
  program = join(workshop, "program");
  const project = join(workshop, "project");
  await mkdir(empty);
  for (const path of SOURCES) await cp(join(ROOT, path), join(project, path), { recursive: true });
  const compile = Bun.spawn(
    [
      process.execPath,
      join(project, "scripts", "compile.ts"),
      `--entry=${join(project, "tests", "support", "embedded-entry.ts")}`,
      `--outfile=${program}`,
    ],
    { cwd: project, stdout: "inherit", stderr: "inherit" },
  );
  expect(await compile.exited).toBe(0);
  await rm(project, { recursive: true });
});

afterAll(() => rm(workshop, { recursive: true, force: true }));

async function run(...args: string[]): Promise<string> {
  const child = Bun.spawn([program, ...args], {
    cwd: empty,
    env: { HOME: empty, TMPDIR: tmpdir() },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect({ exitCode: await child.exited, err }).toEqual({ exitCode: 0, err: "" });
  return out;
}

describe("the executable alone", () => {
  test("runs PostgreSQL in memory", async () => {
    expect(await run("-", "query", "SELECT current_setting('server_version_num')::int / 10000 AS major")).toBe(
      '[{"major":18}]\n',
    );
  });

  test("keeps a database in a folder, extensions included", async () => {
    await run(
      "kept/local",
      "query",
      "CREATE EXTENSION btree_gist",
      'CREATE EXTENSION "uuid-ossp"',
      "CREATE TABLE t AS SELECT uuid_nil() AS id",
    );
    expect(await run("kept/local", "query", "SELECT id FROM t")).toBe(
      '[{"id":"00000000-0000-0000-0000-000000000000"}]\n',
    );
  });

  test("carries PostgreSQL's parser", async () => {
    expect(await run("-", "parse", "CREATE TABLE t (a int)")).toBe("CreateStmt\n");
  });

  test("runs and reads nothing of the folder it is started in", async () => {
    await writeFile(join(empty, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
    await writeFile(join(empty, "preload.ts"), "console.log('preloaded');\n");
    await writeFile(join(empty, ".env"), "FROM_ENV_FILE=1\n");
    expect(await run("-", "environment", "FROM_ENV_FILE")).toBe("unset\n");
  });

  test("does not know where it was made", async () => {
    const bytes = await readFile(program);
    expect(bytes.includes(workshop)).toBe(false);
    expect(bytes.includes(ROOT)).toBe(false);
  });
});
