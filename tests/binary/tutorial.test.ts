import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cp, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runBinary } from "../support/cli.ts";
import { type CodeBlock, commandFolder, Reader, readBlocks, readSteps } from "../support/document.ts";
import { long } from "../support/long.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { NEWEST_ALONE, server } from "../support/servers.ts";

const EXAMPLE = join(ROOT, "examples", "01-basic-migration");
const BUN = process.execPath;
const DATABASE = "confiture_tutorial";

const markdown = await readFile(join(EXAMPLE, "README.md"), "utf8");
const blocks = readBlocks(markdown);

// Compiling, servers and many processes in a row.
setDefaultTimeout(300_000);

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "confiture-tutorial-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function lineOf(heading: string): number {
  const at = markdown.split("\n").indexOf(heading);
  expect(at).toBeGreaterThan(0);
  return at;
}

/** The place where someone follows the tutorial. */
interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  /** Programs that this machine lacks. */
  readonly programs: Readonly<Record<string, string>>;
  /** The document's words for this place. */
  readonly adapt: (text: string) => string;
  /** What is read; all of it when undefined. */
  readonly blocks?: readonly CodeBlock[];
}

/** Reads the document from its first line to its last, doing what it says. */
async function follow(name: string, { env, programs, adapt, blocks: part = blocks }: Surroundings): Promise<void> {
  const project = join(folder, name);
  await cp(EXAMPLE, project, { recursive: true });
  const commands = await commandFolder({ ...programs, vim: 'test -f "$1"', ...(await gitIn(project)) });
  const home = await mkdtemp(join(folder, "home-"));
  const reader = new Reader("README.md", project, {
    HOME: home,
    TZ: "UTC",
    ...env,
    PATH: `${commands}:${process.env["PATH"]}`,
  });
  for (const file of await readdir(join(EXAMPLE, "db/environments"))) {
    const path = `db/environments/${file}`;
    await reader.write(path, adapt(reader.read(path)!));
  }
  // The other environments are older than the change that the tutorial makes.
  for (const other of ["staging", "production"]) {
    const path = `db/environments/${other}.yaml`;
    const shown = part.find((block) => block.file === path);
    if (shown === undefined) continue;
    await reader.write(path, adapt(shown.text));
    await reader.run({
      language: "bash",
      text: `confiture build --env ${other} --yes ${other}\n`,
      line: 0,
      file: undefined,
    });
  }
  for (const block of part) {
    if (block.language === "bash") await reader.run({ ...block, text: adapt(block.text) });
    else if (block.file !== undefined) await reader.write(block.file, adapt(block.text));
  }
  await rm(commands, { recursive: true });
}

/** The tutorial commits its files, so the project is a repository, where there is git. */
async function gitIn(project: string): Promise<Record<string, string>> {
  const git = Bun.which("git");
  if (git === null) return { git: "exit 0" };
  expect(Bun.spawnSync([git, "init", "--quiet"], { cwd: project }).success).toBe(true);
  return { git: `exec '${git}' -c user.name=Reader -c user.email=reader@example.com "$@"` };
}

/** psql where there is none: the SQL is behind -c or comes through the standard input. */
const psql = (database: string): string => `
database=$1
while [ $# -gt 1 ]; do
  case $1 in -c) sql=$2 ;; -d) database=$2 ;; esac
  shift
done
exec '${BUN}' '${join(ROOT, "scripts", "sql.ts")}' ${database} "\${sql-$(cat)}"`;

describe.each(NEWEST_ALONE)("the tutorial on PostgreSQL %d", (major) => {
  test("works as it is written", async () => {
    const instance = await server(major);
    const base = `postgres://${instance.user}:${instance.password}@localhost:${instance.port}`;
    const admin = `'${BUN}' '${join(ROOT, "scripts", "sql.ts")}' ${base}/postgres`;
    const standIns = {
      psql: psql(`"${base}/$database"`),
      createdb: `exec ${admin} "CREATE DATABASE \\"$1\\""`,
      dropdb: `exec ${admin} "DROP DATABASE \\"$1\\""`,
    };
    const others = { staging: await instance.createDatabase(), production: await instance.createDatabase() };
    await follow(`server-${major}`, {
      env: {
        PGHOST: "localhost",
        PGPORT: String(instance.port),
        PGUSER: instance.user,
        PGPASSWORD: instance.password,
        STAGING_DATABASE_URL: `${base}/${others.staging}`,
        PRODUCTION_DATABASE_URL: `${base}/${others.production}`,
      },
      programs: Bun.which("psql") === null ? standIns : {},
      adapt: (text) => text.replace(/^( {2}port: )5432$/m, `$1${instance.port}`),
    });
    expect(await instance.sql("select 1 from pg_database where datname = $1", [DATABASE])).toEqual([]);
  });
});

