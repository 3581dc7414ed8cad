import { asFailure, ConfitureError } from "#errors/error.ts";
import { backfillOf, lazyMigration, type LoadedMigration, type RefusedBody } from "#migrate/files/body.ts";
import { loadMigration, recordedOf } from "#migrate/files/load.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { compareVersions } from "#migrate/files/version.ts";
import { mayMoveTable } from "#sql/effects/replaced.ts";
import { mayMoveColumn } from "#sql/effects/replaced-columns.ts";
import type { Statement } from "#sql/statement.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";
import { type ScratchSeries, withScratchSeries } from "../runs/scratch-series.ts";
import { isMissingObject, projectMigrations } from "../sources/sources.ts";
import { EmptiedTables } from "./emptied-tables.ts";
import { collectFixtures, loadFixtures } from "./fixtures.ts";
import type { MigrationFacts, Trace, TraceOptions } from "./facts.ts";
import { makeUpRows } from "./made-up-rows.ts";
import { mayBranch } from "./branches.ts";
import { Meter } from "./meter.ts";
import { RowsInTheWay } from "./rows-in-the-way.ts";
import { locksOfApart, traceOne, type Way } from "./trace-one.ts";
import {
  isOverLimit,
  limitingCode,
  loadWithinLimit,
  type TimeLimit,
  timeLimit,
  withoutEndless,
} from "../runs/within-limit.ts";
import { type Start, beginWith, begin, stepLeavingOut } from "./start.ts";
import { wayBackOf } from "./way-back.ts";
import { validatedBy, withoutUnvalidated } from "./unvalidated.ts";

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
    rows?.forgetBefore();
    // Those that show the locks of statements by themselves need no rows.
    if (rows !== undefined && way !== "apart") {
      const still = await emptied.refill(database, rows, migrations.at(-1)?.statements ?? []);
      withoutRows = [...new Set([...withoutRows, ...still])];
    }
    if (rows === undefined) {
      const madeUp =
        way === "apart"
          ? { filled: new Set<string>(), withoutRows: [] }
          : await withoutUnvalidated(database, validatedBy(options.projectDir, options.migrations), () =>
              makeUpRows(database, { without, inTransaction: false }),
            );
      rows = new RowsInTheWay(madeUp, options.fixturesDir !== undefined, without);
      withoutRows = madeUp.withoutRows;
    }
    if (meter === undefined) meter = await Meter.start(database, without);
    // What was watched is known; what was not may have changed anything.
    else if (!isWatched || fixtures.length > 0) await meter.refresh();
    const wayBack =
      options.triesBack === true && way !== "apart"
        ? await wayBackOf(run, database, migration, { meter, rows, limit: options.limit, signal: options.signal })
        : undefined;
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
      wayBack,
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
