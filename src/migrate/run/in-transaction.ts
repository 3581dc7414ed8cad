import { inOrder } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { isOneMessage } from "#database/run-script.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Direction } from "../events.ts";
import { changeLedgerInTransaction, CHECK_DEFERRED } from "../ledger/change.ts";
import { deleteSql, insertSql, squashedSql, TRANSACTION_MS } from "../ledger/statements.ts";
import { bodyOf, type LoadedMigration, type RunnableBody } from "../files/body.ts";
import { explainInTransaction, explainReadOnly } from "./explain.ts";
import { DIRECTLY } from "./performer.ts";
import { ranNothing } from "./ran-nothing.ts";
import { cleanSession, entryOf, noteSettings, prepareSession, type RunOptions, withOwnPolicies } from "./session.ts";

/** What was sent of a migration behind the one before it: all of it, or the beginning of its transaction. */
export type Sent =
  | { readonly whole: Promise<void> }
  /** `change` is its change to the ledger, as SQL, which is to be made while the server is at work. */
  | { readonly beginning: Promise<void>; readonly change: string };

/**
 * Runs one migration and its change to the ledger in one transaction.
 * @param how.sent what was sent of it already
 * @param how.onSent is called when all of it is sent
 * @throws ConfitureError when nothing of it was kept; after `connection_lost` only the ledger knows
 */
export async function runInTransaction(
  database: Database,
  migration: LoadedMigration,
  direction: Direction,
  body: RunnableBody,
  options: RunOptions,
  { sent, onSent }: { readonly sent?: Sent | undefined; readonly onSent?: (() => void) | undefined } = {},
): Promise<void> {
  const whole = sent !== undefined && "whole" in sent ? sent.whole : undefined;
  if (whole !== undefined || isSentWhole(body, options)) {
    const running = whole ?? sendWhole(database, migration, direction, body, options);
    onSent?.();
    await orRolledBack(database, running);
    return;
  }
  const begun = sent !== undefined && "beginning" in sent ? sent.beginning : sendBeginning(database, body, options);
  const record = (): Promise<void> => {
    const change = sent !== undefined && "change" in sent ? sent.change : ledgerChange(migration, direction, options);
    const recording = recordChecked(database, migration, direction, options, change, (message) =>
      commit(message, migration),
    );
    onSent?.();
    return recording;
  };
  const behind: { recording?: Promise<void> } = {};
  const onAllSent = (): void => {
    behind.recording = record();
    // Whoever waits for it comes later.
    behind.recording.catch(() => {});
  };
  if (body.kind === "sql") await begun;
  try {
    // TypeScript begins to compute while BEGIN is on its way; what it asks for is sent behind that, and the change to the ledger
    // behind its last statement, where it has nothing to do with what becomes of that.
    if (body.kind === "sql") await runBody(database, migration, body, direction, options);
    else {
      const running = runBody(database, migration, body, direction, options, options.takesBack ? undefined : onAllSent);
      await inOrder([begun, running]);
    }
    // An interrupt while no statement was running has not stopped anything yet.
    if (behind.recording === undefined && options.signal?.aborted === true) {
      throw new ConfitureError("interrupted", "Interrupted; the migration was rolled back");
    }
  } catch (error) {
    // Where it is recorded all the same, an interrupt has come too late.
    if (behind.recording === undefined || !(await isFulfilled(behind.recording))) {
      await rollback(database);
      throw error;
    }
  }
  if (options.takesBack === true) {
    try {
      await recordChecked(database, migration, direction, options, ledgerChange(migration, direction, options));
    } finally {
      await rollback(database);
    }
    return;
  }
  await orRolledBack(database, behind.recording ?? record());
}

/** Sends the beginning of a migration's transaction, without waiting. The caller rolls it back where the migration does not follow. */
export async function sendBeginning(database: Database, body: RunnableBody, options: RunOptions): Promise<void> {
  await inOrder(begin(database, options, body.kind === "sql" ? body.opening : undefined));
}

/** Whether a migration goes to the server in one round trip. */
export function isSentWhole(body: RunnableBody, { performer = DIRECTLY, takesBack }: RunOptions): boolean {
  return performer.sendsAtOnce === true && takesBack !== true && canPipeline(body);
}

/**
 * Sends one migration and its change to the ledger, without waiting. After a failure the transaction is still open, so that nothing runs
 * of what is sent behind it: the caller rolls it back.
 * @param guard an expression for a select list that has to succeed before the migration begins
 */
export async function sendWhole(
  database: Database,
  migration: LoadedMigration,
  direction: Direction,
  body: RunnableBody,
  options: RunOptions,
  guard?: string,
): Promise<void> {
  await inOrder([
    ...begin(database, options, body.kind === "sql" ? body.opening : undefined, guard),
    // By itself, as whoever looks at the server's sessions and log wants to see it.
    runBody(database, migration, body, direction, options),
    recordChecked(database, migration, direction, options, ledgerChange(migration, direction, options), (message) =>
      commit(message, migration),
    ),
  ]);
}

async function isFulfilled(work: Promise<void>): Promise<boolean> {
  return await work.then(
    () => true,
    () => false,
  );
}

/** Waits for work whose transaction is open afterwards where it fails. */
async function orRolledBack(database: Database, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    await rollback(database);
    throw error;
  }
}

/** A part of several migrations that share one transaction. */
export interface SharedTransaction {
  /** Runs one more migration in it. */
  run(migration: LoadedMigration): Promise<void>;
}

