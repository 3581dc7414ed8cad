import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Direction } from "../events.ts";
import { changeLedger } from "../ledger/change.ts";
import { updateSql } from "../ledger/statements.ts";
import type { LoadedMigration } from "../files/body.ts";
import type { RunOptions } from "./session.ts";

/** One run outside a transaction, and how far it came. */
export interface OutsideRun {
  readonly database: Database;
  readonly migration: LoadedMigration;
  readonly direction: Direction;
  readonly options: RunOptions;
  /** Undefined for TypeScript, which tells only as it goes. */
  readonly total: number | undefined;
  /** An earlier run began it, and may have left more than its count says. */
  readonly isResumed: boolean;
  readonly invalidBefore: readonly string[];
  /** Steps that are in the database. */
  done: number;
  /** What the ledger says of that. */
  counted: number;
  /** Whether the migration has set its lock_timeout itself. */
  setsLockTimeout: boolean;
}

/**
 * Writes the count down. The interruption of the statement before may still have been on its way.
 * @param lock the runner's, where the session has to have it to go on
 */
export async function count(run: OutsideRun, lock?: bigint): Promise<void> {
  const { database, migration, options } = run;
  const sql = updateSql(options.ledger, migration.file.version, { statementsDone: run.done });
  try {
    await changeLedger(database, options.ledger, sql, lock);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "57014") throw error;
    await changeLedger(database, options.ledger, sql, lock);
  }
  run.counted = run.done;
}
