import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { backfillOf, lazyMigration, type LoadedMigration, type RefusedBody } from "#migrate/body.ts";
import { loadMigration, recordedOf } from "#migrate/load.ts";
import type { MigrationFile } from "#migrate/migration-file.ts";
import { compareVersions, isBase } from "#migrate/version.ts";
import { mayMoveTable } from "#sql/replaced.ts";
import { mayMoveColumn } from "#sql/replaced-columns.ts";
import type { Statement } from "#sql/statement.ts";
import { asFailure, SCRATCH_LEDGER, type ScratchRun, startRun } from "../scratch/scratch-run.ts";
import { type ScratchSeries, withScratchSeries } from "../scratch/scratch-series.ts";
import {
  isMissingObject,
  prepareSource,
  projectBase,
  projectMigrations,
  type Source,
  startsElsewhere,
} from "../sources/sources.ts";
import { EmptiedTables } from "./emptied-tables.ts";
import { collectFixtures, loadFixtures } from "./fixtures.ts";
import type { MigrationFacts, Trace, TraceOptions } from "./facts.ts";
import { makeUpRows } from "./made-up-rows.ts";
import { mayBranch } from "./branches.ts";
import { Meter } from "./meter.ts";
import { leavingOut } from "./leaving-out.ts";
import { RowsInTheWay } from "./rows-in-the-way.ts";
import { locksOfApart, traceOne, type Way } from "./trace-one.ts";
import {
  isOverLimit,
  limitingCode,
  loadWithinLimit,
  type TimeLimit,
  timeLimit,
  withoutEndless,
} from "../scratch/within-limit.ts";

/**
 * Runs migrations in a scratch database with rows in its tables, and tells what each statement did. A statement that fails is told
 * (`error`), and those behind it are tried all the same.
 * @throws ConfitureError what keeps base or applied migrations from running; `interrupted`
 */
export async function traceMigrations(given: TraceOptions): Promise<Trace> {
  const limit = timeLimit(given.timeLimit);
  const options = { ...given, limit };
  const fixtures = options.fixturesDir === undefined ? [] : collectFixtures(options, options.fixturesDir);
  return await withoutEndless(limit, () => withScratchSeries(options, (series) => traceIn(series, options, fixtures)));
}

type Limited = TraceOptions & { readonly limit: TimeLimit };

async function traceIn(series: ScratchSeries, options: Limited, fixtures: readonly string[]): Promise<Trace> {
  let start = await begin(series, options);
  let trace = await traceFrom(start, options, fixtures, "both");
  if (options.otherwise !== undefined && !start.isOther) {
    if (start.isEmpty && lacksWhatSchemaMakes(trace)) {
      start = await beginWith(series, options, options.otherwise);
      trace = await traceFrom(start, options, fixtures, "both");
    } else if (options.trustsOtherwise === true && missing(trace).length > 0) {
      const [notReplayed] = missing(trace);
      const other = await beginWith(series, options, options.otherwise).catch(asFailure);
      const better = other instanceof ConfitureError ? undefined : await traceFrom(other, options, fixtures, "both");
      if (better !== undefined && missing(better).length < missing(trace).length) {
        start = other as Start;
        trace = { ...better, notReplayed };
      }
    }
  }
  const again = async (): Promise<Start> =>
    start.isOther ? await beginWith(series, options, options.otherwise!) : await begin(series, options);
  if (trace.isAstray) trace = await traceFrom(await again(), options, fixtures, "together");
  for (const [file, error] of trace.unloaded) options.onUnloaded?.(file, error);
  if (trace.isComplete) return trace;
  const apart = await traceFrom(await again(), options, [], "apart");
  return { ...trace, migrations: withOwnLocks(trace.migrations, apart.migrations) };
}

