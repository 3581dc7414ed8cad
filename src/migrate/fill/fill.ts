import { setTimeout as sleep } from "node:timers/promises";
import { inOrder } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";
import type { MigrateEvent } from "../events.ts";
import { changeLedgerInTransaction, CHECK_DEFERRED } from "../ledger/change.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { MigrationFile } from "../files/migration-file.ts";
import { BatchSize } from "./batch-size.ts";
import type { Position } from "./key.ts";
import type { PreparedFill } from "./prepare.ts";
import { changeProgress, changeProgressSql, type Progress, readProgress } from "./progress.ts";
import { waitingNow } from "./waiting.ts";
import { Throttle, type ThrottleOptions } from "./throttle.ts";
import { isPassing, locate, backfillFailed, doesAgain, recordTakenAway } from "./batch-failures.ts";
import { ChangedRows } from "./changed-rows.ts";

/** How a backfill came to its end, or not. */
export type FillEnd =
  | { readonly outcome: "done"; readonly rows: number }
  /** The time that it was given is over, or it was interrupted between two batches: the next run goes on. */
  | { readonly outcome: "unfinished"; readonly why: "deadline" | "interrupted" };

export interface FillOptions {
  readonly throttle: ThrottleOptions;
  /** Milliseconds that somebody waits for another runner. */
  readonly lockWait?: number;
  /** By `performance.now()`; no batch begins behind it. */
  readonly deadline: number | undefined;
  /** No batch begins once it is aborted; one under way comes to its end. */
  readonly soft: AbortSignal | undefined;
  /** Is asked before each batch whether to go on, for whoever has something to do between two of them. */
  readonly between?: (() => Promise<boolean>) | undefined;
  readonly onEvent: ((event: MigrateEvent) => void) | undefined;
}

/** A batch that meets a lock, a deadlock or the statement_timeout is tried again, this often. */
const RETRIES = 10;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/** Milliseconds between two looks at what makes it wait. */
const LOOK_AGAIN = 1_000;

/** How much the newest of the times between two batches counts in their mean. */
const RECENT = 0.4;

/** So many sweeps that find rows: somebody goes on writing such rows, and the end would never come. */
const MOST_SWEEPS = 3;

/**
 * Runs a backfill from where its row of progress says that it is. Every batch commits together with its progress, so
 * whatever ends this process, the next one goes on behind the last batch that was committed. The caller holds the
 * backfill's lock, and the session is as the migration is to find it.
 * @throws ConfitureError `backfill_failed`, `backfill_refused`, `connection_lost`
 */
export async function runFill(
  database: Database,
  ledger: Ledger,
  migration: MigrationFile,
  fill: PreparedFill,
  options: FillOptions,
): Promise<FillEnd> {
  const [progress] = await readProgress(database, ledger, migration.version);
  if (progress === undefined) throw new Error("a backfill without a row of progress");
  const run = new Run(database, ledger, migration, fill, options, progress);
  return await run.all();
}

class Run {
  readonly #database: Database;
  readonly #ledger: Ledger;
  readonly #migration: MigrationFile;
  readonly #fill: PreparedFill;
  readonly #options: FillOptions;
  readonly #throttle: Throttle;
  #progress: Progress;
  #size: BatchSize;
  #wantedBatch: number | null = null;
  /** Whether the statement was seen to find nothing to do where it has been. */
  #isProven: boolean;
  #lookedAt = -Infinity;
  #toldAt = performance.now();
  /** When the last batch was over, or what it had to wait for. */
  #wentOnAt: number | undefined;
  /** Milliseconds from the end of one batch to the next: its COMMIT, the pause, looking up where it ends. */
  #between: number | undefined;
  #hasChanged = true;

  constructor(
    database: Database,
    ledger: Ledger,
    migration: MigrationFile,
    fill: PreparedFill,
    options: FillOptions,
    progress: Progress,
  ) {
    this.#database = database;
    this.#ledger = ledger;
    this.#migration = migration;
    this.#fill = fill;
    this.#options = options;
    this.#throttle = new Throttle(options.throttle);
    this.#progress = progress;
    this.#size = this.#sizeOf(progress.wantedBatch, progress.batch);
    this.#isProven = progress.rowsChanged > 0;
  }

