import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunResult } from "../../support/cli.ts";
import { runHere } from "../../support/in-process.ts";
import type { Major } from "../../support/servers.ts";
import { Random } from "../../unit/sql/random.ts";
import { type Bench, bench, lockIsFree } from "./bench.ts";
import { catalogueLines, ledgerLines } from "./workload.ts";

/** What kills of one command left: all as it was, all done, or a stage between that is documented. */
export interface CommandFigures {
  readonly command: string;
  readonly kills: number;
  readonly before: number;
  readonly between: number;
  readonly after: number;
}

export interface CommandKillOptions {
  readonly major: Major;
  readonly seed: number;
  /** Of each command. */
  readonly kills: number;
  readonly onCommand?: (figures: CommandFigures) => void;
}

type First =
  | { readonly sql: string }
  | { readonly run: readonly string[] }
  | { readonly write: Readonly<Record<string, string>> };

/** Some of them start an engine of their own, on a machine that may have much to do. */
const PATIENT = { timeout: 240_000 };

/** One command that writes, in a project and database where it has something to do. */
interface Trial {
  readonly command: readonly string[];
  /** By path in the project. */
  readonly files?: Readonly<Record<string, string>>;
  /** What comes before it, in this order. */
  readonly first?: readonly First[];
  /** A stage that may stand between: what its first part alone does. */
  readonly between?: readonly string[];
  /** What goes on from there; the command itself when undefined. */
  readonly onward?: readonly string[];
}

const SCHEMA = Object.fromEntries(
  Array.from({ length: 30 }, (_, n) => [
    `db/schema/${10 + n}_t.sql`,
    `CREATE TABLE s${n} (id int PRIMARY KEY, a text);\nINSERT INTO s${n} SELECT n, 'x' FROM generate_series(1, 200) n;\nCREATE INDEX ON s${n} (a);\n`,
  ]),
);
const MIGRATIONS = Object.fromEntries(
  Array.from({ length: 30 }, (_, n) => [
    `db/migrations/${String(n + 1).padStart(3, "0")}_m.sql`,
    `-- migrate:up\nCREATE TABLE m${n} (id int);\n-- migrate:down\nDROP TABLE m${n};\n`,
  ]),
);
const OF_FLYWAY = Object.fromEntries(
  Array.from({ length: 30 }, (_, n) => [`db/migrations/V${n + 1}__m.sql`, `CREATE TABLE m${n} (id int);\n`]),
);
const STOPS = {
  "db/migrations/001_stops.sql": "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nSELECT 1 / 0;\n",
};
/** Schema files that a migration changes, makes more of, and takes away. */
const FOLLOWING = {
  ...Object.fromEntries(
    Array.from({ length: 12 }, (_, n) => [`db/schema/f${n}.sql`, `CREATE TABLE f${n} (\n    id int\n);\n`]),
  ),
  "db/migrations/base.sql": Array.from({ length: 12 }, (_, n) => `CREATE TABLE f${n} (id int);\n`).join(""),
  "db/migrations/001_follow.sql": `${Array.from({ length: 10 }, (_, n) => `ALTER TABLE f${n} ADD COLUMN a text;\n`).join("")}CREATE TABLE f20 (id int);\nDROP TABLE f11;\n`,
};
const EDITED = { "db/migrations/001_m.sql": "-- edited\n-- migrate:up\nCREATE TABLE m0 (id int);\n" };
/** Stands for the URL of the trial's own database. */
const DATABASE = "DATABASE";
const OLD = "CREATE TABLE old AS SELECT generate_series(1, 1000) AS id";
const LIVE = Array.from({ length: 12 }, (_, n) => `CREATE TABLE live${n} (id int PRIMARY KEY, a text)`).join("; ");