/**
 * Applies several migrations in one transaction: all of them or none.
 * @param work runs the migrations one after the other
 */
export async function inOneTransaction(
  database: Database,
  options: RunOptions,
  work: (transaction: SharedTransaction) => Promise<LoadedMigration>,
): Promise<void> {
  await inOrder(begin(database, options));
  let last: LoadedMigration;
  try {
    last = await work({
      run: async (migration) => {
        noteSettings(database, migration);
        const body = bodyOf(migration, "up");
        await database.execute(cleanSession(withOwnPolicies(body, options), database));
        await runBody(database, migration, body, "up", options);
        await changeLedgerInTransaction(database, options.ledger, ledgerChange(migration, "up", options), {
          lock: options.lockKey,
        });
      },
    });
  } catch (error) {
    await rollback(database);
    throw error;
  }
  // What was put off to COMMIT runs as the user who connected, not with the ledger's search_path.
  await inOrder([database.execute("reset session authorization; reset role; reset all"), commit(database, last)]);
}

/** @param opening how a body wants its transaction to begin, see `SqlBody` */
function begin(database: Database, options: RunOptions, opening?: string, guard?: string): Promise<void>[] {
  return [
    // What SET SESSION CHARACTERISTICS has left would already hold for this transaction, and UNLISTEN in it only from its end on.
    database.execute("reset all; unlisten *"),
    // Inside a transaction, so that a failure stops what is sent behind.
    prepareSession(database, options, {
      opening: "begin",
      closing: opening === undefined ? undefined : `commit; ${opening}`,
      guard,
    }),
  ];
}

/** How the ledger changes with a migration, as SQL. */
export function ledgerChange(
  migration: LoadedMigration,
  direction: Direction,
  { ledger, toolVersion, alsoRecord }: RunOptions,
): string {
  const own =
    direction === "up"
      ? [
          insertSql(ledger, entryOf(migration), toolVersion, { state: "applied", executionMs: TRANSACTION_MS }),
          ...squashedSql(ledger, migration.file.squashed ?? [], toolVersion),
        ]
      : [deleteSql(ledger, migration.file.version)];
  return [...own, ...(alsoRecord === undefined ? [] : [alsoRecord])].join("; ");
}

/**
 * Records the migration when what was put off to COMMIT has happened: the triggers see the role and search_path of the migration, not those
 * that the ledger is written with.
 */
async function recordChecked(
  database: Database,
  migration: LoadedMigration,
  direction: Direction,
  { ledger, lockKey: lock }: RunOptions,
  change: string,
  behind?: (message: Database) => Promise<void>,
): Promise<void> {
  try {
    await changeLedgerInTransaction(database, ledger, change, { before: CHECK_DEFERRED, behind, lock });
  } catch (error) {
    throw error instanceof ConfitureError ? explainRecording(error, migration, direction) : error;
  }
}

function explainRecording(error: ConfitureError, migration: LoadedMigration, direction: Direction): unknown {
  if (error.code === "sql_failed") return explainDeferred(error, migration);
  const { path } = migration.file;
  if (error.code !== "lock_lost") return explainReadOnly(error, bodyOf(migration, direction), path);
  return error.with({ location: { file: path }, hint: `${error.hint}\nThe migration was rolled back.` });
}

async function commit(database: Database, migration: LoadedMigration): Promise<void> {
  try {
    await database.execute("commit");
  } catch (error) {
    throw explainDeferred(error, migration);
  }
}

function canPipeline(body: RunnableBody): boolean {
  return body.kind === "sql" && isOneMessage(body.script);
}

async function runBody(
  database: Database,
  migration: LoadedMigration,
  body: RunnableBody,
  direction: Direction,
  options: RunOptions,
  onAllSent?: () => void,
): Promise<void> {
  const { performer = DIRECTLY, signal, leftOpen, onEvent } = options;
  const { file } = migration;
  try {
    if (body.kind === "sql") {
      await performer.statements(database, body.script, body.script.statements);
      return;
    }
    const { runTypeScript } = await import("./statement-queue.ts");
    await runTypeScript(body, {
      database,
      performer,
      signal,
      onNothing: () => ranNothing(body, migration, direction, options),
      onProgress: (statements) => onEvent?.({ type: "progress", migration: file, statements }),
      onTold: (done, total) => onEvent?.({ type: "told-progress", migration: file, done, total }),
      onAllSent,
      onLeftOpen: leftOpen && ((left) => leftOpen.add(body, left)),
      outside: undefined,
    });
  } catch (error) {
    throw explainInTransaction(error, body);
  }
}

function explainDeferred(error: unknown, migration: LoadedMigration): unknown {
  // 25P02: the transaction had failed before, which is reported by itself.
  if (!(error instanceof ConfitureError) || error.code !== "sql_failed" || error.server?.sqlstate === "25P02") {
    return error;
  }
  const { message, sqlstate, context } = error.server!;
  // A constraint says so by its class, a trigger by where it failed.
  const isDeferred = sqlstate.startsWith("23") || context !== undefined;
  const deferred = isDeferred ? "A deferred constraint or constraint trigger is checked at COMMIT. " : "";
  const advice = sqlstate === "57014" && error.hint !== undefined ? `${error.hint}\n` : "";
  return error.with({
    message: `COMMIT failed: ${message}`,
    location: { file: migration.file.path },
    hint: `${advice}${deferred}The migration was rolled back.`,
  });
}
