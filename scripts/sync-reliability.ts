/**
 * Copies, and what happens to them at random moments: `scripts/sync-reliability [--times N]` prints its seed (CONFITURE_SEED
 * replays it) and writes the figures into docs/sync.md. `--times` is how often something happens in all, at least.
 */
import { join } from "node:path";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { MISHAPS, type Mishap, type MishapFigures, tryMishaps } from "../tests/binary/reliability/sync-mishaps.ts";
import { isInstalled } from "../tests/support/postgres-binaries.ts";
import { removeProjects } from "../tests/support/project.ts";
import { stopServers } from "../tests/support/servers.ts";
import { SEED } from "../tests/unit/sql/random.ts";
import { writeFigures } from "./benchmarks/figures.ts";

const DOCUMENT = join(import.meta.dir, "..", "docs", "sync.md");

/** Of a hundred. */
const SHARES: Readonly<Record<Mishap, number>> = {
  killed: 35,
  interrupted: 10,
  "one cut on the source": 10,
  "all cut on the source": 8,
  "one cut on the target": 10,
  "all cut on the target": 8,
  "source crashed": 5,
  "target crashed": 5,
  "killed in place": 9,
};

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { times: { type: "string", default: "200" } } });
  const times = Object.fromEntries(
    Object.entries(SHARES).map(([mishap, share]) => [mishap, Math.ceil((share * Number(values.times)) / 100)]),
  );
  console.log(`CONFITURE_SEED=${SEED}`);
  const major = ([18, 17, 16, 15, 14] as const).find(isInstalled)!;
  const all = await tryMishaps({
    major,
    seed: SEED,
    rows: 10_000,
    times,
    onMishap: (figures) => console.log(`  ${JSON.stringify(figures)}`),
  });
  const rows = all.map(({ mishap, times: of, old, fresh, marked, succeeded }) =>
    [MISHAPS[mishap], of, old, fresh, marked, succeeded].join(" | "),
  );
  await writeFigures(
    DOCUMENT,
    "reliability",
    [
      `Run of ${new Date().toISOString().slice(0, 10)}, seed ${SEED}, between two servers of PostgreSQL ${major}, ${cpus().length} processors: at ${sum(all, "times")} random moments of a copy,`,
      "and then every row, constraint and index of the target was compared.",
      "",
      "| what happened | times | the old database, whole | the new one, whole | emptied, and marked as not whole | of these, the copy ended well |",
      "|---|---:|---:|---:|---:|---:|",
      ...rows.map((row) => `| ${row} |`),
    ].join("\n"),
  );
  console.log("The old one or the new one, never between.");
}

function sum(all: readonly MishapFigures[], key: "times"): number {
  return all.reduce((total, figures) => total + figures[key], 0);
}

try {
  await main();
} finally {
  await stopServers();
  await removeProjects();
}