const TRIALS: readonly Trial[] = [
  { command: ["build"], files: SCHEMA },
  { command: ["build", "--fresh"], files: SCHEMA, first: [{ sql: OLD }] },
  { command: ["build", "--baseline"], files: { ...SCHEMA, ...MIGRATIONS }, between: ["build"] },
  { command: ["build", "--output", "schema.sql"], files: { ...SCHEMA, "schema.sql": "-- an older script\n" } },
  { command: ["migrate", "baseline"], files: MIGRATIONS },
  {
    command: ["migrate", "redo", "--steps", "1"],
    files: MIGRATIONS,
    first: [{ run: ["migrate", "up"] }],
    between: ["migrate", "down"],
  },
  { command: ["migrate", "resolve", "001", "--applied"], files: STOPS, first: [{ run: ["migrate", "up"] }] },
  { command: ["migrate", "resolve", "001", "--rolled-back"], files: STOPS, first: [{ run: ["migrate", "up"] }] },
  { command: ["migrate", "accept", "001"], files: MIGRATIONS, first: [{ run: ["migrate", "up"] }, { write: EDITED }] },
  { command: ["migrate", "new", "next"], files: MIGRATIONS },
  { command: ["migrate", "base"], files: { "db/schema/users.sql": "CREATE TABLE users (id int);\n" } },
  { command: ["migrate", "squash", "--through", "001"], files: MIGRATIONS },
  { command: ["schema", "update", "--yes"], files: FOLLOWING },
  { command: ["migrate", "generate", "next"], files: { "db/schema/users.sql": "CREATE TABLE users (id int);\n" } },
  { command: ["migrate", "import"], files: OF_FLYWAY },
  { command: ["init"] },
  { command: ["init", "--from", DATABASE, "--env", "live"], first: [{ sql: LIVE }] },
  { command: ["export"], first: [{ sql: LIVE }] },
  {
    command: ["export", "--baseline"],
    files: MIGRATIONS,
    first: [{ sql: LIVE }],
    between: ["export"],
    onward: ["migrate", "baseline"],
  },
  { command: ["snapshot", "--output", "snapshot.json"], files: { "snapshot.json": "{}\n" }, first: [{ sql: LIVE }] },
];

export const COMMANDS_KILLED = TRIALS.length;

/**
 * Kills every command that writes at random moments of its run. Each time the database and the project's files have to be as
 * before or as after, in every part; and the next run gets to the end.
 * @throws Error for the first that is neither
 */
export async function killCommands(options: CommandKillOptions): Promise<CommandFigures[]> {
  const all: CommandFigures[] = [];
  for (const [index, trial] of TRIALS.entries()) {
    const figures = await killCommand(trial, options, new Random(options.seed + index));
    all.push(figures);
    options.onCommand?.(figures);
  }
  return all;
}

async function killCommand(
  trial: Trial,
  { major, kills }: CommandKillOptions,
  random: Random,
): Promise<CommandFigures> {
  const stages = await stagesOf(trial, major);
  const figures = { command: trial.command.join(" "), kills: 0, before: 0, between: 0, after: 0 };
  for (let runs = 0; figures.kills < kills; runs++) {
    if (runs > kills * 4) throw new Error(`${figures.command}: too few runs could be killed`);
    await using b = await prepared(trial, major);
    const runner = await b.start(commandFor(trial, b), PATIENT);
    const killed = await Promise.race([
      Bun.sleep(random.below(Math.max(20, stages.duration))).then(() => true),
      runner.result.then(() => false),
    ]);
    if (!killed) continue;
    runner.process.kill("SIGKILL");
    if ((await runner.result).exitCode !== 137) continue;
    figures.kills++;
    await lockIsFree(b.query);
    requireWhole(await stateOf(b), stages);
    // Whatever command comes next finishes what was decided, or clears away what was only begun.
    await runIn(b, ["migrate", "status"]);
    const stage = nameOf(await stateOf(b), stages);
    figures[stage]++;
    if (stage === "after") continue;
    const next = stage === "between" ? (trial.onward ?? commandFor(trial, b)) : commandFor(trial, b);
    const { exitCode, stderr } = await runIn(b, next);
    const end = nameOf(await stateOf(b), stages);
    if (exitCode !== 0 || end !== "after")
      throw new Error(`${figures.command} again: exit ${exitCode}, ${end}: ${stderr}`);
  }
  return figures;
}

/** Runs what is not to be killed: in this process, unless it is another executable that is tried. */
async function runIn(b: Bench, args: readonly string[]): Promise<RunResult> {
  return process.env["CONFITURE_TEST_BINARY"] === undefined
    ? await runHere(args, { cwd: b.project.dir })
    : await b.run(args, PATIENT);
}

function commandFor({ command }: Trial, { url }: Bench): string[] {
  return command.map((word) => (word === DATABASE ? url : word));
}

