import type { Database } from "#database/database.ts";
import { asFailure, ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { compareVersions, isBase } from "#migrate/files/version.ts";
import { type ScratchRun, startRun } from "../runs/scratch-run.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import {
  isMissingObject,
  prepareSource,
  projectBase,
  projectMigrations,
  type Source,
  startsElsewhere,
} from "../sources/sources.ts";
import type { TraceOptions } from "./facts.ts";
import { leavingOut } from "./leaving-out.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";

/** A scratch database in which everything has run that comes before what is traced. */
export interface Start {
  readonly database: Database;
  readonly run: ScratchRun;
  readonly leftOut: ConfitureError[];
  /** Whether there was nothing to run. */
  readonly isEmpty: boolean;
  /** Whether it is `otherwise`. */
  readonly isOther: boolean;
  /** As of `Trace`. */
  readonly notReplayed?: ConfitureError | undefined;
}

/** Makes what the migrations are to find from something else than those before them. */
export async function beginWith(series: ScratchSeries, options: TraceOptions, source: Source): Promise<Start> {
  const database = await series.empty();
  await prepareSource(database, options, source);
  return { database, run: await startRun(database, options), leftOut: [], isEmpty: false, isOther: true };
}

/**
 * Runs what comes before the traced migrations, or makes what is to stand in for it.
 * @throws ConfitureError what keeps that from running
 */
export async function begin(series: ScratchSeries, options: TraceOptions): Promise<Start> {
  const leftOut: ConfitureError[] = [];
  const database = await series.empty();
  const run = await startRun(database, options);
  const base = projectBase(options);
  const before = [...base, ...earlier(options)];
  const failed = await runEarlier(run, before, options, leftOut);
  if (failed === undefined) return { database, run, leftOut, isEmpty: before.length === 0, isOther: false };
  // A base stands for nothing but an empty database.
  if (base.some(({ path }) => path === failed.location?.file)) throw failed;
  const isFirst = failed.data?.["startsElsewhere"] === true;
  if (options.otherwise === undefined) throw isFirst ? failed : withWayOut(failed, true);
  if (isFirst) return await beginWith(series, options, options.otherwise);
  const other = await beginWith(series, options, options.otherwise).catch(asFailure);
  if (other instanceof ConfitureError) throw withWayOut(failed, false);
  return { ...other, notReplayed: failed };
}

/**
 * Of an applied migration that does not run where everything before it has run.
 * @param mayAskDatabase whether it can be tried on a copy of the database's schema instead
 */
function withWayOut(failed: ConfitureError, mayAskDatabase: boolean): ConfitureError {
  const askIt = mayAskDatabase
    ? "Without --since, `confiture migrate plan` tries what is pending on a copy of the database's schema. Or change the migration"
    : "Change the migration";
  return failed.with({
    hint: `This migration does not run again from an empty database. ${askIt} so that it does (\`DROP ... IF EXISTS\`, for something that was made by hand), and accept it on each database that has it: \`confiture migrate accept VERSION --different\`.`,
  });
}

/**
 * Runs the base and what is applied already.
 * @param leftOut is given the statements that this PostgreSQL cannot run
 * @returns what stopped them
 */
async function runEarlier(
  run: ScratchRun,
  files: readonly MigrationFile[],
  options: TraceOptions,
  leftOut: ConfitureError[],
): Promise<ConfitureError | undefined> {
  for (const [index, file] of files.entries()) {
    const migration = await loadWithinLimit(options, file);
    const error = await stepLeavingOut(run, migration, options, leftOut);
    if (error !== undefined) return index === 0 ? elsewhere(error, file) : error;
  }
  return undefined;
}

function elsewhere(error: ConfitureError, { version }: MigrationFile): ConfitureError {
  return !isBase(version) && isMissingObject(error) ? startsElsewhere(error) : error;
}

function earlier(options: TraceOptions): readonly MigrationFile[] {
  if (options.applied !== undefined) return options.applied;
  const [first] = options.migrations;
  if (first === undefined) return [];
  return projectMigrations(options).filter(({ version }) => compareVersions(version, first.version) < 0);
}

/** Once a statement could not run for want of an extension, what needs it is left out as well. */
export async function stepLeavingOut(
  run: ScratchRun,
  migration: LoadedMigration,
  { scratch }: TraceOptions,
  leftOut: ConfitureError[],
): Promise<ConfitureError | undefined> {
  const error = leftOut.length === 0 ? await run.step(migration, "up") : undefined;
  if (leftOut.length === 0 && error?.code !== "extension_missing") return error;
  return await run.step(migration, "up", leavingOut(scratch, leftOut));
}
