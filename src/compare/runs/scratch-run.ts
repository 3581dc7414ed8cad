import { LOOK_UP } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { placed } from "#database/place-work.ts";
import { rollback } from "#database/rollback.ts";
import { asFailure, ConfitureError } from "#errors/error.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import type { Direction } from "#migrate/events.ts";
import { changeLedger, createLedger } from "#migrate/ledger/change.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import { deleteSql, insertSql } from "#migrate/ledger/statements.ts";
import { backfillOf, type LoadedMigration } from "#migrate/files/body.ts";
import { acquireLock, lockKey, releaseLock } from "#migrate/run/lock.ts";
import type { Performer } from "#migrate/run/performer.ts";
import { runBackfill } from "#migrate/fill/run-fill.ts";
import { explainViewColumns } from "#migrate/run/view-columns.ts";
import { runMigration } from "#migrate/run/run.ts";
import { cleanSession, entryOf, noteSettings, type RunOptions } from "#migrate/run/session.ts";
import { quoteQualified } from "#sql/quote.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { type Fingerprint, fingerprints } from "../catalogue/fingerprint.ts";
import { deallocateOthers } from "#database/read-again.ts";
import { type Moment, watchRows } from "../catalogue/written-rows.ts";
import { explainMissing, withMissingRoles } from "#scratch/missing.ts";
import type { ScratchSite } from "#scratch/site.ts";
import { type RoleFiles, rolesOfProject } from "./project-roles.ts";
import { bothWithinLimit, replayingWithinLimit } from "./within-limit.ts";
import { textsOf, thereAndBack, type Trial, tryWayBack, type WayBack } from "./there-and-back.ts";

/** Where the runner keeps its record in a scratch database. */
export const SCRATCH_LEDGER: Ledger = { schema: "public", table: "confiture_migrations", exists: false };

