import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunResult } from "../../support/cli.ts";
import { runHere } from "../../support/in-process.ts";
import type { Major } from "../../support/servers.ts";
import { Random } from "../../unit/sql/random.ts";
import { type Bench, bench, lockIsFree } from "./bench.ts";
import { DATABASE, type Trial, TRIALS } from "./trials.ts";
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

/** Some of them start an engine of their own, on a machine that may have much to do. */
const PATIENT = { timeout: 240_000 };

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
    if (trial.byPieces !== true) requireWhole(await stateOf(b), stages);
    // Whatever command comes next finishes what was decided, or clears away what was only begun.
    await runIn(b, ["migrate", "status"]);
    const stage = nameOf(await stateOf(b), stages, trial.byPieces);
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

async function prepared({ files = {}, first = [], source }: Trial, major: Major): Promise<Bench> {
  const b = await bench(major, files, { environment: "sync: { replace: true }\n" });
  if (source !== undefined) {
    const url = JSON.stringify(b.instance.url(await sourceOf(b, source)));
    await b.project.write("db/environments/source.yaml", `database:\n  url: ${url}\n`);
  }
  for (const step of first) {
    if ("sql" in step) await b.query(step.sql);
    else if ("run" in step) await runIn(b, step.run);
    else for (const [path, text] of Object.entries(step.write)) await b.project.write(path, text);
  }
  return b;
}

const sources = new Map<string, string>();

/** A database with this in it, which commands only read. */
async function sourceOf({ instance }: Bench, sql: string): Promise<string> {
  const key = `${instance.major} ${sql}`;
  let name = sources.get(key);
  if (name === undefined) {
    name = await instance.createDatabase("source");
    const session = instance.connect(name);
    await session.unsafe(sql);
    await session.end();
    sources.set(key, name);
  }
  return name;
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
    ...(old?.["found"] === true
      ? [JSON.stringify(await b.query("SELECT count(*), md5(string_agg(old::text, ',' ORDER BY id)) FROM old"))]
      : []),
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

function nameOf(state: State, stages: Stages, byPieces = false): "before" | "between" | "after" {
  const { before, between, after } = stages;
  // A migration that is done again ends as it began.
  if (Bun.deepEquals(state, after)) return "after";
  if (Bun.deepEquals(state, before)) return "before";
  if (between !== undefined && Bun.deepEquals(state, between)) return "between";
  if (byPieces) return "between";
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
