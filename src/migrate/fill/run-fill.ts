import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { SqlBody } from "../files/body.ts";
import { backfillOf, type LoadedMigration } from "../files/body.ts";
import { type FillEnd, type FillOptions, runFill } from "./fill.ts";
import { type PreparedFill, prepareFill } from "./prepare.ts";
import {
  askedIn,
  beginProgressSql,
  changeProgress,
  changeProgressSql,
  createProgressSql,
  deleteProgressSql,
  readProgress,
} from "./progress.ts";
import { FIRST } from "./batch-size.ts";
import { tableTriggers } from "./table-triggers.ts";
import { readFillStatement } from "./statement.ts";
import { changeLedger } from "../ledger/change.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { readLedger } from "../ledger/read.ts";
import { deleteSql, insertSql, updateSql } from "../ledger/statements.ts";
import {
  acquireLock,
  describeHolder,
  findHolder,
  fillLockKey,
  type LockHolder,
  releaseLock,
  tryLock,
} from "../run/lock.ts";
import { type MigrationFile, migrationId } from "../files/migration-file.ts";
import { entryOf, prepareSession, type RunOptions } from "../run/session.ts";
import { canonicalVersion } from "../files/version.ts";

/** Another runner works on it. */
export interface Elsewhere {
  readonly outcome: "elsewhere";
  readonly holder: LockHolder | undefined;
}

/**
 * Runs a backfill, from its beginning or from where an earlier run came to. The caller holds the ledger's lock, which
 * others can have while batches run; at the end the caller has it again, unless the backfill is not done.
 * @throws ConfitureError `backfill_refused`, `backfill_failed`, `connection_lost`
 */
export async function runBackfill(
  database: Database,
  migration: LoadedMigration,
  body: SqlBody,
  options: RunOptions,
  how: FillOptions,
): Promise<FillEnd | Elsewhere> {
  const { ledger, lockKey } = options;
  const { version } = migration.file;
  const backfill = backfillOf(body);
  if (backfill === undefined) throw new Error("no backfill");
  const statement = await readFillStatement(body.script, backfill);
  const key = fillLockKey(ledger, version);
  if (!(await takeFillLock(database, key, how))) {
    return { outcome: "elsewhere", holder: await findHolder(database, key) };
  }
  const started = performance.now();
  try {
    await prepareSession(database, options);
    const fill = await prepareFill(database, statement, backfill);
    await begin(database, migration, fill, options);
    await releaseLock(database, lockKey);
    const end = await runFill(database, ledger, migration.file, fill, how);
    if (end.outcome !== "done") return end;
    await takeLedgerLock(database, options, how);
    await changeLedger(
      database,
      ledger,
      [
        updateSql(ledger, version, {
          state: "applied",
          statementsDone: 1,
          statementsTotal: 1,
          executionMs: performance.now() - started,
          endsNow: true,
        }),
        changeProgressSql(ledger, version, { finishedAt: new Date(), waits: null, waitsSince: null }),
      ].join("; "),
    );
    return end;
  } catch (error) {
    if (error instanceof ConfitureError && error.code !== "connection_lost")
      await forgetUnlessBegun(database, migration, options);
    throw error;
  } finally {
    // A lost session has lost its locks.
    await releaseLock(database, key).catch(() => {});
  }
}

/** Milliseconds after which the server has noticed that a runner was killed (`NOTICE_A_DEAD_CLIENT`), and its session has ended. */
const GONE_AFTER = 2_500;

/** Whether nobody else works on it. Whoever was killed a moment ago does not. */
async function takeFillLock(database: Database, key: bigint, { lockWait = 0, soft }: FillOptions): Promise<boolean> {
  const until = performance.now() + Math.min(lockWait, GONE_AFTER);
  for (;;) {
    if (await tryLock(database, key)) return true;
    if (soft?.aborted === true || performance.now() >= until) return false;
    await sleep(100);
  }
}

