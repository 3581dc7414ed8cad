import type { Database } from "#database/database.ts";
import { beginNumbered } from "#database/transaction-fate.ts";
import { rollback } from "#database/rollback.ts";
import { runStatements } from "#database/run-script.ts";
import { placeIn, type Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { LIFT_LIMITS } from "#database/settings.ts";
import { transactionControl } from "#sql/classify.ts";
import emptyDatabase from "./empty-database.sql" with { type: "text" };
import type { SchemaOrder } from "./collect.ts";
import { explainFailure, interruption } from "./explain.ts";
import {
  assembleSchemaScript,
  CLEAR_SESSION,
  piecesOf,
  type ReadOptions,
  readSchemaScript,
  type SchemaScript,
} from "./schema-script.ts";

export interface BuildOptions extends ReadOptions {
  /** From `collectSchemaFiles`, in that order. */
  readonly files: readonly string[];
  /** Each file starts with clean session settings. */
  readonly resetBetweenFiles: boolean;
  /** How they were ordered, for what is said about a failure; by their paths when undefined. */
  readonly order?: SchemaOrder | undefined;
}

export interface ExecuteOptions extends BuildOptions {
  /** Empties the database first, in the same transaction. */
  readonly fresh: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Runs statements of a file, as `runStatements`, which does it when undefined. */
  readonly run?: typeof runStatements | undefined;
  readonly onFile?: ((file: string, index: number) => void) | undefined;
  /**
   * Is called before the first file, in a transaction, and gives what is called behind the last one, in the same transaction: where
   * that throws, nothing was done. Where each statement is by itself, each call has a transaction of its own, and what fails has been told, too.
   */
  readonly watch?: ((database: Database) => Promise<() => Promise<void>>) | undefined;
}

/**
 * The whole schema as one script, piece by piece: a piece a file. The same files give the same bytes.
 * @throws ConfitureError for the first file that could not be run
 */
export function* assembleSchema(options: BuildOptions): Generator<string | Uint8Array> {
  const { length } = options.files;
  yield `-- The schema of this project, assembled from ${length} ${length === 1 ? "file" : "files"} by confiture build.\n-- Change the files, not this script.\n\n`;
  for (const [index, file] of options.files.entries()) {
    if (options.resetBetweenFiles && index > 0) yield `${CLEAR_SESSION}\n`;
    yield* assembleSchemaScript(readSchemaScript(options, file));
  }
}

/** How every script of `assembleSchema` begins, in whatever number of files. */
const BEGINNING = /^-- The schema of this project, assembled from \d+ files? by confiture build\.\n/;

/** Whether a script that begins so is one of `assembleSchema`. */
export function isAssembled(beginning: string): boolean {
  return BEGINNING.test(beginning);
}

/** Reads and checks every file, as a build would, and runs none. */
export function checkSchema(options: BuildOptions): void {
  let open: ConfitureError | undefined;
  for (const file of options.files) {
    for (const piece of piecesOf(readSchemaScript(options, file))) {
      if (!options.transaction && piece !== "connect") open = openTransaction(piece, open);
    }
  }
  if (open !== undefined) throw open;
}

/** What to say should no COMMIT follow: a BEGIN of the files' own may be ended by a later file. */
function openTransaction(script: Script, before: ConfitureError | undefined): ConfitureError | undefined {
  const last = script.statements.findLast((statement) => transactionControl(statement) !== undefined);
  if (last === undefined) return before;
  const verb = transactionControl(last);
  if (verb !== "BEGIN" && verb !== "START TRANSACTION") return undefined;
  return new ConfitureError("sql_transaction_control", `${verb} without a COMMIT`, {
    location: placeIn(script, last.start),
    hint: "Add the COMMIT, or remove the BEGIN: what is not committed would be lost.",
  });
}

/**
 * Runs the files in one transaction, a round trip each. While the server works on one, the next is read.
 * Afterwards the session's settings are as they were.
 * @throws ConfitureError with the place in the file; the database is then as it was before. After `connection_lost` with
 * `data.transaction`, a number that `fateOfTransaction` takes, only the server knows whether it was committed
 */
export async function executeSchema(database: Database, options: ExecuteOptions): Promise<void> {
  if (!options.transaction) {
    await executeOneByOne(database, options);
    return;
  }
  const transaction = await beginNumbered(database, options.fresh ? `begin; ${emptyDatabase}` : "begin");
  let isCommitting = false;
  try {
    const seen = await options.watch?.(database);
    let running: Promise<void> = Promise.resolve();
    for (const [index, file] of options.files.entries()) {
      const script = await ahead(running, () => readSchemaScript(options, file));
      throwIfInterrupted(options);
      options.onFile?.(file, index);
      running = runFile(database, script, options, index);
      running.catch(() => {}); // Awaited in the next turn.
    }
    await running;
    throwIfInterrupted(options);
    if (seen !== undefined) {
      await clearSession(database);
      await seen();
    }
    isCommitting = true;
    await database.execute("commit");
    await clearSession(database);
  } catch (error) {
    await rollback(database);
    if (error instanceof ConfitureError && error.code === "connection_lost") {
      throw isCommitting
        ? error.with({ data: { ...error.data, transaction } })
        : error.with({ hint: "The build was rolled back by the server: its COMMIT had not been sent." });
    }
    throw explainFailure(error, options);
  }
}

/** Does `work` while `running` goes on, and lets a failure of `running` come first. */
async function ahead<T>(running: Promise<void>, work: () => T): Promise<T> {
  let outcome: { value: T } | { error: unknown };
  try {
    outcome = { value: work() };
  } catch (error) {
    outcome = { error };
  }
  await running;
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

async function clearSession(database: Database): Promise<void> {
  const lift = database.engine === "server" ? `select ${LIFT_LIMITS};` : "";
  await database.execute(`${CLEAR_SESSION}${lift}`);
}

async function runFile(
  database: Database,
  script: SchemaScript,
  options: ExecuteOptions,
  index: number,
): Promise<void> {
  if (options.resetBetweenFiles && index > 0) await clearSession(database);
  for (const piece of piecesOf(script)) {
    if (piece === "connect") await clearSession(database);
    else await (options.run ?? runStatements)(database, piece);
  }
}

async function executeOneByOne(database: Database, options: ExecuteOptions): Promise<void> {
  // Nothing would take back the files before one that cannot be run.
  checkSchema(options);
  if (options.fresh) await database.execute(`begin; ${emptyDatabase}; commit`);
  const seen = options.watch === undefined ? undefined : await inside(database, options.watch);
  const block = { isOpen: false };
  try {
    for (const [index, file] of options.files.entries()) {
      const script = readSchemaScript(options, file);
      options.onFile?.(file, index);
      if (options.resetBetweenFiles && index > 0) await clearSession(database);
      for (const piece of piecesOf(script)) {
        if (piece === "connect") await clearSession(database);
        else await runOneByOne(database, piece, options, block);
      }
    }
    await clearSession(database);
  } catch (error) {
    if (block.isOpen) await rollback(database);
    if (error instanceof ConfitureError && error.code === "connection_lost") {
      throw error.with({ hint: "Every statement before this one is done. Whether this one is, is not known." });
    }
    const failure = explainFailure(error, options);
    if (seen === undefined) throw failure;
    await clearSession(database);
    // A database that cannot be looked at any more has failed in the same way: the first failure is the one to mend.
    await inside(database, seen).catch(() => Promise.reject(failure));
    throw failure;
  }
  if (seen !== undefined) await inside(database, seen);
}

/** Looks at the database in a transaction that changes nothing. */
async function inside<T>(database: Database, look: (database: Database) => Promise<T>): Promise<T> {
  await database.execute("begin");
  try {
    return await look(database);
  } finally {
    await rollback(database);
  }
}

/** @param block is told whether a transaction of the files' own is open */
async function runOneByOne(
  database: Database,
  script: Script,
  options: ExecuteOptions,
  block: { isOpen: boolean },
): Promise<void> {
  for (const statement of script.statements) {
    throwIfInterrupted(options);
    const control = transactionControl(statement);
    const begins = control === "BEGIN" || control === "START TRANSACTION";
    if (begins) block.isOpen = true;
    await (options.run ?? runStatements)(database, script, [statement]);
    if (control !== undefined && !begins && !control.endsWith("PREPARED")) block.isOpen = false;
  }
}

function throwIfInterrupted(options: ExecuteOptions): void {
  if (options.signal?.aborted === true) throw new ConfitureError("interrupted", interruption(options));
}
