import type { LoadedMigration } from "#migrate/body.ts";
import type { Direction } from "#migrate/events.ts";
import type { Catalogue } from "./catalogue.ts";
import { failed, type Finding } from "./finding.ts";
import type { ScratchRun } from "./scratch-run.ts";
import type { Look, Watch } from "./watch.ts";

/** What replaying the migrations showed. */
export interface Replay {
  readonly findings: readonly Finding[];
  /** How many migrations were applied for good. */
  readonly applied: number;
  /** After all of them; undefined when they did not get that far. */
  readonly end: Catalogue | undefined;
}

/** Migrations in order, and how they are looked at. */
export interface ReplayOptions {
  readonly migrations: readonly LoadedMigration[];
  /** Whether a migration is tried out; the others are only run to get there. */
  readonly isTested: (migration: LoadedMigration) => boolean;
  readonly watch: Watch;
  /** Who else looks at a migration that is tried out. */
  readonly onlooker?: Onlooker | undefined;
}

/** Looks at what a migration does to a database, besides its catalogue. */
export interface Onlooker {
  /** Before it is applied. */
  before(migration: LoadedMigration): Promise<void>;
  /** After it was applied (`up`) or rolled back again (`down`). */
  after(migration: LoadedMigration, direction: Direction): Promise<void>;
}

/** Each migration up, down (which has to give what was before), and up again. */
export async function bringForward(run: ScratchRun, options: ReplayOptions): Promise<Replay> {
  const findings: Finding[] = [];
  let applied = 0;
  const stopped = (finding: Finding): Replay => ({ findings: [...findings, finding], applied, end: undefined });
  for (const migration of options.migrations) {
    if (options.isTested(migration)) {
      const tried = await tryOut(run, migration, FIRST, options);
      findings.push(...tried.findings);
      if (tried.failure !== undefined) return stopped(tried.failure);
    }
    const again = options.isTested(migration) && migration.down !== undefined;
    const error = again || !options.isTested(migration) ? await run.step(migration, "up") : undefined;
    if (error !== undefined) return stopped(failed(migration, again ? AGAIN : FIRST.up, error));
    applied++;
  }
  return { findings, applied, end: await run.read() };
}

/**
 * Rolls a built schema back through the migrations, tries each out (up and down: the state below it has to be the
 * same again), and brings it forward.
 * @param options.migrations all of them with a down
 * @returns undefined when the schema does not hold what a migration would take away
 */
export async function rollBackAndForward(run: ScratchRun, options: ReplayOptions): Promise<Replay | undefined> {
  const { migrations, watch } = options;
  const findings: Finding[] = [];
  // Each of these shows again when schema files and migrations are compared at the end, if it comes to that.
  const lost: Finding[] = [];
  const stopped = (finding: Finding): Replay => ({
    findings: [...findings, ...lost, finding],
    applied: 0,
    end: undefined,
  });
  for (const [index, migration] of migrations.entries().toArray().toReversed()) {
    const above = await watch.lookAgain(migration);
    // The schema files may simply not hold this migration's change yet.
    if ((await run.step(migration, "down")) !== undefined) return undefined;
    if (!options.isTested(migration)) continue;
    const tried = await tryOut(run, migration, SECOND, options, async () => {
      const top = await watch.lookAgain(migration);
      lost.push(...watch.difference(migration, "does not bring back what its rollback takes away", above, top));
    });
    findings.push(...tried.findings);
    if (tried.failure === undefined) continue;
    watch.doubt(migrations.slice(index));
    return stopped(tried.failure);
  }
  for (const migration of migrations) {
    const error = await run.step(migration, "up");
    if (error !== undefined) return stopped(failed(migration, AGAIN, error));
  }
  // With nothing rolled back, the built schema would only be compared with itself.
  return { findings, applied: migrations.length, end: migrations.length === 0 ? undefined : await run.read() };
}

interface Words {
  readonly up: string;
  readonly down: string;
}

const FIRST: Words = { up: "does not apply", down: "does not roll back" };
const SECOND: Words = { up: "does not apply after its rollback", down: "does not roll back a second time" };
const AGAIN = "does not apply again after its rollback";

/** One migration up and down again, from the state below it. */
async function tryOut(
  run: ScratchRun,
  migration: LoadedMigration,
  words: Words,
  { watch, onlooker }: ReplayOptions,
  onTop?: () => Promise<void>,
): Promise<{ readonly findings: readonly Finding[]; readonly failure?: Finding }> {
  await onlooker?.before(migration);
  const before: Look = migration.down === undefined ? undefined : await watch.look(migration);
  const upError = await run.step(migration, "up");
  if (upError !== undefined) return { findings: [], failure: failed(migration, words.up, upError) };
  await onTop?.();
  await onlooker?.after(migration, "up");
  if (migration.down === undefined) return { findings: [] };
  const downError = await run.step(migration, "down");
  if (downError !== undefined) return { findings: [], failure: failed(migration, words.down, downError) };
  await onlooker?.after(migration, "down");
  return { findings: watch.difference(migration, "does not roll back exactly", before, await watch.look(migration)) };
}