async function prepared({ files = {}, first = [] }: Trial, major: Major): Promise<Bench> {
  const b = await bench(major, files);
  for (const step of first) {
    if ("sql" in step) await b.query(step.sql);
    else if ("run" in step) await runIn(b, step.run);
    else for (const [path, text] of Object.entries(step.write)) await b.project.write(path, text);
  }
  return b;
}

/** All that a command can change. */
interface State {
  readonly database: readonly string[];
  readonly files: Readonly<Record<string, string>>;
}

interface Stages {
  readonly before: State;
  readonly between: State | undefined;
  readonly after: State;
  /** Milliseconds of an undisturbed run. */
  readonly duration: number;
}

async function stagesOf(trial: Trial, major: Major): Promise<Stages> {
  await using b = await prepared(trial, major);
  const before = await stateOf(b);
  const started = performance.now();
  const { exitCode, stderr } = await b.run(commandFor(trial, b), PATIENT);
  const duration = performance.now() - started;
  if (exitCode !== 0) throw new Error(`${trial.command.join(" ")}: ${stderr}`);
  const after = await stateOf(b);
  return { before, between: await stateBetween(trial, major), after, duration };
}

async function stateBetween(trial: Trial, major: Major): Promise<State | undefined> {
  if (trial.between === undefined) return undefined;
  await using b = await prepared(trial, major);
  await runIn(b, trial.between);
  return await stateOf(b);
}

/** What a killed process had not given its name yet; the next command removes it. */
const UNFINISHED = /(^|\/)\.confiture-[^/]*$/;

async function stateOf(b: Bench): Promise<State> {
  const [ledger] = await b.query("SELECT to_regclass('confiture_migrations') IS NOT NULL AS found");
  const [old] = await b.query("SELECT to_regclass('old') IS NOT NULL AS found");
  const records = ledger?.["found"] === true ? await ledgerLines(b.query) : [];
  const catalogue = await catalogueLines(b.query);
  const database = [
    // A ledger without records says what none says: it is made first, and filled in a transaction of its own.
    ...(records.length > 0 ? catalogue : catalogue.filter((line) => !line.includes("confiture_migrations"))),
    ...records,
    ...(old?.["found"] === true ? [JSON.stringify(await b.query("SELECT count(*) FROM old"))] : []),
  ];
  const files: Record<string, string> = {};
  for (const entry of await readdir(b.project.dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || UNFINISHED.test(path)) continue;
    // Names of databases and times are of one run.
    files[path.slice(b.project.dir.length + 1)] = (await readFile(path, "utf8"))
      .replaceAll(b.database, DATABASE)
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
  }
  return { database, files };
}

function nameOf(state: State, { before, between, after }: Stages): "before" | "between" | "after" {
  // A migration that is done again ends as it began.
  if (Bun.deepEquals(state, after)) return "after";
  if (Bun.deepEquals(state, before)) return "before";
  if (between !== undefined && Bun.deepEquals(state, between)) return "between";
  throw new Error(`neither before nor after:\n${difference(state, before)}\n--\n${difference(state, after)}`);
}

/** Right after the kill: the database is at a stage, and each file is old or new. */
function requireWhole(state: State, stages: Stages): void {
  const { before, between, after } = stages;
  if (
    ![before, between, after].some((stage) => stage !== undefined && Bun.deepEquals(stage.database, state.database))
  ) {
    const differences = [before, between, after].map((stage) => (stage === undefined ? "" : difference(state, stage)));
    throw new Error(`the database is between the stages:\n${differences.join("\n--\n")}`);
  }
  for (const [path, text] of Object.entries(state.files)) {
    if (text !== before.files[path] && text !== after.files[path]) throw new Error(`${path} is half written: ${text}`);
  }
}

function difference(state: State, other: State): string {
  const lines = state.database.filter((line) => !other.database.includes(line)).map((line) => `+ ${line}`);
  const missing = other.database.filter((line) => !state.database.includes(line)).map((line) => `- ${line}`);
  const paths = new Set([...Object.keys(state.files), ...Object.keys(other.files)]);
  const files = [...paths].filter((path) => state.files[path] !== other.files[path]).map((path) => `file ${path}`);
  return [...lines, ...missing, ...files].slice(0, 20).join("\n");
}
