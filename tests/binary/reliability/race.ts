import type { Major } from "../../support/servers.ts";
import { type Bench, bench, type JsonDocument } from "./bench.ts";
import { auditLines, contradictions, ledgerLines, type Workload, workload } from "./workload.ts";

export interface RaceFigures {
  readonly rounds: number;
  readonly runners: number;
  /** How often a runner gave up because another had the lock. */
  readonly gaveUp: number;
}

export interface RaceOptions {
  readonly major: Major;
  readonly runners: number;
  readonly rounds: number;
  readonly migrations: number;
}

/**
 * Starts many runners at once on one database, again and again, up and down.
 * @throws Error for a version that was not handled exactly once, or a runner that ended in another way than
 * through or, without waiting, with the lock held
 */
export async function raceRunners(options: RaceOptions): Promise<RaceFigures> {
  const work = workload(options.migrations);
  await using b = await bench(options.major, work.files, {
    migrations: { lock_wait: "60s" },
    // So many at once take their time to be let in where the machine is small.
    url: (plain) => `${plain}${plain.includes("?") ? "&" : "?"}connect_timeout=60`,
  });
  const versions = work.migrations.map(({ version }) => version);
  let gaveUp = 0;
  for (let round = 0; round < options.rounds; round++) {
    // Every other round half of them do not wait.
    const impatient = round % 2 === 1;
    gaveUp += await race(b, options.runners, ["migrate", "up"], versions, impatient);
    await requireSound(b, work, versions.length);
    const audit = await auditLines(b.query);
    if (new Set(audit).size !== audit.length) throw new Error(`done twice: ${audit.join(", ")}`);
    gaveUp += await race(b, options.runners, ["migrate", "down", "--to", "0"], versions.toReversed(), impatient);
    await requireSound(b, work, 0);
  }
  return { rounds: options.rounds, runners: options.runners, gaveUp };
}

async function race(
  b: Bench,
  runners: number,
  command: readonly string[],
  versions: readonly string[],
  impatient: boolean,
): Promise<number> {
  const documents = await Promise.all(
    Array.from({ length: runners }, (_, index) =>
      b.json(...command, ...(impatient && index % 2 === 1 ? ["--no-wait"] : [])),
    ),
  );
  const done: string[] = [];
  for (const { exitCode, migrations, error } of documents) {
    if (exitCode === 6 && impatient && error.code === "lock_held") continue;
    if (exitCode !== 0) throw new Error(`a runner exited with ${exitCode}: ${JSON.stringify(error)}`);
    done.push(...migrations.map(({ version }) => version));
  }
  if (!Bun.deepEquals(done, versions)) throw new Error(`${command.join(" ")} handled ${done.join(", ")}`);
  return documents.filter(({ exitCode }: JsonDocument) => exitCode === 6).length;
}

async function requireSound(b: Bench, work: Workload, rows: number): Promise<void> {
  const wrong = await contradictions(work, b.query);
  const recorded = await ledgerLines(b.query);
  if (recorded.length !== rows) wrong.push(`${recorded.length} rows in the ledger, not ${rows}`);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}
