/**
 * The full run: runners and every command that writes killed at random moments, races, and the embedded engine's folder killed,
 * copied and cut off from power. `scripts/reliability [--kills N] [--rounds N]` prints its seed (CONFITURE_SEED replays it)
 * and writes the figures into docs/reliability.md. `--kills` is how many processes are killed in all, at least. Each part that is
 * through is kept in dist/reliability-SEED.json: with the same seed a run that was stopped goes on behind it.
 */
import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  canMount,
  type EmbeddedFigures,
  killEmbedded,
  type Mishap,
} from "../tests/binary/reliability/embedded-kill.ts";
import { type CommandFigures, COMMANDS_KILLED, killCommands } from "../tests/binary/reliability/every-command.ts";
import { type KillFigures, killRunners } from "../tests/binary/reliability/kill.ts";
import { type RaceFigures, raceRunners } from "../tests/binary/reliability/race.ts";
import { removeProjects } from "../tests/support/project.ts";
import { isInstalled } from "../tests/support/postgres-binaries.ts";
import { type Major, stopServers } from "../tests/support/servers.ts";
import { writeFigures } from "./benchmarks/figures.ts";
import { SEED } from "../tests/unit/sql/random.ts";

const DOCUMENT = join(import.meta.dir, "..", "docs", "reliability.md");

/** The oldest, the one of most distributions, and the newest. */
const SERVERS: readonly Major[] = ([14, 15, 18] as const).filter(isInstalled);
const MIGRATIONS = 100;
const RUNNERS = 16;
const RACE_MIGRATIONS = 20;
const MISHAPS: readonly Mishap[] = ["killed", "copied", "power lost"];

interface Result {
  readonly major: number;
  readonly kill: KillFigures;
  readonly race: RaceFigures;
  readonly commands: readonly CommandFigures[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kills: { type: "string", default: "1000" },
      rounds: { type: "string", default: "20" },
    },
  });
  console.log(`CONFITURE_SEED=${SEED}`);
  // Half of the kills are of runners, a tenth of the embedded engine's, the rest of all other commands.
  const kills = Number(values.kills);
  const ofRunners = Math.ceil(kills / 2 / SERVERS.length);
  const ofEmbedded = Math.ceil(kills / 10);
  const ofEach = Math.ceil((kills - ofRunners * SERVERS.length - ofEmbedded) / SERVERS.length / COMMANDS_KILLED);
  const rounds = Number(values.rounds);
  const results: Result[] = [];
  for (const major of SERVERS) {
    const progress = (figures: object): void => console.log(`  PostgreSQL ${major}: ${JSON.stringify(figures)}`);
    const seed = SEED + major;
    results.push({
      major,
      kill: await part(`kill ${major} ${ofRunners}`, () =>
        killRunners({ major, seed, migrations: MIGRATIONS, kills: ofRunners, onRound: progress }),
      ),
      commands: await part(`commands ${major} ${ofEach}`, () =>
        killCommands({ major, seed, kills: ofEach, onCommand: progress }),
      ),
      race: await part(`race ${major} ${rounds}`, () =>
        raceRunners({ major, runners: RUNNERS, rounds, migrations: RACE_MIGRATIONS }),
      ),
    });
  }
  const embedded = new Map<Mishap, EmbeddedFigures>();
  for (const mishap of MISHAPS) {
    if (mishap === "power lost" && !canMount()) continue;
    const times = mishap === "killed" ? ofEmbedded : Math.ceil(ofEmbedded / 4);
    const kill = (): Promise<EmbeddedFigures> => killEmbedded({ seed: SEED, rounds: times, mishap });
    embedded.set(mishap, await part(`${mishap} ${times}`, kill));
  }
  await writeFigures(DOCUMENT, "reliability", render(results, embedded));
  console.log("Nothing lost, nothing doubled.");
}