/** A scratch database in which everything has run that comes before what is traced. */
interface Start {
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

/** What statements say that miss something, which the database in use may have. */
function missing({ migrations }: Trace): ConfitureError[] {
  const errors = migrations.flatMap(({ statements }) => statements.flatMap(({ error }) => error?.error ?? []));
  return errors.filter(isMissingObject);
}

/** Whether the first statement of all misses something: a migration that nothing comes before alters what schema files make. */
function lacksWhatSchemaMakes({ migrations: [first] }: Trace): boolean {
  const error = first?.statements.find((statement) => statement.error !== undefined)?.error?.error;
  return error !== undefined && isMissingObject(error);
}

async function beginWith(series: ScratchSeries, options: TraceOptions, source: Source): Promise<Start> {
  const database = await series.empty();
  await prepareSource(database, options, source);
  return { database, run: await startRun(database, options), leftOut: [], isEmpty: false, isOther: true };
}

async function begin(series: ScratchSeries, options: TraceOptions): Promise<Start> {
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

/** Of statements whose own locks are not known yet, as they were when each ran in a transaction of its own. */
function withOwnLocks(migrations: readonly MigrationFacts[], apart: readonly MigrationFacts[]): MigrationFacts[] {
  return migrations.map((migration, at) => ({
    ...migration,
    statements: locksOfApart(migration.statements, apart[at]?.statements ?? []),
  }));
}

interface Told extends Trace {
  /** Whether the own locks of every statement are known. */
  readonly isComplete: boolean;
  /** Whether it stopped, because the database was no longer what the migrations make of it. */
  readonly isAstray: boolean;
  /** Files of rows that wait for what no migration makes. */
  readonly unloaded: ReadonlyMap<string, ConfitureError>;
}

async function traceFrom(
  { database, run, leftOut, notReplayed }: Start,
  options: Limited,
  fixtures: readonly string[],
  way: Way,
): Promise<Told> {
  const without = new Set([`${SCRATCH_LEDGER.schema}.${SCRATCH_LEDGER.table}`]);
  const loader = loadFixtures(database, fixtures, options);
  const migrations: MigrationFacts[] = [];
  let rows: RowsInTheWay | undefined;
  let withoutRows: readonly string[] = [];
  let meter: Meter | undefined;
  const lost = { any: leftOut.length > 0 };
  let isComplete = true;
  let isAstray = false;
  let isWatched = true;
  const emptied = new EmptiedTables();
  const others = untraced(options);
  const before: Statement[] = [];
  for (const file of options.migrations) {
    const last = migrations.at(-1)?.file;
    for (const between of others.filter((other) => isBetween(last, other, file))) {
      const loaded = await loadWithinLimit(options, between);
      const error = await stepLeavingOut(run, loaded, options, leftOut);
      if (error !== undefined) throw error;
      await meter?.takeIntoUse();
    }
    const migration = await loadToTrace(file, options);
    await loader.load(migration);
    // Those that show the locks of statements by themselves need no rows.
    if (rows !== undefined && way !== "apart")
      await emptied.refill(database, rows, migrations.at(-1)?.statements ?? []);
    if (rows === undefined) {
      const madeUp =
        way === "apart"
          ? { filled: new Set<string>(), withoutRows: [] }
          : await makeUpRows(database, { without, inTransaction: false });
      rows = new RowsInTheWay(madeUp.filled, options.fixturesDir !== undefined, without);
      withoutRows = madeUp.withoutRows;
    }
    if (meter === undefined) meter = await Meter.start(database, without);
    // What was watched is known; what was not may have changed anything.
    else if (!isWatched || fixtures.length > 0) await meter.refresh();
    const { projectDir, scratch, timeZone, postgres, limit, signal } = options;
    const told = await traceOne(
      run,
      { projectDir, migration, meter, rows, scratch, lost, before, timeZone, postgres, limit, signal },
      way,
    );
    if (limit.isSessionOver) throw new ConfitureError("connection_lost", "The session was ended at the time limit");
    if (migration.up.kind === "sql") before.push(...migration.up.script.statements.filter(mayMove));
    isComplete &&= told.isComplete;
    ({ isAstray, isWatched } = told);
    migrations.push({
      file,
      checksum: migration.checksum,
      transactional: migration.up.kind !== "refused" && migration.up.transactional,
      backfill: backfillOf(migration.up) !== undefined,
      reversible: isReversible(migration),
      hasBranches: mayBranch(projectDir, migration),
      statements: told.statements,
      error: told.error,
    });
    if (isAstray) break;
  }
  return {
    migrations,
    serverVersion: database.serverVersion,
    withoutRows,
    leftOut,
    notReplayed,
    isComplete,
    isAstray,
    unloaded: loader.waiting(),
  };
}

/** What tells of later migrations whether they put something else in the place of another, or lay it open. */
function mayMove(statement: Statement): boolean {
  const { firstWord, text } = statement;
  if (firstWord === "CREATE") return /^create\s+(?:unlogged\s+)?table\b[^]*\blike\b/i.test(text);
  return (
    mayMoveTable(statement) || mayMoveColumn(statement) || (firstWord === "ALTER" && /\brow\s+level\b/i.test(text))
  );
}

/** Code that does not end while it is loaded keeps nothing else from being tried. */
async function loadToTrace(file: MigrationFile, { projectDir, limit, signal }: Limited): Promise<LoadedMigration> {
  try {
    return await limitingCode(file, limit, signal, (within) => loadMigration(projectDir, file, within));
  } catch (error) {
    if (!isOverLimit(error)) throw error;
    const refused: RefusedBody = { kind: "refused", error };
    return lazyMigration(
      file,
      recordedOf(projectDir, file),
      () => refused,
      () => undefined,
    );
  }
}

/** Those that are not traced, where nobody says what is applied: they are there before the traced ones that are newer. */
function untraced({ applied, migrations, ...files }: TraceOptions): readonly MigrationFile[] {
  if (applied !== undefined) return [];
  const traced = new Set(migrations.map(({ version }) => version));
  return projectMigrations(files).filter(({ version }) => !traced.has(version));
}

function isBetween(last: MigrationFile | undefined, { version }: MigrationFile, next: MigrationFile): boolean {
  return last !== undefined && compareVersions(version, last.version) > 0 && compareVersions(version, next.version) < 0;
}

function isReversible({ down }: LoadedMigration): boolean {
  return down !== undefined && down.kind !== "refused";
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
async function stepLeavingOut(
  run: ScratchRun,
  migration: LoadedMigration,
  { scratch }: TraceOptions,
  leftOut: ConfitureError[],
): Promise<ConfitureError | undefined> {
  const error = leftOut.length === 0 ? await run.step(migration, "up") : undefined;
  if (leftOut.length === 0 && error?.code !== "extension_missing") return error;
  return await run.step(migration, "up", leavingOut(scratch, leftOut));
}
