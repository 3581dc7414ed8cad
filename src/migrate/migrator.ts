import type { Database } from "#database/database.ts";
import { openDatabase, withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { discoverMigrations, type MigrationFile, migrationId } from "./discover.ts";
import type { Direction, MigrateEvent } from "./events.ts";
import { type HistoryEntry, joinHistory } from "./history.ts";
import {
  changeLedger,
  createLedger,
  deleteSql,
  findLedger,
  insertSql,
  type Ledger,
  readLedger,
  updateSql,
} from "./ledger.ts";
import { checksumOf, type LoadedMigration, loadMigration } from "./load.ts";
import { acquireLock, lockKey } from "./lock.ts";
import { planDown, type PlanDownOptions, planUp, type PlanUpOptions, requireKnown } from "./plan.ts";
import { bodyOf, runMigration, type RunOptions } from "./run.ts";
import { compareVersions } from "./version.ts";

/** What every operation on migrations needs to know. */
export interface MigrateOptions {
  readonly target: Target;
  readonly projectDir: string;
  /** The migrations folder, relative to the project. */
  readonly dir: string;
  /** The ledger's name, `table` or `schema.table`. */
  readonly table: string;
  /** Milliseconds. */
  readonly lockWait: number;
  readonly lockTimeout: number;
  readonly statementTimeout: number;
  readonly toolVersion: string;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: MigrateEvent) => void) | undefined;
}

export interface MigrationResult {
  readonly migration: MigrationFile;
  readonly direction: Direction;
  readonly outcome: "done" | "failed" | "not-run";
  /** Milliseconds; only when done. */
  readonly duration?: number;
}

/** What a run did. `error` is what stopped it; the results before it stand. */
export interface RunReport {
  readonly results: readonly MigrationResult[];
  readonly error: ConfitureError | undefined;
}

export interface Status {
  readonly history: readonly HistoryEntry[];
  /** SQL files in the folder whose names are no migration's. */
  readonly ignored: readonly string[];
  readonly ledger: Ledger;
}

/** Lays files and ledger side by side. Reads only: takes no lock and creates nothing. */
export async function status(options: MigrateOptions): Promise<Status> {
  const { ignored } = discoverMigrations(options.projectDir, options.dir);
  return await withDatabase(options.target, {}, async (database) => {
    const ledger = await findLedger(database, options.table);
    return { history: await readHistory(database, ledger, options), ignored, ledger };
  });
}

/**
 * Applies what is pending. Everything that can be checked is checked before the first migration runs.
 * @throws ConfitureError when nothing was run; a failure on the way is in the report
 */
export async function up(options: MigrateOptions, plan: PlanUpOptions): Promise<RunReport> {
  // Files that are wrong in themselves are reported without a connection.
  discoverMigrations(options.projectDir, options.dir);
  return await exclusively(options, async (database, ledger) => {
    const files = planUp(await readHistory(database, ledger, options), plan);
    const migrations = await load(files, "up", options);
    if (migrations.length === 0) return { results: [], error: undefined };
    return await runAll(database, await createLedger(database, ledger), migrations, "up", options);
  });
}

/**
 * Rolls migrations back, newest first.
 * @throws ConfitureError when nothing was run; a failure on the way is in the report
 */
export async function down(options: MigrateOptions, plan: PlanDownOptions): Promise<RunReport> {
  discoverMigrations(options.projectDir, options.dir);
  return await exclusively(options, async (database, ledger) => {
    const applied = planDown(await readHistory(database, ledger, options), plan);
    const migrations = await load(
      applied.map(({ file }) => file),
      "down",
      options,
    );
    return await runAll(database, ledger, withRecordedVersions(migrations, applied), "down", options);
  });
}

/** Rolls the last migrations back and applies them again, under one lock. */
export async function redo(options: MigrateOptions, steps: number): Promise<RunReport> {
  discoverMigrations(options.projectDir, options.dir);
  return await exclusively(options, async (database, ledger) => {
    const applied = planDown(await readHistory(database, ledger, options), { steps });
    const loaded = await load(
      applied.map(({ file }) => file),
      "down",
      options,
    );
    const migrations = withRecordedVersions(loaded, applied);
    const undone = await runAll(database, ledger, migrations, "down", options);
    if (undone.error !== undefined) return undone;
    const redone = await runAll(database, ledger, loaded.toReversed(), "up", options);
    return { results: [...undone.results, ...redone.results], error: redone.error };
  });
}

