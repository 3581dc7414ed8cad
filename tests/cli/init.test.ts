import { describe, expect, test } from "bun:test";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { runHere } from "../support/in-process.ts";
import type { RunResult } from "../support/cli.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";
import { cliProject } from "./project.ts";

const WRITTEN = [
  ".gitignore",
  "db/environments/local.yaml",
  "db/migrations/base.sql",
  "db/migrations/confiture.d.ts",
  "db/migrations/tsconfig.json",
  "db/schema/10_tables/users.sql",
];

async function filesOf(project: TemporaryProject): Promise<string[]> {
  const entries = await readdir(project.dir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return paths.map((path) => path.slice(project.dir.length + 1)).toSorted();
}

describe("a new project works at once", () => {
  test("on a server: init, build, migrate new, up, down", async () => {
    await using elsewhere = await cliProject();
    await using project = await temporaryProject();
    const run = async (...args: string[]): Promise<string> => {
      const result = await elsewhere.succeed(args, {
        cwd: project.dir,
        env: { CONFITURE_DATABASE_URL: elsewhere.url },
      });
      return result.stdout;
    };
    await run("init");
    expect(await filesOf(project)).toEqual(WRITTEN);
    expect(await run("build")).toStartWith("✅ Schema built successfully");
    expect(await elsewhere.query("SELECT email, display_name FROM users")).toEqual([]);
    expect(await run("migrate", "new", "add user bio")).toBe("✅ Created db/migrations/001_add_user_bio.sql\n");
    expect(await run("migrate", "new", "add user age", "--ts")).toBe("✅ Created db/migrations/002_add_user_age.ts\n");
    expect(await run("migrate", "status")).toBe("⏳ 001_add_user_bio (pending)\n⏳ 002_add_user_age (pending)\n");
    await project.write(
      "db/migrations/001_add_user_bio.sql",
      (await project.read("db/migrations/001_add_user_bio.sql"))
        .replace("-- migrate:up\n", "-- migrate:up\nALTER TABLE users ADD bio text;")
        .replace("-- migrate:down\n", "-- migrate:down\nALTER TABLE users DROP bio;"),
    );
    const typescript = await project.read("db/migrations/002_add_user_age.ts");
    await project.write(
      "db/migrations/002_add_user_age.ts",
      typescript
        .replace("execute(``)", "execute(`ALTER TABLE users ADD age int`)")
        .replace("execute(``)", "execute(`ALTER TABLE users DROP age`)"),
    );
    expect(await run("migrate", "up")).toMatch(/^✅ Migration 001_[^]*\n✅ Migration 002_.*\n$/);
    await elsewhere.query("SELECT bio, age FROM users");
    await run("migrate", "down", "--to", "0");
    await run("migrate", "up");
  });

  test("without a server: init --embedded, build, migrate new, up, status", async () => {
    await using project = await temporaryProject();
    const run = async (...args: string[]): Promise<RunResult> => {
      const result = await runHere(args, { cwd: project.dir });
      expect({ args, ...result }).toMatchObject({ exitCode: 0 });
      return result;
    };
    await run("init", "--embedded");
    expect(await filesOf(project)).toEqual(WRITTEN);
    await run("build");
    await run("migrate", "new", "add_user_bio");
    await project.write("db/migrations/001_add_user_bio.sql", "ALTER TABLE users ADD bio text;\n");
    expect((await run("migrate", "up")).stdout).toContain("001_add_user_bio applied successfully");
    expect((await run("migrate", "status")).stdout).toContain("✅ 001_add_user_bio (applied ");
    // What git is told to leave out is what the engine keeps there.
    expect(await readdir(project.path(".confiture"))).not.toEqual([]);
    expect(await project.read(".gitignore")).toContain(".confiture/\n");
  });

  test("in a folder that is made for it", async () => {
    await using project = await temporaryProject();
    const { exitCode } = await runHere(["init", "-C", "new/deep project"], { cwd: project.dir });
    expect(exitCode).toBe(0);
    expect(await filesOf(project)).toEqual(WRITTEN.map((path) => `new/deep project/${path}`));
    const yaml = await project.read("new/deep project/db/environments/local.yaml");
    expect(yaml).toContain("\n  database: deep_project\n");
  });

  test("as the environment that is named", async () => {
    await using project = await temporaryProject();
    const { exitCode, stderr } = await runHere(["init", "--embedded", "-e", "ci"], { cwd: project.dir });
    expect(exitCode).toBe(0);
    expect(stderr).toContain("  confiture build -e ci\n");
    const shown = await runHere(["config", "show", "-e", "ci"], { cwd: project.dir });
    expect(shown).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/\.confiture\/ci/) });
    expect((await runHere(["init", "-e", "../x"], { cwd: project.dir })).exitCode).toBe(2);
  });

  test("the environment it writes loads, for a server and embedded", async () => {
    for (const flags of [[], ["--embedded"]]) {
      await using project = await temporaryProject();
      await runHere(["init", ...flags], { cwd: project.dir });
      const { exitCode, stderr } = await runHere(["config", "show"], { cwd: project.dir });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      // Its commented-out settings are settings: with the comment signs away they load as well.
      const yaml = await project.read("db/environments/local.yaml");
      const settings = yaml.replaceAll(/^# (migrations:|  |protected:)/gm, "$1");
      expect(settings).not.toBe(yaml);
      await project.write("db/environments/local.yaml", settings);
      expect(await runHere(["config", "show"], { cwd: project.dir })).toMatchObject({ exitCode: 0, stderr: "" });
    }
  });
});

