/** Measures the works of docs/verification.md: `scripts/bench-compare`. */
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commitAll } from "../../tests/support/git.ts";
import { largeProject } from "../../tests/support/large-project.ts";
import { removeProjects, temporaryProject } from "../../tests/support/project.ts";
import { structureRevisions } from "../../tests/support/structure-file.ts";
import { compile } from "../compile.ts";
import { machine, readFigures, writeFigures } from "./figures.ts";
import { median } from "./measure.ts";

const ROOT = join(import.meta.dir, "..", "..");
const BINARY = join(ROOT, "dist", "confiture");
const DOCUMENT = join(ROOT, "docs", "verification.md");
/** Of works whose time has a budget; the others take long enough to be told by one. */
const RUNS = 3;
const isWritten = process.argv.includes("--write");
const only = process.argv.slice(2).filter((argument) => argument !== "--write");

interface Work {
  readonly name: string;
  readonly command: readonly string[];
  /** What the command has to exit with: 3 where there are differences. */
  readonly exitCode: number;
  readonly prepare: () => Promise<string>;
  /** The most that it should take: seconds, and megabytes. */
  readonly target: { readonly seconds?: number; readonly memory: number };
}

/** One whole command. */
interface Run {
  readonly seconds: number;
  /** Seconds of all processors; the compiler of PostgreSQL's code has threads of its own. */
  readonly processor: number;
  /** Megabytes. */
  readonly memory: number;
}

const ENVIRONMENT = { "db/environments/local.yaml": "database:\n  engine: embedded\n" };
const MEMORY = 900;
/** Milliseconds. */
const READING = 300;

/** A project whose last commit is a revision, and whose files are the next one. */
async function nextRevision(size: number): Promise<string> {
  const [before = "", after = ""] = structureRevisions(2, size);
  const project = await temporaryProject({ ...ENVIRONMENT, "db/schema/structure.sql": before });
  commitAll(project, "before");
  await project.write("db/schema/structure.sql", after);
  return project.dir;
}

async function tutorial(): Promise<string> {
  const project = await temporaryProject();
  await cp(join(ROOT, "examples", "01-basic-migration"), project.dir, { recursive: true });
  const users = "db/schema/10_tables/users.sql";
  await project.write(users, (await project.read(users)).replace("display_name TEXT NOT NULL,", "$&\n    bio TEXT,"));
  return project.dir;
}

const migrated = (migrations: number) => async (): Promise<string> =>
  (await temporaryProject(largeProject(migrations))).dir;

/** With a database that stays, so that a build records something in it, and the role that the files take for granted. */
const lasting = (migrations: number) => async (): Promise<string> => {
  const more = {
    "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
    "db/schema/00_roles.sql": "CREATE ROLE app_reader;\n",
  };
  return (await temporaryProject({ ...largeProject(migrations), ...more })).dir;
};

/** Verified before the last migration came; once, for all runs. */
let verified: Promise<string> | undefined;

/** @param last the files that came since */
const lastIsNew = (last: () => Record<string, string>) => async (): Promise<string> => {
  verified ??= temporaryProject(largeProject(799)).then(async ({ dir }) => {
    await runOnce(dir, ["verify"], 0);
    return dir;
  });
  const project = await temporaryProject();
  await cp(await verified, project.dir, { recursive: true });
  for (const [path, text] of Object.entries(last())) await project.write(path, text);
  return project.dir;
};

/** A migration whose column the schema files have from now on as well. */
function newColumn(): Record<string, string> {
  const table = "db/schema/10_tables/table_100.sql";
  return {
    [table]: largeProject(799)[table]!.replace("    email ", "    nickname text,\n$&"),
    "db/migrations/0800_nickname.sql":
      "-- migrate:up\nALTER TABLE table_100 ADD COLUMN nickname text;\n-- migrate:down\nALTER TABLE table_100 DROP COLUMN nickname;\n",
  };
}

