import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { documentsIn } from "../../scripts/website/stage.ts";
import { type CodeBlock, readBlocks } from "../support/document.ts";
import { commitAll } from "../support/git.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { type CliProject, cliProject, environmentFile } from "./project.ts";

// Blocks marked `bash` are followed by the tests of their documents, one after the other. Those marked `sh` and `console` stand for
// themselves: each is run here, in a project that it can be about, or elsewhere, or has its reason below.

/** Tests that run what a document shows how to install, and the scripts of the repository. */
const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  "README.md": "tests/binary/readme.test.ts",
  "docs/installing.md": "tests/binary/packages.test.ts",
  "scripts/website/home.md": "tests/unit/docs-site.test.ts",
};

/** What nothing runs, and why; by document and first command. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "CONTRIBUTING.md: scripts/test": "a test that runs all tests would not end",
  "README.md: scripts/quickstart":
    "compiles, which is what the tests begin with; tests/binary/readme.test.ts finds the scripts",
  "docs/installing.md: scripts/release":
    "takes minutes for each machine; tests/unit/release/release.test.ts reads its command lines, and tests/binary/packages.test.ts installs such a release",
  "docs/installing.md: docker build":
    "there is no Docker where tests run; tests/binary/images.test.ts puts together what it would, and runs that as a root folder",
};

/** Runs a block; commands that do not end with 0 are named, and those that would ask somebody. */
type Run = (
  block: CodeBlock,
  codes?: Readonly<Record<string, number>>,
  answers?: Readonly<Record<string, readonly string[]>>,
) => Promise<void>;
type Scenario = (project: CliProject, run: Run, blocks: readonly CodeBlock[], name: string) => Promise<void>;

const table = (name: string): string =>
  `-- migrate:up\nCREATE TABLE ${name} (id int);\n-- migrate:down\nDROP TABLE ${name};\n`;

/** How the blocks of a document come about. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "docs/planning.md": async (project, run, [first, stats, since, approved]) => {
    for (const { file, text } of blocksOf("docs/planning.md")) {
      if (file?.startsWith("db/migrations/") === true) await project.write(file, text);
    }
    await rename(project.path("db/migrations/002_tokens.sql"), project.path("002"));
    commitAll(project, "as it is elsewhere");
    git(project, "update-ref", "refs/remotes/origin/main", "HEAD");
    await rename(project.path("002"), project.path("db/migrations/002_tokens.sql"));
    for (const block of [first!, stats!, since!, approved!]) await run(block);
    expect((await project.succeed(["migrate", "status"])).stdout).toContain("✅ 002_tokens");
  },
  "docs/comparing.md": async (project, run, [block]) => {
    await writeShop(project);
    await project.write("db/environments/staging.yaml", environmentFile(project.server, project.database));
    await project.write("db/environments/production.yaml", environmentFile(project.server, "postgres"));
    commitAll(project, "as it is on main");
    git(project, "branch", "-M", "main");
    await project.succeed(["build"]);
    await project.write("db/schema/users.sql", "CREATE TABLE users (id int PRIMARY KEY, name text);\n");
    const differ = lines(block!)
      .slice(0, -1)
      .filter((line) => line.startsWith("confiture diff"));
    await run(block!, Object.fromEntries(differ.map((line) => [line, 3])));
    expect(await project.read("db/migrations/002_next.sql")).toContain("CREATE TABLE public.users");
  },
  "docs/troubleshooting.md": async (project, run, [continued, resolved, edited, anew, shown, recorded]) => {
    for (const name of ["001_one", "002_two", "003_three"]) {
      await project.write(`db/migrations/${name}.sql`, table(name.slice(4)));
    }
    await project.succeed(["migrate", "up"]);
    const stopped = "-- migrate:up transaction:false\nCREATE TABLE half ();\nSELECT 1 / count(*) FROM one;\n";
    await project.write("db/migrations/005_half.sql", stopped);
    const stop = async (): Promise<void> => {
      await project.query(
        "DROP TABLE IF EXISTS half; DELETE FROM one; DELETE FROM confiture_migrations WHERE version = '005'",
      );
      expect((await project.run(["migrate", "up"])).exitCode).toBe(1);
    };
    await stop();
    await project.query("INSERT INTO one VALUES (1)");
    await run(continued!);
    await stop();
    await run(part(resolved!, 0));
    await stop();
    await run(part(resolved!, 1));
    await rm(project.path("db/migrations/005_half.sql"));

    const three = table("three");
    await project.write("db/migrations/003_three.sql", `-- What it is for.\n${three}`);
    await run(edited!);
    await project.write("db/migrations/003_three.sql", three.replace("id int", "id bigint"));
    await run(anew!);
    await rename(project.path("db/migrations/003_three.sql"), project.path("003"));
    await run(shown!);
    await rename(project.path("003"), project.path("db/migrations/003_three.sql"));
    await project.query("DROP TABLE confiture_migrations");
    await run(recorded!);
    expect((await project.succeed(["migrate", "status", "--exit-code"])).stdout).toContain("003_three");
  },
  "docs/verification.md": async (project, run, [verified, updated, tested]) => {
    await writeShop(project);
    commitAll(project, "as it is on main");
    git(project, "branch", "-M", "main");
    await run(verified!);
    await project.write("db/migrations/003_notes.sql", table("notes"));
    await run(updated!, {}, { "confiture schema update": ["--yes"] });
    await project.write("db/seeds/users.sql", "INSERT INTO users VALUES (1);\n");
    await run(tested!);
  },
  "docs/coming-from/golang-migrate.md": async (project, run, [block]) => {
    const migrations = "migrations: {dir: migrations}\n";
    for (const name of ["local", "production"]) {
      await project.write(
        `db/environments/${name}.yaml`,
        environmentFile(project.server, project.database, migrations),
      );
    }
    await project.write("migrations/000043_posts.up.sql", "CREATE TABLE posts (id int);\n");
    await project.write("migrations/000043_posts.down.sql", "DROP TABLE posts;\n");
    await project.query("CREATE TABLE users (id int)");
    await project.query("CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null)");
    await project.query("INSERT INTO schema_migrations VALUES (42, false)");
    await run(block!);
    expect(await project.read("migrations/base.sql")).toContain("\n-- through: 42\n");
    expect((await project.query("SELECT to_regclass('posts')::text AS posts"))[0]).toEqual({ posts: "posts" });
  },
  "examples/02-fraiseql-integration/README.md": inProduction,
  "examples/05-multi-environment-workflow/README.md": inProduction,
};

/** Three tables, and schema files that hold them. */
async function writeShop(project: CliProject): Promise<void> {
  await project.write("db/schema/users.sql", "CREATE TABLE users (id int PRIMARY KEY);\n");
  await project.write(
    "db/migrations/001_users.sql",
    `-- migrate:up\nCREATE TABLE users (id int PRIMARY KEY);\n-- migrate:down\nDROP TABLE users;\n`,
  );
}