describe("files that exist", () => {
  test("what a kept environment says of its folders is looked at, and a server stays one", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": "database:\n  host: localhost\nmigrations:\n  dir: migrations\n",
      "migrations/001_users.sql": "CREATE TABLE users (id int);\n",
    });
    const { exitCode, stdout, stderr } = await runHere(["init", "--embedded"], { cwd: project.dir });
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain("db/migrations");
    expect(stdout).not.toContain("users.sql");
    expect(stdout).toContain("created   migrations/confiture.d.ts");
    expect(stderr).toContain("--embedded had no effect: db/environments/local.yaml was kept");
    // With migrations alone there is nothing to build.
    expect(stderr).not.toContain("confiture build");
    expect(stderr).toContain("  confiture migrate status\n  confiture migrate up\n  confiture migrate new NAME\n");
    expect(stderr).not.toContain("ALTER TABLE");
  });

  test("are kept, and twice is as good as once", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": "# mine\n",
      ".gitignore": "node_modules/\n.env",
    });
    const first = await runHere(["init"], { cwd: project.dir });
    expect(first.stdout).toContain("kept      db/environments/local.yaml\n");
    expect(await project.read("db/environments/local.yaml")).toBe("# mine\n");
    expect(await project.read(".gitignore")).toBe("node_modules/\n.env\n.confiture/\n*.bak*\n");
    await project.write("db/schema/10_tables/users.sql", "-- mine\n");
    const second = await runHere(["init"], { cwd: project.dir });
    expect(second.exitCode).toBe(0);
    expect(second.stdout).not.toContain("created");
    expect(await project.read("db/schema/10_tables/users.sql")).toBe("-- mine\n");
    expect(await project.read(".gitignore")).toBe("node_modules/\n.env\n.confiture/\n*.bak*\n");
    expect(await filesOf(project)).toEqual(WRITTEN);
  });

  test("--force replaces them and keeps each as .bak", async () => {
    await using project = await temporaryProject({ "db/environments/local.yaml": "# mine\n" });
    const { exitCode, stdout } = await runHere(["init", "--force"], { cwd: project.dir });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("db/environments/local.yaml.bak");
    expect(await project.read("db/environments/local.yaml.bak")).toBe("# mine\n");
    expect(await project.read("db/environments/local.yaml")).toContain("host: localhost");
    expect(await filesOf(project)).toEqual([...WRITTEN, "db/environments/local.yaml.bak"].toSorted());
  });

  test("--force never writes over an older .bak", async () => {
    await using project = await temporaryProject();
    for (const content of ["# first\n", "# second\n"]) {
      await project.write("db/environments/local.yaml", content);
      expect((await runHere(["init", "--force"], { cwd: project.dir })).exitCode).toBe(0);
    }
    const files = (await filesOf(project)).filter((path) => path.includes("local.yaml."));
    const contents = await Promise.all(files.map((path) => project.read(path)));
    expect(contents.toSorted()).toEqual(["# first\n", "# second\n"]);
  });
});