const WORKS: readonly Work[] = [
  {
    name: "verify, the tutorial",
    command: ["verify"],
    exitCode: 0,
    prepare: tutorial,
    target: { seconds: 2, memory: MEMORY },
  },
  {
    name: "verify, 150 migrations",
    command: ["verify"],
    exitCode: 0,
    prepare: migrated(150),
    target: { memory: MEMORY },
  },
  {
    name: "verify, 300 migrations",
    command: ["verify"],
    exitCode: 0,
    prepare: migrated(300),
    target: { memory: MEMORY },
  },
  {
    name: "verify, 800 migrations",
    command: ["verify"],
    exitCode: 0,
    prepare: migrated(800),
    target: { seconds: 20, memory: MEMORY },
  },
  {
    name: "verify, 800 migrations, the last of them new",
    command: ["verify"],
    exitCode: 0,
    // Of the schema files, only a comment is another.
    prepare: lastIsNew(() => largeProject(800)),
    target: { seconds: 3, memory: MEMORY },
  },
  {
    name: "verify, 800 migrations, the last of them new, and a schema file with it",
    command: ["verify"],
    exitCode: 0,
    prepare: lastIsNew(newColumn),
    target: { memory: MEMORY },
  },
  {
    name: "migrate test, 300 migrations",
    command: ["migrate", "test"],
    exitCode: 0,
    prepare: migrated(300),
    target: { memory: MEMORY },
  },
  {
    name: "migrate test, the last of 300",
    command: ["migrate", "test", "300"],
    exitCode: 0,
    prepare: migrated(300),
    target: { memory: MEMORY },
  },
  {
    name: "diff, 100 tables and 196 foreign keys",
    command: ["diff", "git:HEAD", "schema"],
    exitCode: 3,
    prepare: () => nextRevision(100),
    target: { seconds: 3, memory: MEMORY },
  },
  {
    name: "diff, 500 tables and 996 foreign keys",
    command: ["diff", "git:HEAD", "schema"],
    exitCode: 3,
    prepare: () => nextRevision(500),
    target: { seconds: 10, memory: MEMORY },
  },
  {
    name: "migrate generate, 100 tables",
    command: ["migrate", "generate", "next", "--from", "git:HEAD"],
    exitCode: 0,
    prepare: () => nextRevision(100),
    target: { memory: MEMORY },
  },
  {
    name: "migrate generate, 500 tables",
    command: ["migrate", "generate", "next", "--from", "git:HEAD"],
    exitCode: 0,
    prepare: () => nextRevision(500),
    target: { memory: MEMORY },
  },
];

/** Which migrations a build holds: the project, more of its command line, and the most that it should add, in seconds. */
const PROOFS = [
  ["build, the tutorial: what it holds is proven", tutorial, ["--env", "embedded"], 0.7],
  ["build, 300 migrations: what it holds is proven", lasting(300), [], 10],
] as const;

const rows: string[] = [];
try {
  for (const work of WORKS) {
    if (only.length > 0 && !only.some((name) => work.name.startsWith(name))) continue;
    rows.push(await measureWork(work));
    console.log(rows.at(-1));
  }
  if (only.length === 0 || only.includes("revisions")) {
    rows.push(await revisions(20, 15));
    console.log(rows.at(-1));
  }
  for (const [name, prepare, args, seconds] of PROOFS) {
    if (only.length > 0 && !only.some((each) => name.startsWith(each))) continue;
    rows.push(await proof(name, prepare, args, seconds));
    console.log(rows.at(-1));
  }
  if (only.length === 0 || only.includes("reading")) {
    rows.push(...(await reading(100)));
    console.log(rows.slice(-2).join("\n"));
  }
  if (only.length === 0 || isWritten) await writeDocument();
} finally {
  await removeProjects();
}

async function measureWork({ name, command, exitCode, prepare, target }: Work): Promise<string> {
  const runs: Run[] = [];
  for (let run = 0; run < (target.seconds === undefined ? 1 : RUNS); run++) {
    const cwd = await prepare();
    runs.push(await runOnce(cwd, command, exitCode));
    await rm(dirname(cwd), { recursive: true, force: true });
  }
  return row(name, runs, target);
}

