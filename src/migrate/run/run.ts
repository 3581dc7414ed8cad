import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Direction } from "../events.ts";
import { refuseOverInvalid } from "./invalid-in-way.ts";
import { bodyOf, type LoadedMigration, type RunnableBody } from "../files/body.ts";
import { isPatient } from "./patient.ts";
import { runInTransaction, type Sent } from "./in-transaction.ts";
import { runOutsideTransaction } from "./outside-transaction.ts";
import { noteSettings, type RunOptions, withOwnPolicies } from "./session.ts";

/** How often a migration is tried again after it did not get a lock. */
const LOCK_RETRIES = 3;
const FIRST_PAUSE = 500;

/** How one migration of a run is run. */
export interface RunHow {
  /** Statements that an earlier run has done already, outside a transaction. */
  readonly resume?: number | undefined;
  /** What was sent of it already. */
  readonly sent?: Sent | undefined;
  /** Is called when all of it is sent, unless it runs outside a transaction. */
  readonly onSent?: () => void;
  /** Is called before it is tried again: nothing has happened of what was sent behind it. */
  readonly onRetry?: () => void;
}

/**
 * Runs one migration in one direction and records it.
 * @throws ConfitureError `sql_failed`, `migration_failed`, `ledger_unusable`, `connection_lost`
 */
export async function runMigration(
  database: Database,
  migration: LoadedMigration,
  direction: Direction,
  options: RunOptions,
  { resume, sent, onSent, onRetry }: RunHow = {},
): Promise<void> {
  const body = bodyOf(migration, direction);
  noteSettings(database, migration);
  if (!body.transactional) {
    await runOutsideTransaction(database, migration, direction, body, withOwnPolicies(body, options), resume);
    return;
  }
  if (direction === "up" && body.kind === "sql" && options.performer === undefined && sent === undefined) {
    await refuseOverInvalid(database, body.script, body.script.statements);
  }
  const own = withOwnSettings(body, options);
  for (let attempt = 1; ; attempt++) {
    try {
      const how = attempt === 1 ? { sent, onSent } : {};
      await runInTransaction(database, migration, direction, body, own, how);
      return;
    } catch (error) {
      if (!hasMissedLock(error) || attempt > LOCK_RETRIES || options.signal?.aborted === true) throw error;
      // Rolled back whole, so it can be tried again. Twice the pause each time, with jitter.
      const pause = FIRST_PAUSE * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
      onRetry?.();
      options.onEvent?.({ type: "retrying", migration: migration.file, error, pause, attempt, of: LOCK_RETRIES });
      await sleep(pause, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(() => {
        throw new ConfitureError(
          "interrupted",
          "Interrupted while waiting to try again; the migration was rolled back",
        );
      });
    }
  }
}

/** What keeps nobody waiting while it waits has a limit of its own. */
export function withOwnSettings(body: RunnableBody, options: RunOptions): RunOptions {
  const isAllPatient =
    body.kind === "sql" && body.script.statements.length > 0 && body.script.statements.every(isPatient);
  const own = withOwnPolicies(body, options);
  return isAllPatient ? { ...own, lockTimeout: options.concurrentlyLockTimeout ?? 0 } : own;
}

/** lock_not_available (lock_timeout, or NOWAIT), and deadlock_detected. */
const MISSED_LOCK: ReadonlySet<string> = new Set(["55P03", "40P01"]);

function hasMissedLock(error: unknown): error is ConfitureError {
  return error instanceof ConfitureError && error.server !== undefined && MISSED_LOCK.has(error.server.sqlstate);
}