describe("the tutorial on the embedded engine", () => {
  // In the check, scripts/quickstart takes its steps there. Its steps, and clearing up; what comes between them is the same there.
  long("works with the words it gives for that", async () => {
    const [end, again] = [lineOf("## The usual round"), lineOf("## Clean up")];
    await follow("embedded", {
      blocks: blocks.filter(({ line }) => line < end || line > again),
      env: {},
      programs: { psql: psql(".confiture/embedded"), createdb: "exit 0", dropdb: "rm -r .confiture/embedded" },
      adapt: (text) =>
        text
          .replaceAll("--env local", "--env embedded")
          .replaceAll("for environment: local", "for environment: embedded")
          .replaceAll(/pending: confiture migrate up$/gm, "$& -e embedded")
          .replaceAll("no new database: `confiture migrate base", "$& -e embedded")
          .replaceAll("Next: confiture migrate generate NAME", "Next: confiture migrate generate -e embedded NAME")
          .replaceAll(/url: \$\{\w+\}/g, "engine: embedded"),
    });
    expect(await readdir(join(folder, "embedded", ".confiture"))).not.toContain("embedded");
  });
});

describe("the tutorial's document", () => {
  test("shows every file of the example as it is", async () => {
    const shown = new Map<string, string>();
    for (const { file, text } of blocks) if (file !== undefined && !shown.has(file)) shown.set(file, text);
    for (const path of await readdir(join(EXAMPLE, "db"), { recursive: true })) {
      const file = `db/${path}`;
      if (!/\.(sql|yaml|ts)$/.test(file) || /\.d\.ts$|embedded\.yaml$/.test(file)) continue;
      expect({ file, text: shown.get(file) }).toEqual({ file, text: await readFile(join(EXAMPLE, file), "utf8") });
    }
  });

  test("lists every file of the example", async () => {
    const tree = blocks.find((block) => block.text.startsWith("01-basic-migration/"))!.text;
    for (const entry of await readdir(EXAMPLE, { recursive: true, withFileTypes: true })) {
      if (!entry.parentPath.includes(".confiture")) expect(tree).toContain(entry.name);
    }
  });

  test("checks the output of most of its commands", () => {
    const steps = blocks.filter((block) => block.language === "bash").flatMap(readSteps);
    expect(steps.filter((step) => step.expectation !== undefined).length).toBeGreaterThan(15);
  });
});

test("the example has the editor files that `confiture init` writes", async () => {
  const fresh = join(folder, "fresh");
  expect((await runBinary(["init", "--embedded", "-C", fresh])).exitCode).toBe(0);
  for (const file of ["db/migrations/confiture.d.ts", "db/migrations/tsconfig.json", ".gitignore"]) {
    expect(await readFile(join(EXAMPLE, file), "utf8")).toBe(await readFile(join(fresh, file), "utf8"));
  }
});

test("the example's migration type-checks in an editor", () => {
  const tsc = Bun.spawnSync([
    BUN,
    "--bun",
    join(ROOT, "node_modules/.bin/tsc"),
    "--project",
    join(EXAMPLE, "db/migrations"),
  ]);
  expect({ output: tsc.stdout.toString(), exitCode: tsc.exitCode }).toEqual({ output: "", exitCode: 0 });
});

describe("the tutorial's troubleshooting shows the errors as they are", () => {
  const shown = blocks.map((block) => block.text).filter((text) => text.startsWith("error: "));

  /** A failing build of a changed copy. */
  async function failingBuild(name: string, change: (project: string) => Promise<void>): Promise<string> {
    const project = join(folder, name);
    await cp(EXAMPLE, project, { recursive: true });
    await change(project);
    const { stderr, exitCode } = await runBinary(["build", "--env", name.startsWith("local") ? "local" : "embedded"], {
      cwd: project,
    });
    expect(exitCode).not.toBe(0);
    return stderr;
  }

  test("there are three", () => expect(shown.length).toBe(3));

  test("no SQL files", async () => {
    const stderr = await failingBuild("misplaced", async (project) => {
      for (const name of await readdir(join(project, "db/schema"))) {
        await rename(join(project, "db/schema", name), join(project, "db", name));
      }
    });
    expect(stderr).toContain(shown[0]!);
  });

  test("a relation that exists", async () => {
    const stderr = await failingBuild("twice", async (project) => {
      const path = join(project, "db/schema/10_tables/users_again.sql");
      await Bun.write(path, "CREATE TABLE users (id uuid PRIMARY KEY);\n");
    });
    expect(stderr).toContain(shown[1]!);
  });

  test("no server", async () => {
    const stderr = await failingBuild("local-without-server", async (project) => {
      const path = join(project, "db/environments/local.yaml");
      // Port 1 is nobody's.
      await Bun.write(path, (await readFile(path, "utf8")).replace("5432", "1"));
    });
    expect(stderr).toContain(shown[2]!.replace("5432", "1"));
  });
});