async function runOnce(cwd: string, command: readonly string[], exitCode: number): Promise<Run> {
  const started = performance.now();
  const child = Bun.spawn(["/usr/bin/time", "-f", "used %U %S peak %M", BINARY, ...command], {
    cwd,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exited] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const seconds = (performance.now() - started) / 1000;
  if (exited !== exitCode) throw new Error(`${command.join(" ")} exited with ${exited}:\n${stdout}${stderr}`);
  const [, user, system, peak] = /used (\S+) (\S+) peak (\d+)/.exec(stderr) ?? [];
  return { seconds, processor: Number(user) + Number(system), memory: Number(peak) / 1024 };
}

/** What it adds to a build to find out which migrations its files hold: the whole command, less one that does not ask. */
async function proof(
  name: string,
  prepare: () => Promise<string>,
  args: readonly string[],
  seconds: number,
): Promise<string> {
  const runs: Run[] = [];
  for (let run = 0; run < RUNS; run++) {
    const pair: Run[] = [];
    for (const how of [[], ["--no-baseline"]]) {
      const cwd = await prepare();
      pair.push(await runOnce(cwd, ["build", ...args, ...how], 0));
      await rm(dirname(cwd), { recursive: true, force: true });
    }
    const [asking, plain] = pair as [Run, Run];
    runs.push({
      seconds: asking.seconds - plain.seconds,
      processor: asking.processor - plain.processor,
      memory: asking.memory,
    });
  }
  return row(name, runs, { seconds, memory: MEMORY });
}

/** Every revision of a structure file to the next: a difference, and a migration that is proven up and down. */
async function revisions(count: number, size: number): Promise<string> {
  const [first = "", ...later] = structureRevisions(count, size);
  const project = await temporaryProject({ ...ENVIRONMENT, "db/schema/structure.sql": first });
  commitAll(project, "0");
  const runs: Run[] = [];
  for (const [index, revision] of later.entries()) {
    await project.write("db/schema/structure.sql", revision);
    await runOnce(project.dir, ["diff", "git:HEAD", "schema"], 3);
    const generate = ["migrate", "generate", "next", "--from", "git:HEAD", "--allow-drop"];
    runs.push(await runOnce(project.dir, generate, 0));
    await rm(project.path("db/migrations"), { recursive: true });
    await mkdir(project.path("db/migrations"));
    commitAll(project, String(index + 1));
  }
  const name = `migrate generate, ${count} revisions of a pg_dump file of ${size} tables: each`;
  return row(name, runs, { memory: MEMORY });
}

/** The part of `diff` that reads what was built, on either side: the first also waits for the engine's code to be compiled. */
async function reading(size: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "confiture-bench-"));
  try {
    const program = join(folder, "read-catalogue");
    await compile({ entry: join(import.meta.dir, "read-catalogue.ts"), outfile: program });
    const cwd = await nextRevision(size);
    const runs: number[][] = [];
    // Short, and so near its budget that a median of three is as good as chance.
    for (let run = 0; run < RUNS * 5; run++) {
      const { stdout, stderr, exitCode } = Bun.spawnSync([program], { cwd });
      if (exitCode !== 0) throw new Error(`reading a catalogue failed:\n${stderr.toString()}`);
      runs.push(stdout.toString().trim().split("\n").map(Number));
    }
    return ["first", "second"].map((which, side) => {
      const milliseconds = median(runs.map((run) => run[side]!));
      const met = milliseconds <= READING ? "yes" : "no";
      return `| reading a catalogue of ${size} tables, the ${which} in a process | ${(milliseconds / 1000).toFixed(2)} s | | | ${met} (${READING / 1000} s) |`;
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

function row(name: string, runs: readonly Run[], target: Work["target"]): string {
  const seconds = median(runs.map((run) => run.seconds));
  const processor = median(runs.map((run) => run.processor));
  const memory = Math.max(...runs.map((run) => run.memory));
  const met = (target.seconds === undefined || seconds <= target.seconds) && memory <= target.memory;
  const wanted = [...(target.seconds === undefined ? [] : [`${target.seconds} s`]), `${target.memory} MB`].join(", ");
  const times = `${seconds.toFixed(1)} s | ${processor.toFixed(1)} s`;
  return `| ${name} | ${times} | ${Math.round(memory)} MB | ${met ? "yes" : "no"} (${wanted}) |`;
}

/** Rows of works that were not measured stay. */
async function writeDocument(): Promise<void> {
  const nameOf = (line: string): string => line.split(" | ")[0]!;
  const earlier = (await readFigures(DOCUMENT, "speed")).match(/^\| (?!command).*/gm) ?? [];
  const kept = only.length === 0 ? [] : earlier;
  const table = [
    "| command and project | time | of processors | memory | budget met |",
    "|---|---|---|---|---|",
    ...kept.map((line) => rows.find((each) => nameOf(each) === nameOf(line)) ?? line),
    ...rows.filter((each) => !kept.some((line) => nameOf(line) === nameOf(each))),
  ].join("\n");
  await writeFigures(DOCUMENT, "speed", `Machine: ${machine()}.\n\n${table}`);
}
