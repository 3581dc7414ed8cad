/**
 * A column is renamed in steps, again and again, and something happens to that at random moments: `scripts/online-reliability
 * [--kills N]` prints its seed (CONFITURE_SEED replays it) and writes the figures into docs/zero-downtime.md. `--kills` is how many
 * processes are killed in all, at least.
 */
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  FILL_MISHAPS,
  fillFullDisk,
  type FillMishap,
  type FillMishapFigures,
  type FillPhase,
  tryFillMishaps,
} from "../tests/binary/reliability/fill-mishaps.ts";
import { fillBehindStandby, type StandbyFigures } from "../tests/binary/reliability/fill-standby.ts";
import { isInstalled } from "../tests/support/postgres-binaries.ts";
import { removeProjects } from "../tests/support/project.ts";
import { type Major, stopServers } from "../tests/support/servers.ts";
import { SEED } from "../tests/unit/sql/random.ts";
import { writeFigures } from "./benchmarks/figures.ts";

const DOCUMENT = join(import.meta.dir, "..", "docs", "zero-downtime.md");
const SERVERS: readonly Major[] = ([14, 18] as const).filter(isInstalled);
const ROWS = 5_000;
const PHASES: readonly FillPhase[] = ["expand", "fill", "validate", "contract", "contract back"];
const FULL = 200;

/** Of a hundred kills. */
const KILLED: Readonly<Record<FillPhase, number>> = {
  expand: 12,
  fill: 50,
  validate: 12,
  contract: 14,
  "contract back": 12,
};

/** For each hundred kills, of each of the others in the phases that last. */
const OTHERS: readonly (readonly [FillMishap, FillPhase, number])[] = [
  ["interrupted", "fill", 6],
  ["interrupted", "contract", 3],
  ["terminated", "fill", 8],
  ["terminated", "validate", 3],
  ["terminated", "contract", 3],
  ["restarted", "fill", 4],
  ["crashed", "fill", 6],
  ["crashed", "validate", 2],
  ["crashed", "contract", 3],
  ["crashed", "contract back", 2],
];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { kills: { type: "string", default: String(FULL) } } });
  const kills = Number(values.kills);
  console.log(`CONFITURE_SEED=${SEED}`);
  const share = kills / 100 / SERVERS.length;
  const all: FillMishapFigures[] = [];
  const stops: (number | undefined)[] = [];
  const standbys: StandbyFigures[] = [];
  for (const major of SERVERS) {
    const killed = PHASES.map((phase) => ["killed", phase, Math.ceil(KILLED[phase] * share)] as const);
    const others = OTHERS.map(([mishap, phase, times]) => [mishap, phase, Math.ceil(times * share)] as const);
    const onMishap = (figures: FillMishapFigures): void =>
      console.log(`  ${new Date().toISOString()} PostgreSQL ${major}: ${JSON.stringify(figures)}`);
    all.push(
      ...(await tryFillMishaps({ major, seed: SEED + major, rows: ROWS, times: [...killed, ...others], onMishap })),
    );
    stops.push(await fillFullDisk({ major, seed: SEED, rows: 100_000 }));
    standbys.push(await fillBehindStandby({ major, rows: 20_000 }));
    console.log(`  PostgreSQL ${major}: ${JSON.stringify({ stops: stops.at(-1), standby: standbys.at(-1) })}`);
  }
  const text = render(all, stops, standbys);
  console.log(text);
  if (kills >= FULL) await writeFigures(DOCUMENT, "reliability", text);
}

function render(
  all: readonly FillMishapFigures[],
  stops: readonly (number | undefined)[],
  standbys: readonly StandbyFigures[],
): string {
  const of = (mishap: FillMishap, phase?: FillPhase): FillMishapFigures[] =>
    all.filter((one) => one.mishap === mishap && (phase === undefined || one.phase === phase));
  const rows = (Object.keys(FILL_MISHAPS) as FillMishap[]).map((mishap) => [
    FILL_MISHAPS[mishap],
    ...PHASES.map((phase) => String(sum(of(mishap, phase), "times") || "")),
    String(sum(of(mishap), "late")),
    String(sum(of(mishap), "named")),
  ]);
  const disk = stops.filter((count) => count !== undefined).reduce((total, count) => total + count, 0);
  const waited = standbys.map((one) => one.waited.toFixed(0));
  return [
    `Run of ${new Date().toISOString().slice(0, 10)}, seed ${SEED}, on ${SERVERS.map((major) => `PostgreSQL ${major}`).join(" and ")}, ${cpus().length} processors: a column is renamed in steps,`,
    "again and again, while an old and a new release insert, update and delete. After each of these, the command was run again until it",
    "had finished. Then every row held what the releases had written, no row had been filled twice, and the contract, which checks all rows, had run.",
    "",
    `| what happened | ${PHASES.map((phase) => (phase === "contract back" ? "contract rolled back" : phase)).join(" | ")} | too late: the command had ended | stopped half way, named, went on with \`resolve --continue\` |`,
    `|---|${PHASES.map(() => "---:|").join("")}---:|---:|`,
    ...rows.map((row) => `| ${row.join(" | ")} |`),
    "",
    disk === 0
      ? "A full disk was not tried here."
      : `A full disk stopped fills ${disk} times, each with the rows of the batch; with a megabyte more they went on.`,
    `With a standby that replays 2 s late and \`max_lag: 500ms\`, fills of 20,000 rows waited ${waited.join(" s and ")} s, and \`status\` named the standby.`,
  ].join("\n");
}

function sum(all: readonly FillMishapFigures[], key: "times" | "late" | "named"): number {
  return all.reduce((total, figures) => total + figures[key], 0);
}

try {
  await main();
} finally {
  await stopServers();
  await removeProjects();
}
