import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Direction } from "../events.ts";
import { refuseOverInvalid } from "./invalid-in-way.ts";
import { bodyOf, type LoadedMigration } from "../files/body.ts";
import { isPatient } from "./patient.ts";
import { runInTransaction } from "./in-transaction.ts";
import { runOutsideTransaction } from "./outside-transaction.ts";
import { noteSettings, type RunOptions } from "./session.ts";

/** How often a migration is tried again after it did not get a lock. */
const LOCK_RETRIES = 3;
const FIRST_PAUSE = 500;

/**
 * Runs one migration in one direction and records it.
 * @param resume statements that an earlier run has done already, outside a transaction
 * @throws ConfitureError `sql_failed`, `migration_failed`, `ledger_unusable`, `connection_lost`
 */
export async function runMigration(
  database: Database,
  migration: LoadedMigration,
  direction: Direction,
  options: RunOptions,
  resume?: number,
): Promise<void> {
  const body = bodyOf(migration, direction);
  noteSettings(database, migration);
  if (!body.transactional) {
    await runOutsideTransaction(database, migration, direction, body, options, resume);
    return;
  }
  if (direction === "up" && body.kind === "sql" && options.performer === undefined) {
    await refuseOverInvalid(database, body.script, body.script.statements);
  }
  const isAllPatient =
    body.kind === "sql" && body.script.statements.length > 0 && body.script.statements.every(isPatient);
  const own = isAllPatient ? { ...options, lockTimeout: options.concurrentlyLockTimeout ?? 0 } : options;
  for (let attempt = 1; ; attempt++) {
    try {
      await runInTransaction(database, migration, direction, body, own);
      return;
    } catch (error) {
      if (!hasMissedLock(error) || attempt > LOCK_RETRIES || options.signal?.aborted === true) throw error;
      // Rolled back whole, so it can be tried again. Twice the pause each time, with jitter.
      const pause = FIRST_PAUSE * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
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

/** lock_not_available (lock_timeout, or NOWAIT), and deadlock_detected. */
const MISSED_LOCK: ReadonlySet<string> = new Set(["55P03", "40P01"]);

function hasMissedLock(error: unknown): error is ConfitureError {
  return error instanceof ConfitureError && error.server !== undefined && MISSED_LOCK.has(error.server.sqlstate);
}
