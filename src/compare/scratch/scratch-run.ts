import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { migrationId } from "#migrate/migration-file.ts";
import type { Direction } from "#migrate/events.ts";
import { changeLedger, createLedger, deleteSql, insertSql, type Ledger } from "#migrate/ledger.ts";
import { backfillOf, type LoadedMigration } from "#migrate/body.ts";
import { acquireLock, lockKey, releaseLock } from "#migrate/lock.ts";
import type { Performer } from "#migrate/performer.ts";
import { runBackfill } from "#migrate/run-fill.ts";
import { runMigration } from "#migrate/run.ts";
import type { RunOptions } from "#migrate/run-session.ts";
import { quoteQualified } from "#sql/quote.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { type Fingerprint, fingerprints } from "../catalogue/fingerprint.ts";
import { deallocateOthers } from "../catalogue/read-again.ts";
import { explainMissing, withMissingRoles } from "./missing.ts";
import type { ScratchSite } from "./site.ts";

/** Where the runner keeps its record in a scratch database. */
export const SCRATCH_LEDGER: Ledger = { schema: "public", table: "confiture_migrations", exists: false };

/** Migrations run one by one in a scratch database, with the catalogue to look at in between. */
export interface ScratchRun {
  read(): Promise<Catalogue>;
  fingerprint(): Promise<Fingerprint>;
  /**
   * Returns what went wrong, if anything did.
   * @param performer runs the migration's own statements; they are sent as they are when undefined
   */
  step(migration: LoadedMigration, direction: Direction, performer?: Performer): Promise<ConfitureError | undefined>;
  /** As `step` up, of a migration that runs in one transaction, which is taken back at its end. */
  tryOut(migration: LoadedMigration, performer: Performer): Promise<ConfitureError | undefined>;
  /**
   * Runs a backfill in batches of so many rows, from where it is, until it is done or `between` returns false.
   * Returns whether it is done, or what went wrong.
   */
  fill(
    migration: LoadedMigration,
    batch: number,
    between: () => Promise<boolean>,
  ): Promise<ConfitureError | "done" | "unfinished">;
  /** Takes it as applied without running it. */
  record(migration: LoadedMigration): Promise<void>;
  /** Takes it as not applied. */
  forget(migration: LoadedMigration): Promise<void>;
}

export interface ScratchRunOptions {
  /** Where the database is. */
  readonly scratch: ScratchSite;
  readonly toolVersion: string;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
}

export async function startRun(database: Database, options: ScratchRunOptions): Promise<ScratchRun> {
  const ledger = await createLedger(database, SCRATCH_LEDGER);
  const runOptions = {
    ledger,
    lockKey: lockKey(ledger),
    toolVersion: options.toolVersion,
    lockTimeout: 0,
    statementTimeout: 0,
    requireStatement: true,
    // Plans of what looks at the catalogue in between.
    keepsPrepared: true,
    signal: options.signal,
  };
  let takeFingerprint: ReturnType<typeof fingerprints> | undefined;
  let isCounted = true;
  const attempt = async (
    migration: LoadedMigration,
    direction: Direction,
    how: Pick<RunOptions, "performer" | "takesBack">,
  ): Promise<ConfitureError | undefined> => {
    if (options.signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted");
    options.onStep?.(`${direction === "up" ? "Applying" : "Rolling back"} ${migrationId(migration.file)}`);
    isCounted &&= !maySwitchOffCounting(migration);
    try {
      await deallocateOthers(database);
      await withMissingRoles(database, () => runMigration(database, migration, direction, { ...runOptions, ...how }));
      return undefined;
    } catch (error) {
      return explainMissing(asFailure(error), options.scratch);
    }
  };
  return {
    fingerprint: async () => (await (takeFingerprint ??= fingerprints(database)))(isCounted),
    read: () => readCatalogue(database, [ledger]),
    step: (migration, direction, performer) => attempt(migration, direction, { performer }),
    tryOut: (migration, performer) => attempt(migration, "up", { performer, takesBack: true }),
    async fill(migration, batch, between) {
      const { up } = migration;
      const backfill = backfillOf(up);
      if (up.kind !== "sql" || up.marks === undefined || backfill === undefined) throw new Error("no backfill");
      const body = { ...up, marks: { ...up.marks, backfill: { ...backfill, batch } } };
      const how = { throttle: {}, deadline: undefined, soft: options.signal, onEvent: undefined, between };
      try {
        await acquireLock(database, runOptions.lockKey, { wait: 0 });
        const { outcome } = await runBackfill(database, migration, body, runOptions, how);
        if (outcome === "done") await releaseLock(database, runOptions.lockKey);
        return outcome === "done" ? outcome : "unfinished";
      } catch (error) {
        return asFailure(error);
      }
    },
    async record({ file, checksum }) {
      await changeLedger(
        database,
        ledger,
        insertSql(ledger, { ...file, checksum }, options.toolVersion, { state: "applied" }),
      );
    },
    async forget({ file }) {
      await changeLedger(database, ledger, deleteSql(ledger, file.version));
    },
  };
}

/** Or make a function that does; what is not SQL may do anything. */
function maySwitchOffCounting({ up, down }: LoadedMigration): boolean {
  return [up, down].some((way) => way !== undefined && (way.kind !== "sql" || /track_counts/i.test(way.script.text)));
}

/** Takes the record away, so that the database holds nothing that is not of its own. */
export async function dropScratchLedger(database: Database): Promise<void> {
  await database.execute(`drop table if exists ${quoteQualified(SCRATCH_LEDGER.schema, SCRATCH_LEDGER.table)}`);
}

/** An error that is a finding; others are thrown on. */
export function asFailure(error: unknown): ConfitureError {
  if (error instanceof ConfitureError && error.code !== "interrupted" && error.code !== "internal") return error;
  throw error;
}
