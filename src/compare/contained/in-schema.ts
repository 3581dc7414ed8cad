import type { Database } from "#database/database.ts";
import type { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/body.ts";
import { loadMigration } from "#migrate/load.ts";
import { migrationId } from "#migrate/migration-file.ts";
import { readCatalogue } from "../catalogue/catalogue.ts";
import { SCRATCH_LEDGER, type ScratchRun, startRun } from "../scratch/scratch-run.ts";
import { type ScratchSeries, withScratchSeries } from "../scratch/scratch-series.ts";
import { buildSchema, projectBase, type ProjectFiles } from "../sources/sources.ts";
import { type Clock, requireTime } from "./clock.ts";
import { type Contained, decided, divide } from "./contained.ts";
import { shareOf } from "./effect.ts";
import { findLast, readState, type Replay, type State } from "./replayed.ts";
import { hasRowsOf, readRowHashes } from "./rows.ts";

/**
 * Which unrecorded migrations the schema files hold already, by proof in scratch databases: what base and migrations lead
 * to, up to one of them, is in what the schema files build, rows included. What the files do not hold has to apply on top
 * of them.
 */
export async function containedInSchema(replay: Replay): Promise<Contained> {
  const { options } = replay;
  return await decided(replay, (open) =>
    withScratchSeries(options, async (series) => {
      const replayed = await replay.run(series);
      if (replayed === undefined) return await decideByRollback(replay, series, open);
      let database = await series.empty();
      const built = await build(database, options);
      const { states, error } = replayed;
      const known = states.size;
      const held = await findLast(replayed, series, options.clock, (state) => holds(states.get(0)!, state, built));
      if (states.size > known) {
        // They were read in its place.
        database = await series.empty();
        await buildSchema(database, options);
      }
      const run = await startRun(database, options);
      return divide(open, held, (await tryOnTop(run, open.slice(held), options.clock)) ?? error?.message);
    }),
  );
}

/** Whether the schema files hold all that the base makes, by proof in scratch databases. */
export async function baseIsInSchema(options: ProjectFiles): Promise<boolean> {
  const [base] = projectBase(options);
  if (base === undefined) return true;
  return await withScratchSeries(options, async (series) => {
    let database = await series.empty();
    const run = await startRun(database, options);
    const before = await readState(database, run);
    const error = await run.step(await loadMigration(options.projectDir, base, options.signal), "up");
    if (error !== undefined) throw error;
    const after = await readState(database, run);
    database = await series.empty();
    return holds(before, after, await build(database, options));
  });
}

async function build(database: Database, files: ProjectFiles): Promise<State> {
  await buildSchema(database, files);
  return { catalogue: await readCatalogue(database), rows: await readRowHashes(database, SCRATCH_LEDGER) };
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
async function tryOnTop(run: ScratchRun, rest: readonly LoadedMigration[], clock: Clock): Promise<string | undefined> {
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

/**
 * For migrations that only the schema files can carry: those that can be rolled back from what the files build, and whose
 * way up makes nothing that was not there before, are contained.
 */
async function decideByRollback(
  { options }: Replay,
  series: ScratchSeries,
  open: readonly LoadedMigration[],
): Promise<Contained> {
  const database = await series.empty();
  await buildSchema(database, options);
  const run = await startRun(database, options);
  let above = await readState(database, run);
  let held = 0;
  for (const [index, migration] of [...open.entries()].toReversed()) {
    requireTime(options.clock);
    if (migration.down === undefined) {
      if (held > 0) return divide(open, 0, `${migrationId(migration.file)} has no way back`);
      continue;
    }
    const { down } = migration;
    const isWhole = down.kind === "refused" || down.transactional;
    const untouched = isWhole ? undefined : await run.fingerprint();
    await run.record(migration);
    const error = await run.step(migration, "down");
    if (error !== undefined) {
      const isUntouched = isWhole || (await run.fingerprint()) === untouched;
      if (held > 0 || !isUntouched) return divide(open, 0, failed(migration, error));
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
  }
  // The first of those that were rolled back is there again; the others, and what the files do not hold, come on top of it.
  return divide(open, held, await tryOnTop(run, open.slice(held > 0 ? 1 : 0), options.clock));
}
