import type { Database } from "#database/database.ts";
import type { LeftOpenBodies } from "../files/afterthought.ts";
import {
  databaseSettings,
  liftLimits,
  noteDatabaseSettings,
  refuseHiddenRows,
  setConfigs,
} from "#database/settings.ts";
import { ConfitureError } from "#errors/error.ts";
import { mayRunUnderPolicies } from "#sql/hidden-rows.ts";
import type { MigrateEvent } from "../events.ts";
import { NOTICE_A_DEAD_CLIENT, type MigrateOptions } from "../exclusive.ts";
import type { Ledger, LedgerEntry } from "../ledger/ledger.ts";
import { type LoadedMigration, type RunnableBody, textOfWay } from "../files/body.ts";
import type { Performer } from "./performer.ts";
import { holdsLock, lockKey, lockLost } from "./lock.ts";

export interface RunOptions {
  readonly ledger: Ledger;
  readonly lockKey: bigint;
  readonly toolVersion: string;
  /** Milliseconds; PostgreSQL's settings of the same names for the migration's statements. */
  readonly lockTimeout: number;
  /** In its place for statements that keep nobody waiting while they wait (`isPatient`); none when undefined. */
  readonly concurrentlyLockTimeout?: number;
  readonly statementTimeout: number;
  /** Whether policies may leave out rows, as `row_security` has it for any session; PostgreSQL refuses such statements otherwise. */
  readonly underPolicies?: boolean;
  /** Whether a TypeScript migration that asks for no statement on its way up is refused. */
  readonly requireStatement?: boolean;
  /** Is given what a TypeScript migration has left open, to be ended; without it that ends at once. */
  readonly leftOpen?: LeftOpenBodies | undefined;
  /** Whether the session's prepared statements stay: the caller gives up those of migrations. */
  readonly keepsPrepared?: boolean;
  /** Whether the database is thrown away: nobody goes on there with what has stopped half way. */
  readonly isTrial?: boolean;
  /** Is run with the change to the ledger, in the same transaction. */
  readonly alsoRecord?: string | undefined;
  /** Takes a migration that runs in one transaction back where it would be committed, with what is put off to COMMIT done. */
  readonly takesBack?: boolean;
  /** Runs the migration's own statements; sent as they are when undefined. */
  readonly performer?: Performer | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: MigrateEvent) => void) | undefined;
}

/**
 * What makes the session that of this run: everything a migration before may have left in the session goes; then the settings of this run. It is
 * DISCARD ALL without the part that would give up the advisory lock, which is asked for again instead: a
 * migration may have released it.
 */
export function cleanSession(options: RunOptions, database: Database): string {
  const settings = settingsOf(options, database);
  return settings.length === 0 ? cleaning(options) : `${cleaning(options)}; select ${settings.join(", ")}`;
}

function cleaning({ keepsPrepared }: RunOptions): string {
  return `close all; reset session authorization; reset role; reset all; ${keepsPrepared === true ? "" : "deallocate all; "}unlisten *; discard temp; discard sequences`;
}

/** To be called before a migration runs: what it sets for the database holds for those behind it, as it does for new sessions. */
export function noteSettings(database: Database, migration: LoadedMigration): void {
  if (/\bdatabase\b[^]*\bset\b/i.test(textOfWay(migration.up, migration))) noteDatabaseSettings(database);
}

function settingsOf(options: RunOptions, database: Database): string[] {
  const own = {
    lock_timeout: String(options.lockTimeout),
    statement_timeout: String(options.statementTimeout),
    ...(database.engine === "server" ? NOTICE_A_DEAD_CLIENT : {}),
  };
  const lifted = database.engine === "server" ? liftLimits(database, Object.keys(own)) : [];
  const refusing = options.underPolicies === true ? [] : refuseHiddenRows(database);
  return [...databaseSettings(database), ...setConfigs(database, own), ...lifted, ...refusing];
}

/**
 * Prepares the session for one migration, in one round trip, and fails unless this session has the lock. Inside the
 * migration's own transaction that failure also stops what is sent behind it.
 * @param around.opening comes before everything else
 * @param around.closing comes behind everything else
 * @param around.guard another expression that has to succeed
 */
export async function prepareSession(
  database: Database,
  options: RunOptions,
  around: {
    readonly opening?: "begin";
    readonly closing?: string | undefined;
    readonly guard?: string | undefined;
  } = {},
): Promise<void> {
  const { opening, closing, guard } = around;
  const checks = [holdsLock(options.lockKey), ...(guard === undefined ? [] : [guard])];
  const select = `select ${[...checks, ...settingsOf(options, database)].join(", ")}`;
  try {
    await database.execute(
      [opening, cleaning(options), select, closing].filter((step) => step !== undefined).join("; "),
    );
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "22012") throw error;
    throw lockLost();
  }
}

/** What could not leave out rows runs as in any session: of SQL it is known beforehand. */
export function withOwnPolicies(body: RunnableBody, options: RunOptions): RunOptions {
  return body.kind === "sql" && mayRunUnderPolicies(body.script.statements)
    ? { ...options, underPolicies: true }
    : options;
}

/** What the ledger will say about it. */
export function entryOf(migration: LoadedMigration): LedgerEntry {
  return {
    version: migration.file.version,
    name: migration.file.name,
    checksum: migration.checksum,
    kept: migration.kept,
    replaces: migration.file.replaces,
  };
}

export function runOptionsOf(options: MigrateOptions, ledger: Ledger): RunOptions {
  return { ...options, ledger, lockKey: lockKey(ledger), requireStatement: true };
}