/**
 * Records migrations as applied without running them.
 * @param through the last version to record; all when undefined
 * @returns those that were not recorded before
 */
export async function baseline(options: MigrateOptions, through: string | undefined): Promise<MigrationFile[]> {
  return await exclusively(options, (database, ledger) => recordBaseline(database, ledger, options, through));
}

/** Takes the lock for the time of `work`, on a connection of its own. */
export async function exclusively<T>(
  options: MigrateOptions,
  work: (database: Database, ledger: Ledger) => Promise<T>,
): Promise<T> {
  const { signal } = options;
  const database = await openDatabase(options.target, {
    onNotice: (notice) => options.onEvent?.({ type: "notice", notice }),
  });
  const cancel = (): void => void database.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel);
  try {
    signal?.throwIfAborted();
    const ledger = await findLedger(database, options.table);
    await acquireLock(database, lockKey(ledger), {
      wait: options.lockWait,
      signal,
      onWaiting: (holder) => options.onEvent?.({ type: "waiting-for-lock", holder }),
    });
    // Another runner may have created it while this one waited.
    return await work(database, await findLedger(database, options.table));
  } finally {
    signal?.removeEventListener("abort", cancel);
    await database.close();
  }
}

/** `baseline` for a caller that holds the lock and may have a transaction open. */
export async function recordBaseline(
  database: Database,
  ledger: Ledger,
  options: MigrateOptions,
  through: string | undefined,
): Promise<MigrationFile[]> {
  const history = await readHistory(database, ledger, options);
  if (through !== undefined) requireKnown(history, through);
  const files = history.flatMap((entry) =>
    entry.file !== undefined &&
    entry.row === undefined &&
    (through === undefined || compareVersions(entry.version, through) <= 0)
      ? [entry.file]
      : [],
  );
  if (files.length === 0) return [];
  const created = await createLedger(database, ledger);
  const rows = files.map((file) => {
    const checksum = checksumOf(options.projectDir, file);
    return insertSql(created, { ...file, checksum }, options.toolVersion, { state: "applied", executionMs: "0" });
  });
  await changeLedger(database, created, rows.join("; "));
  return files;
}

/**
 * Puts the record of one migration right after something went wrong; runs nothing.
 * @param as "applied": all of it is there; "rolled-back": none of it is there, forget the row
 */
export async function resolveMigration(
  options: MigrateOptions,
  version: string,
  as: "applied" | "rolled-back",
): Promise<HistoryEntry> {
  return await exclusively(options, async (database, ledger) => {
    const entry = requireKnown(await readHistory(database, ledger, options), version);
    const { file, row } = entry;
    if (as === "rolled-back") {
      if (row === undefined) throw nothingToResolve(entry, "it is not recorded");
      await changeLedger(database, ledger, deleteSql(ledger, row.version));
      return entry;
    }
    if (row?.state === "applied") throw nothingToResolve(entry, "it is recorded as applied");
    if (row === undefined) {
      if (file === undefined) throw nothingToResolve(entry, "it has no file");
      const created = await createLedger(database, ledger);
      const checksum = checksumOf(options.projectDir, file);
      await changeLedger(
        database,
        created,
        insertSql(created, { ...file, checksum }, options.toolVersion, { state: "applied", executionMs: "0" }),
      );
      return entry;
    }
    await changeLedger(
      database,
      ledger,
      updateSql(ledger, row.version, {
        state: "applied",
        ...(file === undefined ? {} : { checksum: checksumOf(options.projectDir, file) }),
      }),
    );
    return entry;
  });
}

/** Records the file as it is now as the one that was applied. */
export async function acceptEdited(options: MigrateOptions, version: string): Promise<HistoryEntry> {
  return await exclusively(options, async (database, ledger) => {
    const entry = requireKnown(await readHistory(database, ledger, options), version);
    const { file, row } = entry;
    if (entry.standing !== "edited" || file === undefined || row === undefined) {
      throw nothingToResolve(entry, "its file is not edited");
    }
    await changeLedger(
      database,
      ledger,
      updateSql(ledger, row.version, { checksum: checksumOf(options.projectDir, file), name: file.name }),
    );
    return entry;
  });
}

function nothingToResolve(entry: HistoryEntry, why: string): ConfitureError {
  return new ConfitureError("migration_unknown", `There is nothing to do for migration ${migrationId(entry)}: ${why}`, {
    hint: "`confiture migrate status` shows how each migration stands.",
  });
}