/** The example as it is, whose production is the project's database. */
async function inProduction(project: CliProject, run: Run, blocks: readonly CodeBlock[], name: string): Promise<void> {
  const local = await project.read("db/environments/local.yaml");
  await cp(join(ROOT, dirname(name)), project.dir, { recursive: true });
  await project.write("db/environments/local.yaml", local);
  if (!existsSync(project.path("db/migrations"))) await project.succeed(["migrate", "generate", "first"]);
  for (const block of blocks) await run(block);
  const status = ["migrate", "status", "--env", "production", "--exit-code"];
  expect((await project.succeed(status, { env: variables(project) })).stdout).toContain("✅ 001");
}

const documents = documentsIn(ROOT).filter((name) => shownIn(name).length > 0);
setDefaultTimeout(120_000);

test.each(Object.keys(SCENARIOS))("%s shows commands that run", async (name) => {
  await using project = await cliProject();
  await SCENARIOS[name]!(project, (...block) => runBlock(name, project, ...block), shownIn(name), name);
});

test("every block of commands is run by a test, or has a reason why not", () => {
  const reasons = new Set<string>();
  const forgotten = documents.flatMap((name) =>
    shownIn(name).flatMap((block) => {
      const [first = ""] = lines(block);
      const reason = Object.keys(NOT_RUN).find((key) => `${name}: ${first}`.startsWith(key));
      if (reason !== undefined) reasons.add(reason);
      return name in SCENARIOS || name in RUN_ELSEWHERE || reason !== undefined
        ? []
        : [`${name}:${block.line}: ${first}`];
    }),
  );
  expect(forgotten).toEqual([]);
  expect([...reasons].toSorted()).toEqual(Object.keys(NOT_RUN).toSorted());
});

test("every document whose commands follow each other has a test that follows them", () => {
  const folder = join(ROOT, "tests/binary");
  const tests = readdirSync(folder).filter((file) => file.endsWith(".test.ts"));
  const all = tests.map((file) => readFileSync(join(folder, file), "utf8").replaceAll('", "', "/")).join("\n");
  const isFollowed = (name: string): boolean =>
    all.includes(name.replace(/\/README\.md$/, "").replace(/^(docs\/coming-from\/).*/, "$1"));
  const followed = documentsIn(ROOT).filter((name) => blocksOf(name).some(({ language }) => language === "bash"));
  expect(followed.length).toBeGreaterThan(20);
  expect(followed.filter((name) => !isFollowed(name))).toEqual([]);
});

function blocksOf(name: string): readonly CodeBlock[] {
  return readBlocks(readFileSync(join(ROOT, name), "utf8"));
}

function shownIn(name: string): readonly CodeBlock[] {
  return blocksOf(name).filter(({ language }) => language === "sh" || language === "console");
}

function lines({ text }: CodeBlock): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** One line of a block. */
function part(block: CodeBlock, index: number): CodeBlock {
  return { ...block, text: `${lines(block)[index]}\n`, line: block.line + index };
}

async function runBlock(
  name: string,
  project: CliProject,
  ...[block, codes = {}, answers = {}]: Parameters<Run>
): Promise<void> {
  for (const line of lines(block)) {
    const [, command = "", into] = /^confiture (.*?)(?: > (\S+))?$/.exec(line) ?? [];
    const args = [...command.split(" "), ...(answers[line] ?? [])];
    const { exitCode, stdout, stderr } = await project.run(args, { env: variables(project) });
    expect({ at: `${name}:${block.line}: ${line}`, exitCode, stderr }).toEqual({
      at: `${name}:${block.line}: ${line}`,
      exitCode: codes[line] ?? 0,
      stderr,
    });
    if (into !== undefined) await project.write(into, stdout);
  }
}

/** Where production is. */
function variables({ url }: CliProject): Readonly<Record<string, string>> {
  return { DATABASE_URL: url, PRODUCTION_DATABASE_URL: url };
}

function git({ dir }: CliProject, ...args: readonly string[]): void {
  expect(Bun.spawnSync(["git", ...args], { cwd: dir })).toMatchObject({ exitCode: 0 });
}
