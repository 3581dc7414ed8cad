/**
 * Plans the migration between the schemas of many pairs, in both directions, and proves it on PostgreSQL, with rows and without.
 * The figures go into docs/convergence.md. Which pairs: random edits (the default; CONFITURE_SEED replays them),
 * `--folder DIR` with old.sql and new.sql in folders of their own, `--regression-tests` for those of PostgreSQL.
 * `--only TEXT` takes those with the text in their names, and leaves the figures as they are. `--minutes N` ends it after that long;
 * `--results FILE` keeps what became of each pair, so that the next run with that file goes on behind them. The figures are
 * written when all pairs were run.
 */
import { existsSync } from "node:fs";
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { convergeBothWays, type Outcome, type Pair, randomPair } from "../tests/support/convergence.ts";
import { EmptiedDatabase } from "../tests/support/golden.ts";
import { server, stopServers } from "../tests/support/servers.ts";
import { SEED } from "../tests/unit/sql/random.ts";
import { writeFigures } from "./benchmarks/figures.ts";
import { regressionPairs } from "./regression-pairs.ts";

const DOCUMENT = join(import.meta.dir, "..", "docs", "convergence.md");
const PROGRESS_EVERY = 50;
/** What is printed of a refusal, in characters. */
const LINE = 300;

/** Pairs, and where the figures go: nowhere, when only some of the pairs are wanted. */
interface Source {
  readonly section: "random" | "folder" | "regression" | undefined;
  /** In what the figures begin with: "Run of 2026-01-31, seed 7." */
  readonly about: string;
  readonly pairs: readonly Pair[];
  /** When it ends. */
  readonly until: number;
  /** The file that keeps what became of each pair. */
  readonly results: string | undefined;
}

async function readSource(emptied: EmptiedDatabase): Promise<Source> {
  const { values } = parseArgs({
    options: {
      pairs: { type: "string", default: "1000" },
      folder: { type: "string" },
      "regression-tests": { type: "boolean", default: false },
      only: { type: "string" },
      minutes: { type: "string" },
      results: { type: "string" },
    },
  });
  const until = values.minutes === undefined ? Infinity : Date.now() + Number(values.minutes) * 60_000;
  const source = { ...(await readAll()), until, results: values.results };
  if (values.only === undefined) return source;
  const wanted = values.only;
  return { ...source, section: undefined, pairs: source.pairs.filter(({ name }) => name.includes(wanted)) };

  async function readAll(): Promise<Omit<Source, "until" | "results">> {
    if (values.folder !== undefined) return { section: "folder", about: "", pairs: await folderPairs(values.folder) };
    if (values["regression-tests"]) return { section: "regression", about: "", pairs: await regressionPairs(emptied) };
    console.log(`CONFITURE_SEED=${SEED}`);
    const pairs = Array.from({ length: Number(values.pairs) }, (_, index) => randomPair(SEED + index));
    return { section: "random", about: `, seed ${SEED}`, pairs };
  }
}

async function folderPairs(folder: string): Promise<Pair[]> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return await Promise.all(
    names.map(async ({ name }) => ({
      name,
      old: await readFile(join(folder, name, "old.sql"), "utf8"),
      new: await readFile(join(folder, name, "new.sql"), "utf8"),
    })),
  ).then((pairs) => pairs.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
}

/** What became of a pair, as a line of the file of results. */
interface Kept {
  readonly pair: string;
  readonly outcomes: readonly Outcome[];
}

/** Undefined when it ended before all pairs were run. */
async function measure(emptied: EmptiedDatabase, source: Source): Promise<readonly Outcome[] | undefined> {
  const { pairs, until, results } = source;
  const kept = results === undefined ? new Map<string, Kept["outcomes"]>() : await readKept(results);
  const outcomes: Outcome[] = [];
  for (const [index, pair] of pairs.entries()) {
    const known = kept.get(pair.name);
    if (known === undefined && Date.now() > until) return undefined;
    if (index > 0 && index % PROGRESS_EVERY === 0) console.log(`${index} of ${pairs.length} pairs`);
    const own = known ?? (await convergeBothWays(emptied, pair));
    outcomes.push(...own);
    if (known !== undefined) continue;
    if (results !== undefined) {
      const line: Kept = { pair: pair.name, outcomes: own };
      await appendFile(results, `${JSON.stringify(line)}\n`);
    }
    for (const { name, kind, reason } of own) {
      if (kind === "unproven") console.log(`${kind} ${name}: ${reason}`);
      else if (kind !== "proven") console.log(`${kind} ${name}: ${reason.replaceAll(/\s+/g, " ").slice(0, LINE)}`);
    }
  }
  return outcomes;
}

async function readKept(file: string): Promise<Map<string, Kept["outcomes"]>> {
  if (!existsSync(file)) return new Map();
  const text = await readFile(file, "utf8");
  // A run that was killed may have left a part of a line.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole !== text) await writeFile(file, whole);
  const kept = whole.split("\n").slice(0, -1);
  return new Map(kept.map((line) => JSON.parse(line) as Kept).map(({ pair, outcomes }) => [pair, outcomes]));
}

function render({ about }: Source, outcomes: readonly Outcome[]): string {
  const count = (kind: Outcome["kind"]): number => outcomes.filter((outcome) => outcome.kind === kind).length;
  const rows = (kind: Outcome["kind"]): string =>
    [...reasons(outcomes, kind)].map(([reason, times]) => `| ${kind}: ${reason} | ${times} |\n`).join("");
  const differing = count("proven") + count("refused") + count("unproven");
  return `Run of ${new Date().toISOString().slice(0, 10)}${about}.

| | directions |
|---|---:|
| planned | ${differing} |
| proven | ${count("proven")} (${((100 * count("proven")) / differing).toFixed(1)} %) |
| refused | ${count("refused")} |
| planned, but not proven | ${count("unproven")} |
| nothing to do: both build the same | ${count("equal")} |
| one side cannot be built | ${count("unbuildable")} |
${rows("refused")}${rows("unbuildable")}`;
}

/** How often each reason is there, most frequent first. */
function reasons(outcomes: readonly Outcome[], kind: Outcome["kind"]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.kind !== kind) continue;
    const reason = withoutNames(outcome.reason);
    times.set(reason, (times.get(reason) ?? 0) + 1);
  }
  return new Map([...times].toSorted(([, left], [, right]) => right - left));
}

/** The first line of a reason, with what it names left out, so that equal reasons are counted together. */
function withoutNames(reason: string): string {
  return reason
    .split("\n", 1)[0]!
    .replaceAll(/"[^"]*"/g, '"…"')
    .replaceAll("|", "\\|");
}

const instance = await server(18);
const emptied = new EmptiedDatabase(async () => instance.target(await instance.createDatabase("convergence")));
try {
  const source = await readSource(emptied);
  const outcomes = await measure(emptied, source);
  if (outcomes !== undefined) {
    const figures = render(source, outcomes);
    if (source.section === undefined) console.log(figures);
    else await writeFigures(DOCUMENT, source.section, figures);
  }
} finally {
  await emptied.close();
  await stopServers();
}
