import type { Database, OpenOptions } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import { refuseTransactionPooling } from "#database/pooling.ts";
import { giveSettings, learnDatabaseSettings, learnOwnSettings, type Settings } from "#database/settings.ts";
import { learnStandbys } from "#database/standbys.ts";
import type { Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import type { MigrateEvent } from "./events.ts";
import type { ThrottleOptions } from "./fill/throttle.ts";
import { findLedger } from "./ledger/find.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { acquireLock, lockKey, releaseLocks } from "./run/lock.ts";
import { type StatementProgress, type Wait, watchingWaits } from "./run/waits.ts";

/** What every operation on migrations needs to know. */
export interface MigrateOptions {
  readonly target: Target;
  readonly projectDir: string;
  /** The migrations folder, relative to the project. */
  readonly dir: string;
  /** How that folder is laid out; undefined looks at what is there. */
  readonly layout?: string | undefined;
  /** The ledger's name, `table` or `schema.table`. */
  readonly table: string;
  /** Milliseconds. */
  readonly lockWait: number;
  readonly lockTimeout: number;
  /** For statements that keep nobody waiting while they wait (`isPatient`); none when undefined. */
  readonly concurrentlyLockTimeout?: number;
  readonly statementTimeout: number;
  /** When backfills hold back. */
  readonly throttle?: ThrottleOptions | undefined;
  readonly toolVersion: string;
  /** How to reach the database. */
  readonly connect?: Pick<OpenOptions, "wait">;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: MigrateEvent) => void) | undefined;
}

/** So that the statement of a killed runner ends, where the server's system can tell (since PostgreSQL 14). */
export const NOTICE_A_DEAD_CLIENT: Settings = { client_connection_check_interval: "2s" };

/** What each migration's session is given besides. */
const TIMEOUTS = ["lock_timeout", "statement_timeout"];

/** Takes the lock for the time of `work`, on a connection of its own. */
export async function exclusively<T>(
  options: MigrateOptions,
  work: (database: Database, ledger: Ledger) => Promise<T>,
): Promise<T> {
  const { signal } = options;
  const open: OpenOptions = {
    ...options.connect,
    lockWait: options.lockWait,
    onHeld: (holder) => options.onEvent?.({ type: "waiting-for-folder", holder }),
    signal,
    onNotice: (notice) => options.onEvent?.({ type: "notice", notice }),
    onRetry: (error) => options.onEvent?.({ type: "waiting-for-server", error }),
  };
  return await withDatabase(options.target, open, async (database) => {
    await refuseTransactionPooling(options.target, database, signal);
    if (database.engine === "server") {
      const [lacking] = await Promise.all([
        giveSettings(database, NOTICE_A_DEAD_CLIENT, TIMEOUTS),
        learnOwnSettings(database),
        learnStandbys(database),
      ]);
      if (lacking.length > 0) options.onEvent?.({ type: "settings-lacking", names: lacking });
    } else await learnDatabaseSettings(database);
    const ledger = await findLedger(database, options.table);
    await acquireLock(database, lockKey(ledger), {
      wait: options.lockWait,
      signal,
      onWaiting: (holder) => options.onEvent?.({ type: "waiting-for-lock", holder }),
    });
    // Another runner may have created it while this one waited.
    const locked = async (): Promise<T> => await work(database, await findLedger(database, options.table));
    if (database.engine !== "server") return await locked();
    const watched = {
      target: options.target,
      pid: database.backendPid,
      signal,
      onWait: (wait: Wait) => options.onEvent?.({ type: "waiting-for-session", wait }),
      onProgress: (progress: StatementProgress) => options.onEvent?.({ type: "statement-progress", progress }),
    };
    const outcome = await watchingWaits(watched, locked);
    await leave(database);
    return outcome;
  });
}

/** Ends a session with its lock: that is free before the server has ended the session, which takes it some milliseconds. */
async function leave(database: Database): Promise<void> {
  try {
    await releaseLocks(database);
  } catch (error) {
    // One that is lost has no lock, and in a transaction that failed the end of the session ends the lock.
    if (error instanceof ConfitureError) return;
    throw error;
  }
  await database.close(true);
}
