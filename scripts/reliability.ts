/**
 * The full kill and race run, on the oldest and the newest PostgreSQL: `scripts/reliability [--kills N] [--rounds N]`.
 * Prints its seed (CONFITURE_SEED replays it) and writes the figures into docs/reliability.md.
 */
import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { OUTER_MAJORS } from "../tests/binary/reliability/bench.ts";
import { type KillFigures, killRunners } from "../tests/binary/reliability/kill.ts";
import { type RaceFigures, raceRunners } from "../tests/binary/reliability/race.ts";
import { removeProjects } from "../tests/support/project.ts";
import { stopServers } from "../tests/support/servers.ts";
import { SEED } from "../tests/unit/sql/random.ts";

const DOCUMENT = join(import.meta.dir, "..", "docs", "reliability.md");
const BEGIN = "<!-- figures: begin -->";
const END = "<!-- figures: end -->";

const MIGRATIONS = 100;
const RUNNERS = 8;
const RACE_MIGRATIONS = 20;

interface Result {
  readonly major: number;
  readonly kill: KillFigures;
  readonly race: RaceFigures;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kills: { type: "string", default: "120" },
      rounds: { type: "string", default: "20" },
    },
  });
  console.log(`CONFITURE_SEED=${SEED}`);
  const results: Result[] = [];
  for (const major of OUTER_MAJORS) {
    console.log(`PostgreSQL ${major}: ${values.kills} kills`);
    const kill = await killRunners({
      major,
      seed: SEED + major,
      migrations: MIGRATIONS,
      kills: Number(values.kills),
      onRound: (figures) => console.log(`  ${JSON.stringify(figures)}`),
    });
    console.log(`PostgreSQL ${major}: ${values.rounds} rounds of ${RUNNERS} runners`);
    const race = await raceRunners({
      major,
      runners: RUNNERS,
      rounds: Number(values.rounds),
      migrations: RACE_MIGRATIONS,
    });
    console.log(`  ${JSON.stringify(race)}`);
    results.push({ major, kill, race });
  }
  await writeFigures(render(results));
  console.log("Nothing lost, nothing doubled.");
}

function render(results: readonly Result[]): string {
  const row = (name: string, value: (result: Result) => string | number): string =>
    `| ${name} | ${results.map((result) => String(value(result))).join(" | ")} |\n`;
  const kills = results.reduce((sum, { kill }) => sum + kill.kills, 0);
  return `Run of ${new Date().toISOString().slice(0, 10)}, seed ${SEED}, ${cpus().length} processors, ${process.platform} ${process.arch}: ${kills} kills,
nothing lost, nothing doubled, nothing without a name.

| | ${results.map(({ major }) => `PostgreSQL ${major}`).join(" | ")} |
|---|${results.map(() => "---:|").join("")}
${row("runners killed with SIGKILL", ({ kill }) => kill.kills)}${row(`databases taken up through ${MIGRATIONS} migrations`, ({ kill }) => kill.ups)}${row("and down again", ({ kill }) => kill.downs)}${row("kills that left a migration stopped half way", ({ kill }) => kill.stopped)}${row("went on with `resolve --continue`", ({ kill }) => kill.continued)}${row("went on with `resolve --continue --skip`", ({ kill }) => kill.skipped)}${row("invalid indexes dropped as told", ({ kill }) => kill.indexesDropped)}${row("longest time until the lock was free", ({ kill }) => `${(kill.lockFreeAfter / 1000).toFixed(1)} s`)}${row(`races of ${RUNNERS} runners, up and down`, ({ race }) => race.rounds * 2)}${row("runners that did not wait and were told who has the lock", ({ race }) => race.gaveUp)}`;
}

async function writeFigures(text: string): Promise<void> {
  const document = await readFile(DOCUMENT, "utf8");
  const [before, rest] = document.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${DOCUMENT} has no place for the figures`);
  await writeFile(DOCUMENT, `${before}${BEGIN}\n\n${text}\n${END}${after}`);
}

try {
  await main();
} finally {
  await stopServers();
  await removeProjects();
}