  #sizeOf(wanted: number | null, begin: number): BatchSize {
    const { batch } = this.#fill.backfill;
    this.#wantedBatch = wanted;
    return new BatchSize(wanted ?? (batch === "auto" ? undefined : batch), begin);
  }

  async all(): Promise<FillEnd> {
    for (;;) {
      const stop = await this.#settle();
      if (stop !== undefined) return { outcome: "unfinished", why: stop };
      const isOver = await this.#batch();
      if (isOver && !(await this.#nextPass())) return { outcome: "done", rows: this.#progress.rowsChanged };
      this.#tell();
      // Nobody has to recover from a batch that found nothing to do.
      if (!isOver && this.#hasChanged) await this.#rest(this.#progress.wantedPause ?? this.#fill.backfill.pause);
    }
  }

  /** Waits for as long as something keeps it from going on. */
  async #settle(): Promise<"deadline" | "interrupted" | undefined> {
    for (;;) {
      const { soft, deadline } = this.#options;
      if (soft?.aborted === true) return "interrupted";
      if (deadline !== undefined && performance.now() >= deadline) return "deadline";
      if ((await this.#options.between?.()) === false) return "interrupted";
      await this.#readAgain();
      const reason = await this.#reason();
      await this.#note(reason);
      if (reason === undefined) return undefined;
      await this.#rest(LOOK_AGAIN);
    }
  }

  async #readAgain(): Promise<void> {
    const [now] = await readProgress(this.#database, this.#ledger, this.#migration.version);
    if (now === undefined) throw recordTakenAway(this.#migration);
    this.#progress = now;
    if (now.wantedBatch !== this.#wantedBatch) this.#size = this.#sizeOf(now.wantedBatch, this.#size.rows);
  }

  async #reason(): Promise<string | undefined> {
    const { pausedBy, waits } = this.#progress;
    if (pausedBy !== null) return `paused by ${pausedBy}`;
    if (waits === null && performance.now() - this.#lookedAt < LOOK_AGAIN) return undefined;
    this.#lookedAt = performance.now();
    return await this.#throttle.reason(this.#database, this.#fill.oid);
  }

  /** Writes down why it waits, for `status`; tells it once, also where the numbers in it change. */
  async #note(reason: string | undefined): Promise<void> {
    if ((reason ?? null) === this.#progress.waits) return;
    const { changes, waited, goesOnWaiting } = waitingNow(this.#progress, reason);
    await changeProgress(this.#database, this.#ledger, this.#migration.version, changes, { waitedMs: waited });
    this.#wentOnAt = undefined;
    this.#progress = { ...this.#progress, ...changes };
    if (reason !== undefined && !goesOnWaiting) {
      this.#options.onEvent?.({ type: "fill-waiting", migration: this.#migration, reason });
    }
  }

  /** Runs the next batch, however small it has to become. Returns whether the pass is over. */
  async #batch(): Promise<boolean> {
    const { walk } = this.#fill;
    const { position, upper } = this.#progress;
    if (upper === null) return true;
    for (let attempt = 1; ; attempt++) {
      let end: { readonly position: Position; readonly rows: number } | undefined;
      try {
        end = await this.#nextEnd(position ?? undefined, upper);
        if (end === undefined) return true;
        await this.#runBatch(position ?? undefined, end);
        return false;
      } catch (error) {
        if (!(error instanceof ConfitureError)) throw error;
        const from = position === null ? "the beginning" : walk.describe(position);
        const range = end === undefined ? `behind ${from}` : `behind ${from} up to ${walk.describe(end.position)}`;
        if (!isPassing(error) || this.#options.soft?.aborted === true)
          throw backfillFailed(error, this.#migration, range);
        if (attempt > RETRIES) throw backfillFailed(error, this.#migration, range, attempt);
        this.#size.halve();
        const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);
        this.#options.onEvent?.({ type: "retrying", migration: this.#migration, error, pause, attempt, of: RETRIES });
        await this.#rest(pause);
      }
    }
  }

  async #nextEnd(
    position: Position | undefined,
    upper: Position,
  ): Promise<{ readonly position: Position; readonly rows: number } | undefined> {
    const { walk } = this.#fill;
    const [row] = await this.#database.query(walk.nextEnd(position, upper, Math.max(1, this.#size.rows)));
    if (row === undefined) return undefined;
    return { position: walk.columns.map((_, index) => String(row[`k${index}`])), rows: Number(row["n"] ?? 0) };
  }

  /** One transaction: the rows, and how far it came. */
  async #runBatch(
    from: Position | undefined,
    end: { readonly position: Position; readonly rows: number },
  ): Promise<void> {
    const { statement, backfill, walk } = this.#fill;
    const sql = statement.withCondition(walk.condition(statement.alias, from, end.position));
    const started = performance.now();
    const opening = backfill.triggers === "off" ? "begin; set local session_replication_role = replica" : "begin";
    const counted = new ChangedRows();
    try {
      await this.#database.execute(opening);
      await this.#database.execute(sql, counted);
      const changed = counted.rows;
      // Seen once, before anything of it is kept: a second run has to find nothing to do, since sweeps come.
      if (changed > 0 && !this.#isProven) {
        const again = new ChangedRows();
        await this.#database.execute(sql, again);
        if (again.rows > 0) throw doesAgain(this.#fill, again.rows, changed);
      }
      const took = performance.now() - started;
      this.#size.took(end.rows, took);
      if (this.#wentOnAt !== undefined) {
        const gap = started - this.#wentOnAt;
        this.#between = this.#between === undefined ? gap : this.#between + (gap - this.#between) * RECENT;
      }
      const { expected: own } = this.#size;
      const expected = own === undefined ? null : own + (this.#between ?? 0);
      const changes = { position: end.position, batch: this.#size.rows, batchMs: expected };
      const add = { rowsChanged: changed, passChanged: changed, rowsScanned: end.rows, batches: 1 };
      await changeLedgerInTransaction(
        this.#database,
        this.#ledger,
        changeProgressSql(this.#ledger, this.#migration.version, changes, add),
        { before: CHECK_DEFERRED },
      );
      await inOrder([this.#database.execute("commit")]);
      if (changed > 0) this.#isProven = true;
      this.#hasChanged = changed > 0;
      this.#wentOnAt = started + took;
    } catch (error) {
      await rollback(this.#database);
      throw locate(error, this.#fill, sql);
    }
  }

  /** After the last key: whether there is another pass. The sweep finds rows that came or moved behind its back. */
  async #nextPass(): Promise<boolean> {
    const { sweep, passChanged, rowsScanned } = this.#progress;
    // The row as the last batch left it.
    await this.#readAgain();
    const found = this.#progress.passChanged;
    if (sweep > 0 && (found === 0 || sweep >= MOST_SWEEPS)) {
      if (found > 0)
        this.#options.onEvent?.({ type: "fill-rows-keep-coming", migration: this.#migration, rows: found });
      else await this.#tellWhatIsLeft();
      return false;
    }
    if (sweep === 0 && rowsScanned === 0 && passChanged === 0 && this.#progress.upper === null) return false;
    const [last] = await this.#database.query(this.#fill.walk.last);
    const upper = last === undefined ? null : this.#fill.walk.columns.map((_, index) => String(last[`k${index}`]));
    if (upper === null) return false;
    const changes = { position: null, upper, sweep: sweep + 1, passChanged: 0, rowsScanned: 0 };
    await changeProgress(this.#database, this.#ledger, this.#migration.version, changes);
    this.#progress = { ...this.#progress, ...changes };
    return true;
  }

  /** A sweep without a row is no proof: triggers, rules and policies of the table can keep rows from being changed. */
  async #tellWhatIsLeft(): Promise<void> {
    const { remaining } = this.#fill.statement;
    if (remaining === undefined) return;
    const [row] = await this.#database.query<{ remaining: boolean }>(remaining);
    if (row?.remaining === true) this.#options.onEvent?.({ type: "fill-rows-left", migration: this.#migration });
  }

  #tell(): void {
    const now = performance.now();
    if (now - this.#toldAt < LOOK_AGAIN * 5) return;
    this.#toldAt = now;
    this.#options.onEvent?.({ type: "fill-progress", migration: this.#migration, progress: this.#progress });
  }

  async #rest(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return;
    const { soft, deadline } = this.#options;
    const left =
      deadline === undefined ? milliseconds : Math.min(milliseconds, Math.max(0, deadline - performance.now()));
    await sleep(left, undefined, soft === undefined ? {} : { signal: soft }).catch(() => {});
  }
}