/** Figures of a part: those that a run of this seed kept, or new ones, which are kept. */
async function part<Figures>(name: string, measure: () => Promise<Figures>): Promise<Figures> {
  const file = join(import.meta.dir, "..", "dist", `reliability-${SEED}.json`);
  const kept = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as Record<string, Figures>;
  const figures = kept[name] ?? (await measure());
  await writeFile(file, JSON.stringify({ ...kept, [name]: figures }));
  console.log(`  ${name}: ${JSON.stringify(figures)}`);
  return figures;
}

function render(results: readonly Result[], embedded: ReadonlyMap<Mishap, EmbeddedFigures>): string {
  const heading = results.map(({ major }) => `PostgreSQL ${major}`);
  const ofCommands = results.flatMap(({ commands }) => commands);
  const kills =
    sum(results.map(({ kill }) => kill.kills)) +
    sum(ofCommands.map((figures) => figures.kills)) +
    (embedded.get("killed")?.rounds ?? 0);
  return [
    `Run of ${new Date().toISOString().slice(0, 10)}, seed ${SEED}, ${cpus().length} processors, ${process.platform} ${process.arch}: ${kills} kills,`,
    "nothing lost, nothing doubled, every stopped migration named.",
    "",
    table(["", ...heading], runnerRows(results)),
    "",
    "Every other command that writes, on all of these servers together: what its kills left, before the command was run again,",
    "which then got to the end each time.",
    "",
    table(["command", "kills", "all as before", "a stage between", "all done"], commandRows(ofCommands)),
    "",
    `\`build --baseline\` may stop between build and baseline, \`redo\` between down and up: both are said by \`status\`. The`,
    "`migrate up` is of a backfill, which goes on behind its last batch.",
    "",
    "The folder of the embedded engine, under `migrate up`:",
    "",
    table(["what happened", "times", "migrations found applied"], embeddedRows(embedded)),
  ].join("\n");
}

function runnerRows(results: readonly Result[]): string[][] {
  const row = (name: string, value: (result: Result) => string | number): string[] => [
    name,
    ...results.map((result) => String(value(result))),
  ];
  return [
    row("runners of `up` and `down` killed with SIGKILL", ({ kill }) => kill.kills),
    row(`databases taken up through ${MIGRATIONS} migrations`, ({ kill }) => kill.ups),
    row("and down again", ({ kill }) => kill.downs),
    row("kills that left a migration stopped half way", ({ kill }) => kill.stopped),
    row("went on with `resolve --continue`", ({ kill }) => kill.continued),
    row("went on with `resolve --continue --skip`", ({ kill }) => kill.skipped),
    row("invalid indexes dropped as told", ({ kill }) => kill.indexesDropped),
    row("longest time until the lock was free", ({ kill }) => `${(kill.lockFreeAfter / 1000).toFixed(1)} s`),
    row(`races of ${RUNNERS} runners, up and down`, ({ race }) => race.rounds * 2),
    row("runners that did not wait and were told who has the lock", ({ race }) => race.gaveUp),
  ];
}

function commandRows(all: readonly CommandFigures[]): string[][] {
  return [...new Set(all.map(({ command }) => command))].map((command) => {
    const own = all.filter((figures) => figures.command === command);
    const total = (key: "kills" | "before" | "between" | "after"): string =>
      String(sum(own.map((figures) => figures[key])));
    return [`\`${command}\``, total("kills"), total("before"), total("between"), total("after")];
  });
}

const WHAT: Readonly<Record<Mishap, string>> = {
  killed: "killed with SIGKILL",
  copied: "copied as it stood in the middle of the work",
  "power lost": "what was not synced was lost (a disk of its own, and what had reached it)",
};

function embeddedRows(embedded: ReadonlyMap<Mishap, EmbeddedFigures>): string[][] {
  return MISHAPS.map((mishap) => {
    const figures = embedded.get(mishap);
    return [WHAT[mishap], String(figures?.rounds ?? "not tried here"), String(figures?.migrations ?? "")];
  });
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(heading),
    `|---|${heading
      .slice(1)
      .map(() => "---:|")
      .join("")}`,
    ...rows.map(line),
  ].join("\n");
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

try {
  await main();
} finally {
  await stopServers();
  await removeProjects();
}
