import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/body.ts";
import { loadMigration } from "#migrate/load.ts";
import { type MigrationFile, migrationId } from "#migrate/migration-file.ts";
import { readCatalogue } from "../catalogue/catalogue.ts";
import { SCRATCH_LEDGER, type ScratchRun, startRun } from "../scratch/scratch-run.ts";
import { type ScratchSeries, withScratchSeries } from "../scratch/scratch-series.ts";
import { buildSchema, projectBase } from "../sources/sources.ts";
import { requireTime } from "./clock.ts";
import { shareOf } from "./effect.ts";
import { type ContainedOptions, loadOpen, readState, type Replayed, replay, type State, WINDOW } from "./replayed.ts";
import { hasRowsOf, readRowHashes } from "./rows.ts";

/** Migrations that are not recorded, told apart by whether something holds their changes already. In version order. */
export interface Contained {
  /** From the first one on: all that they do is there. */
  readonly contained: readonly MigrationFile[];
  /** What they do is not there. */
  readonly pending: readonly MigrationFile[];
  /** Nobody can tell. */
  readonly undecided: readonly MigrationFile[];
  /** Why not, where some are undecided. */
  readonly why: string | undefined;
}

/**
 * Which unrecorded migrations the schema files hold already, by proof in scratch databases: what base and migrations lead
 * to, up to one of them, is in what the schema files build, rows included. What the files do not hold has to apply on top
 * of them.
 */
export async function containedInSchema(options: ContainedOptions): Promise<Contained> {
  return await decided(options, async (all, open) =>
    withScratchSeries(options, async (series) => {
      const replayed = await replay(options, await series.empty(), { all, open, from: open.length - WINDOW });
      if (replayed === undefined) return await decideByRollback(options, series, open);
      const found = await decide(options, series, open, replayed);
      if (found.contained.length > 0 || open.length <= WINDOW) return found;
      const whole = await replay(options, await series.empty(), { all, open, from: 0 });
      return whole === undefined ? found : await decide(options, series, open, whole);
    }),
  );
}

/** Whether the schema files hold all that the base makes, by proof in scratch databases. */
export async function baseIsInSchema(options: ContainedOptions): Promise<boolean> {
  const [base] = projectBase(options);
  if (base === undefined) return true;
  return await withScratchSeries(options, async (series) => {
    let database = await series.empty();
    const run = await startRun(database, options);
    const before = await readState(database, run);
    const error = await run.step(await loadMigration(options.projectDir, base, options.signal), "up");
    if (error !== undefined) throw error;
    const after = await readState(database, run);
    requireTime(options.clock);
    database = await series.empty();
    await buildSchema(database, options);
    const built = { catalogue: await readCatalogue(database), rows: await readRowHashes(database, SCRATCH_LEDGER) };
    return holds(before, after, built);
  });
}

/** What cannot be decided stops nothing: it is said. */
export async function decided(
  options: ContainedOptions,
  decideIn: (all: readonly LoadedMigration[], open: readonly LoadedMigration[]) => Promise<Contained>,
): Promise<Contained> {
  let files: readonly MigrationFile[] = [];
  try {
    const { all, open } = await loadOpen(options);
    files = open.map(({ file }) => file);
    if (open.length === 0) return { contained: [], pending: [], undecided: [], why: undefined };
    return await decideIn(all, open);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code === "interrupted" || error.code === "internal") throw error;
    return { contained: [], pending: [], undecided: files, why: error.message };
  }
}

async function decide(
  options: ContainedOptions,
  series: ScratchSeries,
  open: readonly LoadedMigration[],
  { before, after, error }: Replayed,
): Promise<Contained> {
  const database = await series.empty();
  await buildSchema(database, options);
  const built: State = {
    catalogue: await readCatalogue(database),
    rows: await readRowHashes(database, SCRATCH_LEDGER),
  };
  const last = after.findLastIndex((state) => state !== undefined && holds(before, state, built));
  const run = await startRun(database, options);
  return divide(open, last + 1, (await tryOnTop(run, open.slice(last + 1), options)) ?? error?.message);
}

/** Whether all that happened between two states is in a third. */
function holds(before: State, after: State, built: State): boolean {
  return (
    shareOf(before.catalogue, after.catalogue, built.catalogue) === "all" &&
    hasRowsOf(before.rows, after.rows, built.rows)
  );
}

/**
 * What the schema files do not hold has to apply to them; otherwise they hold some of it.
 * @returns what went wrong, if anything did
 */
async function tryOnTop(
  run: ScratchRun,
  rest: readonly LoadedMigration[],
  { clock }: ContainedOptions,
): Promise<string | undefined> {
  for (const migration of rest) {
    requireTime(clock);
    const error = await run.step(migration, "up");
    if (error !== undefined) return failed(migration, error);
  }
  return undefined;
}

function failed({ file }: LoadedMigration, { message }: ConfitureError): string {
  return `${migrationId(file)}: ${message}`;
}

/** @param contained how many, from the first on */
export function divide(open: readonly LoadedMigration[], contained: number, why: string | undefined): Contained {
  const files = open.map(({ file }) => file);
  const rest = files.slice(contained);
  return {
    contained: files.slice(0, contained),
    pending: why === undefined ? rest : [],
    undecided: why === undefined ? [] : rest,
    why: rest.length === 0 ? undefined : why,
  };
}

/**
 * For migrations that only the schema files can carry: those that can be rolled back from what the files build, and whose
 * way up makes nothing that was not there before, are contained.
 */
async function decideByRollback(
  options: ContainedOptions,
  series: ScratchSeries,
  open: readonly LoadedMigration[],
): Promise<Contained> {
  const database = await series.empty();
  await buildSchema(database, options);
  const run = await startRun(database, options);
  let above = await readState(database, run);
  let untouched = await run.fingerprint();
  let held = 0;
  for (const [index, migration] of [...open.entries()].toReversed()) {
    requireTime(options.clock);
    if (migration.down === undefined) {
      if (held > 0) return divide(open, 0, `${migrationId(migration.file)} has no way back`);
      continue;
    }
    await run.record(migration);
    const error = await run.step(migration, "down");
    if (error !== undefined) {
      if (held > 0 || (await run.fingerprint()) !== untouched) return divide(open, 0, failed(migration, error));
      await run.forget(migration);
      continue;
    }
    const below = await readState(database, run);
    const isBack = (await run.step(migration, "up")) === undefined;
    if (!isBack || !holds(below, await readState(database, run), above)) {
      return divide(open, 0, `${migrationId(migration.file)} does not bring back what its rollback takes away`);
    }
    held++;
    if (index === 0) break;
    await run.step(migration, "down");
    above = below;
    untouched = await run.fingerprint();
  }
  // The first of those that were rolled back is there again; the others, and what the files do not hold, come on top of it.
  return divide(open, held, await tryOnTop(run, open.slice(held > 0 ? 1 : 0), options));
}