async function readHistory(database: Database, ledger: Ledger, options: MigrateOptions): Promise<HistoryEntry[]> {
  const rows = await readLedger(database, ledger);
  const { migrations } = discoverMigrations(options.projectDir, options.dir);
  return joinHistory(migrations, rows, (file) => checksumOf(options.projectDir, file));
}

/** Reads all of them, and requires that each can go the way asked, before any of them runs. */
export async function load(
  files: readonly MigrationFile[],
  direction: Direction,
  options: MigrateOptions,
): Promise<LoadedMigration[]> {
  const loaded: LoadedMigration[] = [];
  for (const file of files) {
    const migration = await loadMigration(options.projectDir, file);
    bodyOf(migration, direction);
    loaded.push(migration);
  }
  return loaded;
}

/** The ledger knows a version as it was written when applied; "1" may be "001" today. */
function withRecordedVersions(
  loaded: readonly LoadedMigration[],
  applied: readonly { readonly row: { readonly version: string } }[],
): LoadedMigration[] {
  return loaded.map((migration, index) => ({
    ...migration,
    file: { ...migration.file, version: applied[index]?.row.version ?? migration.file.version },
  }));
}

async function runAll(
  database: Database,
  ledger: Ledger,
  migrations: readonly LoadedMigration[],
  direction: Direction,
  options: MigrateOptions,
): Promise<RunReport> {
  const runOptions: RunOptions = { ...options, ledger, lockKey: lockKey(ledger) };
  const results: MigrationResult[] = [];
  for (const [index, migration] of migrations.entries()) {
    const { file } = migration;
    try {
      throwIfInterrupted(options.signal);
      options.onEvent?.({ type: "started", direction, migration: file });
      const started = performance.now();
      await runMigration(database, migration, direction, runOptions);
      const duration = performance.now() - started;
      options.onEvent?.({ type: "finished", direction, migration: file, duration });
      results.push({ migration: file, direction, outcome: "done", duration });
    } catch (cause) {
      const error = await explainFailure(cause, migration, direction, options);
      const rest = migrations.slice(index + 1).map((later) => ({
        migration: later.file,
        direction,
        outcome: "not-run" as const,
      }));
      return { results: [...results, { migration: file, direction, outcome: "failed" }, ...rest], error };
    }
  }
  return { results, error: undefined };
}

function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted; nothing was left half done");
}

async function explainFailure(
  cause: unknown,
  migration: LoadedMigration,
  direction: Direction,
  options: MigrateOptions,
): Promise<ConfitureError> {
  if (!(cause instanceof ConfitureError)) throw cause;
  if (options.signal?.aborted === true && cause.server?.sqlstate === "57014") {
    const { transactional } = bodyOf(migration, direction);
    return cause.with({
      code: "interrupted",
      message: `Interrupted during migration ${migrationId(migration.file)}${transactional ? ", which was rolled back" : ""}`,
    });
  }
  if (cause.code !== "connection_lost") return cause;
  return await tellTruth(cause, migration, direction, options);
}

/**
 * The connection was lost, perhaps with a COMMIT on its way: only the ledger knows whether it arrived. The old
 * session holds the lock for as long as it works, so whoever gets the lock sees its final state.
 */
async function tellTruth(
  lost: ConfitureError,
  migration: LoadedMigration,
  direction: Direction,
  options: MigrateOptions,
): Promise<ConfitureError> {
  const id = migrationId(migration.file);
  try {
    const recorded = await exclusively({ ...options, signal: undefined }, async (database, ledger) => {
      const rows = await readLedger(database, ledger);
      return rows.find((row) => compareVersions(row.version, migration.file.version) === 0);
    });
    const truth =
      recorded === undefined
        ? direction === "up"
          ? `Migration ${id} is not applied: it was rolled back`
          : `Migration ${id} is rolled back: that much was committed`
        : recorded.state !== "applied"
          ? `Migration ${id} stopped after statement ${recorded.statementsDone ?? 0}`
          : direction === "up"
            ? `Migration ${id} is applied: it was committed`
            : `Migration ${id} is still applied: rolling it back was undone`;
    return lost.with({
      hint: `The ledger was read again over a new connection. ${truth}. Run the command again to go on.`,
      data: { ...lost.data, recorded: recorded?.state ?? null },
    });
  } catch (cause) {
    if (!(cause instanceof ConfitureError)) throw cause;
    return lost.with({
      hint: `Whether migration ${id} was committed is not known: ${cause.message}. \`confiture migrate status\` tells when the server is back.`,
    });
  }
}
