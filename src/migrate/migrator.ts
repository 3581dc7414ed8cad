import type { Database } from "#database/database.ts";
import type { ConfitureError } from "#errors/error.ts";
import { discoverMigrations, type MigrationFile } from "./discover.ts";
import type { Direction } from "./events.ts";
import { exclusively, type MigrateOptions } from "./exclusive.ts";
import { explainFailure, throwIfInterrupted } from "./failure.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { type LoadedMigration, loadMigration } from "./load.ts";
import { lockKey } from "./lock.ts";
import { planDown, type PlanDownOptions, planUp, type PlanUpOptions } from "./plan.ts";
import { bodyOf, runMigration, type RunOptions } from "./run.ts";
import { readHistory } from "./status.ts";

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
