import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { executableProject } from "../cli/project.ts";
import { BINARY, builtBinary, type RunResult } from "../support/cli.ts";
import { temporaryProject } from "../support/project.ts";
import { canMakeRoots, copyInto, librariesOf, runInRoot } from "../support/roots.ts";

const MIGRATION = `import { Migration } from "confiture";
import { COLUMN } from "./column.ts";
export default class AddBio extends Migration {
  up() { this.execute(\`ALTER TABLE users ADD \${COLUMN} text\`); }
  down() { this.execute(\`ALTER TABLE users DROP \${COLUMN}\`); }
}
`;
const FILES = {
  "db/schema/users.sql": "CREATE TABLE users (id uuid PRIMARY KEY DEFAULT gen_random_uuid());\n",
  "db/migrations/001_add_bio.ts": MIGRATION,
  "db/migrations/column.ts": 'export const COLUMN = "bio";\n',
};

/** A root folder that holds the C library and the executable, and nothing else to fall back on. */
describe.skipIf(!canMakeRoots())("alone in a folder with the C library (Linux, needs root)", () => {
  let root = "";
  let top: string[] = [];
  beforeAll(async () => {
    await builtBinary();
    root = await mkdtemp("/tmp/confiture-root-");
    const libraries = librariesOf(BINARY);
    expect(libraries.length).toBeGreaterThan(1);
    await copyInto(root, libraries);
    top = libraries.map((path) => path.split("/")[1]!);
    await copyFile(BINARY, join(root, "confiture"));
    await chmod(join(root, "confiture"), 0o755);
    for (const name of ["project", "proc", "tmp"]) await mkdir(join(root, name));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const run = (...args: string[]): Promise<RunResult> =>
    runInRoot(root, ["/confiture", "-C", "/project", ...args], { home: "/" });

  test("it starts", async () => {
    expect(await run("--version")).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Confiture version") });
    expect(await run("build", "--help")).toMatchObject({ exitCode: 0 });
  });

  test("it builds and migrates on a server, from TypeScript too", async () => {
    await using elsewhere = await executableProject();
    for (const [path, content] of Object.entries(FILES)) await Bun.write(join(root, "project", path), content);
    const url = ["--database-url", elsewhere.url];
    expect(await run("build", ...url)).toMatchObject({ exitCode: 0 });
    expect(await run("migrate", "up", ...url)).toMatchObject({ exitCode: 0 });
    expect(await elsewhere.query("SELECT bio FROM users")).toEqual([]);
    expect(await run("migrate", "status", ...url)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("✅ 001_add_bio"),
    });
    await rm(join(root, "project", "db"), { recursive: true });
  });

  test("it carries PostgreSQL: init, build, migrate, extensions, status", async () => {
    expect(await run("init", "--embedded")).toMatchObject({ exitCode: 0 });
    await Bun.write(
      join(root, "project/db/schema/00_extensions.sql"),
      'CREATE EXTENSION IF NOT EXISTS "uuid-ossp";\nCREATE EXTENSION IF NOT EXISTS btree_gist;\n',
    );
    await Bun.write(join(root, "project/db/migrations/001_add_bio.ts"), MIGRATION);
    await Bun.write(join(root, "project/db/migrations/column.ts"), FILES["db/migrations/column.ts"]);
    for (const args of [["build"], ["migrate", "up"], ["migrate", "redo"]]) {
      const result = await run(...args);
      expect({ args, ...result }).toMatchObject({ exitCode: 0 });
    }
    const status = await run("migrate", "status");
    expect(status.stdout).toContain("✅ 001_add_bio");
  });

  test("it left nothing outside the project", async () => {
    const expected = ["confiture", "proc", "project", "tmp", ...top];
    expect((await readdir(root)).toSorted()).toEqual([...new Set(expected)].toSorted());
    expect(await readdir(join(root, "tmp"))).toEqual([]);
  });
});

describe("a hostile working directory", () => {
  const marker = "was-executed";
  const write = `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "yes");\n`;
  const HOSTILE = {
    ...FILES,
    "bunfig.toml": `preload = ["./hostile.ts"]\n[run]\npreload = ["./hostile.ts"]\n`,
    "hostile.ts": write,
    "hostile.cjs": write,
    "package.json": JSON.stringify({
      name: "victim",
      type: "commonjs",
      imports: { "#cli/*": "./hostile.ts", "#errors/*": "./hostile.ts" },
      exports: "./hostile.ts",
    }),
    "tsconfig.json": JSON.stringify({
      compilerOptions: { paths: { confiture: ["./hostile.ts"], "*": ["./hostile.ts"] } },
    }),
    "node_modules/confiture/package.json": JSON.stringify({ name: "confiture", main: "index.js" }),
    "node_modules/confiture/index.js": write,
    "node_modules/postgres/package.json": JSON.stringify({ name: "postgres", main: "index.js" }),
    "node_modules/postgres/index.js": write,
    "confiture.config.ts": write,
    ".env.local": "CONFITURE_DATABASE_URL=postgres://nobody@127.0.0.1:1/nowhere\n",
    ".env.production": "CONFITURE_DATABASE_URL=postgres://nobody@127.0.0.1:1/nowhere\n",
  };

  test("nothing in it is executed, whatever is run there", async () => {
    await using project = await executableProject(HOSTILE);
    const commands = [["--version"], ["build"], ["migrate", "up"], ["migrate", "status"], ["config", "show"], ["init"]];
    for (const args of commands) {
      expect({ args, ...(await project.run(args)) }).toMatchObject({ exitCode: 0 });
      expect(existsSync(project.path(marker))).toBeFalse();
    }
    expect(await project.query("SELECT bio FROM users")).toEqual([]);
  });

  test("nor by NODE_OPTIONS, which are another program's", async () => {
    await using project = await executableProject(HOSTILE);
    const env = { NODE_OPTIONS: `--require ${project.path("hostile.cjs")}` };
    expect((await project.succeed(["migrate", "status"], { env })).stdout).toBe("⏳ 001_add_bio (pending)\n");
    expect(existsSync(project.path(marker))).toBeFalse();
  });

  test(".env gives values to the configuration, and nothing else", async () => {
    await using project = await executableProject(FILES);
    await using there = await temporaryProject({
      ...FILES,
      ".env": `DATABASE_URL='${project.url}'\nNO_COLOR=\nTZ=Asia/Tokyo\nHOME=/nowhere\n`,
      "db/environments/local.yaml": "database: ${DATABASE_URL}\n",
    });
    expect(await project.run(["build"], { cwd: there.dir })).toMatchObject({ exitCode: 0 });
    await project.succeed(["migrate", "up"], { cwd: there.dir });
    // The time zone of the process is its own: a .env that could change it could change PATH as well.
    const [row] = await project.query(
      "SELECT to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS time FROM confiture_migrations",
    );
    expect((await project.succeed(["migrate", "status"], { cwd: there.dir })).stdout).toBe(
      `✅ 001_add_bio (applied ${String(row?.["time"])})\n`,
    );
    // A real variable wins.
    const elsewhere = await project.run(["migrate", "status"], {
      cwd: there.dir,
      env: { DATABASE_URL: "postgres://x@127.0.0.1:1/y" },
    });
    expect(elsewhere.exitCode).toBe(5);
    // Only the project's own counts, not the working directory's.
    await there.write("inner/.env", "DATABASE_URL=postgres://x@127.0.0.1:1/y\n");
    await project.succeed(["-C", "..", "migrate", "status"], { cwd: there.path("inner") });
  });
});