async function begin(
  database: Database,
  migration: LoadedMigration,
  fill: PreparedFill,
  { ledger, toolVersion }: RunOptions,
): Promise<void> {
  const { version } = migration.file;
  const { walk } = fill;
  const isBegun = await isRecorded(database, ledger, version);
  const [progress] = await readProgress(database, ledger, version);
  const isSame =
    isBegun &&
    progress !== undefined &&
    progress.table === fill.table &&
    progress.key.join("\0") === walk.columns.join("\0");
  if (isSame) {
    await changeProgress(database, ledger, version, { pid: database.backendPid, waits: null, waitsSince: null });
    return;
  }
  const [last] = await database.query(walk.last);
  const { batch } = fill.backfill;
  const row = {
    table: fill.table,
    key: walk.columns,
    upper: last === undefined ? null : walk.columns.map((_, index) => String(last[`k${index}`])),
    rowsEstimate: fill.rowsEstimate,
    batch: batch === "auto" ? FIRST : batch,
    triggers: Object.fromEntries(
      (await tableTriggers(database, fill.oid)).map(({ name, fingerprint }) => [name, fingerprint]),
    ),
    pid: database.backendPid,
    // Also where that was asked for before it began.
    ...askedIn(progress),
  };
  const entry = isBegun
    ? []
    : [insertSql(ledger, entryOf(migration), toolVersion, { state: "applying", statementsTotal: 1 })];
  await changeLedger(
    database,
    ledger,
    [createProgressSql(ledger), ...entry, beginProgressSql(ledger, version, row)].join("; "),
  );
}

/** Nobody else begins or ends a migration meanwhile. However long that takes: what was done in hours is to be recorded. */
async function takeLedgerLock(database: Database, options: RunOptions, { deadline }: FillOptions): Promise<void> {
  await acquireLock(database, options.lockKey, {
    wait: deadline === undefined ? Number.MAX_SAFE_INTEGER : Math.max(0, deadline - performance.now()),
    signal: options.signal,
    onWaiting: (holder) => options.onEvent?.({ type: "waiting-for-lock", holder }),
  });
}

/** One that has not done a batch is as if it had not been tried, so that its file can be changed. */
async function forgetUnlessBegun(database: Database, { file }: LoadedMigration, options: RunOptions): Promise<void> {
  const { ledger, lockKey } = options;
  try {
    const [progress] = await readProgress(database, ledger, file.version);
    if (progress === undefined || progress.batches > 0) return;
    if (!(await tryLock(database, lockKey)) || !(await isRecorded(database, ledger, file.version))) return;
    const isAsked = Object.values(askedIn(progress)).some((value) => value !== null);
    const sql = [deleteSql(ledger, file.version), ...(isAsked ? [] : [deleteProgressSql(ledger, file.version)])].join(
      "; ",
    );
    await changeLedger(database, ledger, sql);
  } catch (error) {
    // Why it failed must not be hidden; the next run goes on from its beginning.
    if (!(error instanceof ConfitureError)) throw error;
  }
}

async function isRecorded(database: Database, ledger: Ledger, version: string): Promise<boolean> {
  const rows = await readLedger(database, ledger);
  return rows.some((row) => canonicalVersion(row.version) === canonicalVersion(version) && row.state === "applying");
}

/**
 * Keeps others from working on a backfill for as long as the session lasts.
 * @throws ConfitureError `lock_held` where somebody does
 */
export async function claimFill(database: Database, ledger: Ledger, version: string): Promise<void> {
  const key = fillLockKey(ledger, version);
  if (await tryLock(database, key)) return;
  throw fillHeld(
    version,
    await findHolder(database, key),
    `Stop that run first: it ends behind its batch. confiture migrate pause ${shellWord(version)} only makes it wait.`,
  );
}

/** For a backfill that another runner works on, where nobody is to wait for it. */
export function fillHeld(version: string, holder: LockHolder | undefined, hint: string): ConfitureError {
  return new ConfitureError("lock_held", `Another runner works on backfill ${version}: ${describeHolder(holder)}`, {
    hint,
    data: { holder: holder ?? null },
  });
}

/** A failure of a backfill. What its batches have done is recorded with them, so nothing has to be looked up. */
export function explainFillFailure(cause: unknown, file: MigrationFile): ConfitureError {
  if (!(cause instanceof ConfitureError)) throw cause;
  if (cause.code !== "connection_lost") return cause;
  const because = cause.server === undefined ? "" : `: ${cause.server.message}`;
  return cause.with({
    message: `The connection to the database was lost during backfill ${migrationId(file)}${because}`,
    hint: "Every batch that was committed is recorded. `confiture migrate up` goes on behind the last one.",
  });
}