/** The whole API, as an author would use it. */
const SAMPLE = `import { Migration } from "confiture";
import { names } from "./names.ts";

interface User { id: number; email: string }

export default class UseEverything extends Migration {
  override version = "001";
  override name = "use_everything";
  override transaction = false;

  override async up() {
    this.execute("SELECT 1");
    await this.execute("SELECT $1::int", [1]);
    const users = await this.query<User>("SELECT id, email FROM users WHERE id > $1", [0]);
    const emails: string[] = users.map((user) => user.email);
    const rows = await this.query("SELECT 1 AS one");
    const one: unknown = rows[0]?.["one"];
    await this.executeFile("extra.sql");
    void [emails, one, names];
  }

  override down(): void {
    this.execute("SELECT 1");
  }
}
`;

/** Type-checks the project as an editor would, with its own tsconfig.json. */
async function typeCheck(project: TemporaryProject): Promise<string> {
  const tsc = [
    join(ROOT, "node_modules", ".bin", "tsc"),
    "-p",
    project.path("db/migrations/tsconfig.json"),
    "--pretty",
    "false",
  ];
  const child = Bun.spawn(tsc, { cwd: project.dir, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return stdout + stderr;
}

describe("an editor knows what migrations are made of", () => {
  test("a migration that uses everything is right, and runs", async () => {
    await using elsewhere = await cliProject();
    await using project = await temporaryProject();
    await runHere(["init"], { cwd: project.dir });
    await project.write("db/migrations/001_use_everything.ts", SAMPLE);
    await project.write("db/migrations/names.ts", 'export const names: readonly string[] = ["a"];\n');
    await project.write("db/migrations/extra.sql", "INSERT INTO users (id, email) VALUES (2, 'b');\n");
    expect(await typeCheck(project)).toBe("");
    await elsewhere.query("CREATE TABLE users (id int, email text)");
    await elsewhere.succeed(["migrate", "up", "--database-url", elsewhere.url], { cwd: project.dir });
    expect(await elsewhere.query("SELECT id FROM users")).toEqual([{ id: 2 }]);
  });

  test.each([
    ["without up()", 'import { Migration } from "confiture";\nexport default class A extends Migration {}\n', "up"],
    ["a method that is none", SAMPLE.replace("this.executeFile", "this.runFile"), "runFile"],
    ["a column that is none", SAMPLE.replace("user.email", "user.mail"), "mail"],
    ["an up() that is a value", SAMPLE.replace("override async up() {", "override up = 1; async x() {"), "up"],
    ["a version that is a number", SAMPLE.replace('version = "001"', "version = 1"), "version"],
  ])("%s is marked", async (_, text, word) => {
    await using project = await temporaryProject({ "db/migrations/names.ts": "export const names = 1;\n" });
    await runHere(["init"], { cwd: project.dir });
    await project.write("db/migrations/001_use_everything.ts", text);
    const report = await typeCheck(project);
    expect(report).toMatch(/^db\/migrations\/001_use_everything\.ts\(\d+,\d+\): error TS/m);
    expect(report).toContain(word);
  });

  test("what migrate new writes is right", async () => {
    await using project = await temporaryProject();
    await runHere(["init"], { cwd: project.dir });
    await runHere(["migrate", "new", "2nd try: añadir", "--ts"], { cwd: project.dir });
    expect((await filesOf(project)).filter((path) => path.includes("001_"))).toHaveLength(1);
    expect(await typeCheck(project)).toBe("");
  });

  test("the declarations are those of src/migrate/migration.ts", async () => {
    await using project = await temporaryProject();
    await runHere(["init"], { cwd: project.dir });
    await project.write(
      "db/migrations/agreement.ts",
      `import { Migration as Declared } from "confiture";
import { Migration as Real } from "${join(ROOT, "src", "migrate", "migration.ts")}";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
type Members<T> = { [K in keyof T]-?: T[K] };
export const members: Same<Members<Declared>, Members<Real>> = true;
export const optional: Same<Partial<Declared>, Partial<Real>> = true;
export const there: Declared = null as unknown as Real;
export const back: Real = null as unknown as Declared;
export const classes: typeof Declared = Real;
export const classesBack: typeof Real = Declared;
`,
    );
    expect(await typeCheck(project)).toBe("");
    await rm(project.path("db/migrations/agreement.ts"));
  });
});