/** Migrations run one by one in a scratch database, with the catalogue to look at in between. */
export interface ScratchRun {
  read(): Promise<Catalogue>;
  fingerprint(): Promise<Fingerprint>;
  /**
   * Returns what went wrong, if anything did.
   * @param performer runs the migration's own statements; they are sent as they are when undefined
   * @param signal ends its code, in place of the one of the whole run
   */
  step(
    migration: LoadedMigration,
    direction: Direction,
    performer?: Performer,
    signal?: AbortSignal,
  ): Promise<ConfitureError | undefined>;
  /** As `step`, up if nothing else is said, of a migration that runs in one transaction, which is taken back at its end. */
  tryOut(migration: LoadedMigration, performer: Performer, direction?: Direction): Promise<ConfitureError | undefined>;
  /**
   * Applies a migration, rolls it back, compares with what was there before, and applies it again: in one transaction, which takes
   * a part of the time of as many steps.
   * @returns whether all of that is right, and the migration is applied. If not, nothing is changed, and steps tell what is wrong
   */
  thereAndBack(migration: LoadedMigration): Promise<boolean>;
  /**
   * The same from the other end, of a migration whose changes are there: rolls it back, applies it, compares, and rolls it back.
   * @returns whether all of that is right, and the migration is rolled back. If not, nothing is changed
   */
  backAndThere(migration: LoadedMigration): Promise<boolean>;
  /**
   * Tries the way back of a migration that is not applied, and takes all of it back.
   * @param prepare what is done before it is applied, in the same transaction
   * @throws ConfitureError `sql_failed` where the migration cannot be applied
   */
  tryWayBack(migration: LoadedMigration, prepare: () => Promise<void>): Promise<WayBack>;
  /** For `isUntouchedSince`; undefined where that cannot be told. */
  moment(): Promise<Moment | undefined>;
  /** Whether each row of the catalogue is the very one that it was then. */
  isUntouchedSince(moment: Moment): Promise<boolean>;
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

export interface ScratchRunOptions extends RoleFiles {
  /** Where the database is. */
  readonly scratch: ScratchSite;
  readonly toolVersion: string;
  readonly signal?: AbortSignal | undefined;
  /** As of `Limited`. */
  readonly timeLimit?: number | undefined;
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
    isTrial: true,
    // Plans of what looks at the catalogue in between.
    keepsPrepared: true,
    signal: options.signal,
  };
  let takeFingerprint: ReturnType<typeof fingerprints> | undefined;
  let isCounted = true;
  let watching: ReturnType<typeof watchRows> | undefined;
  let mayPrepare = false;
  /** Those that may have made a view, the last one first. */
  const ofViews: LoadedMigration[] = [];
  const noteViews = (migration: LoadedMigration): void => {
    if (migration.up.kind === "sql" && /\bview\b/i.test(migration.up.script.text)) ofViews.unshift(migration);
  };
  const where = options.scratch.engine === "embedded" ? "the embedded PostgreSQL" : "a scratch database";
  const begin = async (migration: LoadedMigration, way: "up" | "down" | "up and back"): Promise<void> => {
    if (options.signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted");
    const id = migrationId(migration.file);
    const what = { up: id, down: `the way back of ${id}`, "up and back": `${id} up and back` }[way];
    options.onStep?.(`Trying ${what} in ${where}`);
    if (mayPrepare) await deallocateOthers(database);
    isCounted &&= !speaksOf(migration, /track_counts/i);
    mayPrepare ||= speaksOf(migration, /prepare/i);
  };
  const attempt = async (
    migration: LoadedMigration,
    direction: Direction,
    how: Pick<RunOptions, "performer" | "takesBack"> & { readonly signal?: AbortSignal },
  ): Promise<ConfitureError | undefined> => {
    try {
      await begin(migration, direction);
      const run = (more: Pick<RunOptions, "performer" | "signal">): Promise<void> =>
        withMissingRoles(
          database,
          () => runMigration(database, migration, direction, { ...runOptions, ...how, ...more }),
          () => rolesOfProject(options),
        );
      // Whoever gives a signal has a limit of his own.
      if (how.signal !== undefined) await run(how);
      else await replayingWithinLimit(database, migration, direction, { ...options, ...how }, run);
      await actAsOurselves(migration);
      if (how.takesBack !== true) noteViews(migration);
      return undefined;
    } catch (error) {
      const failure = await explainViewColumns(asFailure(error), migration[direction], ofViews);
      return explainMissing(failure, options.scratch);
    }
  };
  /** What looks at the database next may be kept from it as the role that the migration took on. */
  const actAsOurselves = async (migration: LoadedMigration): Promise<void> => {
    if (speaksOf(migration, /\brole\b|authorization/i)) await database.execute(cleanSession(runOptions, database));
  };
  const bothWays = async (
    migration: LoadedMigration,
    { up, down, record }: Pick<Trial, "up" | "down" | "record">,
  ): Promise<boolean> => {
    await begin(migration, "up and back");
    watching ??= watchRows(database);
    const watch = await watching;
    if (watch === undefined || !isCounted) return false;
    noteSettings(database, migration);
    const clean = cleanSession(runOptions, database);
    let isRight = false;
    try {
      await withMissingRoles(database, async () => {
        try {
          isRight = await bothWithinLimit(database, migration, options, () =>
            placed(database, migration.file.path, () => thereAndBack(database, watch, { up, down, clean, record })),
          );
        } finally {
          if (!isRight) await rollback(database);
        }
        await actAsOurselves(migration);
      });
      if (isRight) noteViews(migration);
    } catch (error) {
      asFailure(error);
      watching = undefined;
    }
    return isRight;
  };
  return {
    fingerprint: async () => (await (takeFingerprint ??= fingerprints(database)))(isCounted),
    read: () => readCatalogue(database, [ledger]),
    step: (migration, direction, performer, signal) =>
      attempt(migration, direction, { performer, ...(signal === undefined ? {} : { signal }) }),
    tryOut: (migration, performer, direction = "up") => attempt(migration, direction, { performer, takesBack: true }),
    async tryWayBack(migration, prepare) {
      const texts = textsOf(migration);
      if (texts === undefined) return undefined;
      await begin(migration, "down");
      watching ??= watchRows(database);
      const watch = await watching;
      if (watch === undefined || !isCounted) return undefined;
      noteSettings(database, migration);
      const clean = cleanSession(runOptions, database);
      return await withMissingRoles(database, async () => {
        try {
          return await tryWayBack(database, watch, { ...texts, clean }, prepare);
        } finally {
          await rollback(database);
        }
      });
    },
    async thereAndBack(migration) {
      const texts = textsOf(migration);
      if (texts === undefined) return false;
      const record = insertSql(ledger, entryOf(migration), options.toolVersion, { state: "applied" });
      return await bothWays(migration, { ...texts, record });
    },
    async backAndThere(migration) {
      const texts = textsOf(migration);
      if (texts === undefined) return false;
      const record = deleteSql(ledger, migration.file.version);
      return await bothWays(migration, { up: texts.down, down: texts.up, record });
    },
    async moment() {
      const watch = isCounted ? await (watching ??= watchRows(database)) : undefined;
      return await watch?.now();
    },
    async isUntouchedSince(moment) {
      const watch = isCounted ? await watching : undefined;
      if (watch === undefined) return false;
      await database.execute(LOOK_UP);
      try {
        return (await watch.writtenSince(moment))?.isNothing === true;
      } finally {
        await database.execute("commit");
      }
    },
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

/** Or may make a function that does; what is not SQL may do anything. */
function speaksOf({ up, down }: LoadedMigration, what: RegExp): boolean {
  return [up, down].some((way) => way !== undefined && (way.kind !== "sql" || what.test(way.script.text)));
}

/** Takes the record away, so that the database holds nothing that is not of its own. */
export async function dropScratchLedger(database: Database): Promise<void> {
  await database.execute(`drop table if exists ${quoteQualified(SCRATCH_LEDGER.schema, SCRATCH_LEDGER.table)}`);
}
