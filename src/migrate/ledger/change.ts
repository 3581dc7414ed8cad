import { CATALOGUE_PATH, inOrder } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { inOneMessage } from "#database/one-message.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteLiteral, quoteQualified } from "#sql/quote.ts";
import { holdsLock, lockLost } from "../run/lock.ts";
import { explainLedgerError } from "./explain.ts";
import { COLUMNS, DEFINITIONS, KEPT_COLUMNS, type Ledger, LEDGER_COMMENT } from "./ledger.ts";

/**
 * Before a statement of ours inside the migration's transaction: whatever role and search_path the migration
 * left behind, the ledger is written as the user who connected. It is sent by itself, since the server reads a
 * whole message in one encoding.
 */
const AS_OURSELVES = `set local session authorization default; set local role to default; set local client_encoding = 'UTF8'; ${CATALOGUE_PATH}`;

/** What was put off to COMMIT happens now. */
export const CHECK_DEFERRED = "set constraints all immediate";

/**
 * Changes the ledger inside a transaction that is open and will be committed by the caller.
 * @param around.before a statement of the migration's, sent along; its failure is thrown as it is
 * @param around.behind a step in the same message as the change
 * @param around.lock the runner's, which the session has to have until the COMMIT
 * @throws ConfitureError `lock_lost`, `ledger_unusable`
 */
export async function changeLedgerInTransaction(
  database: Database,
  ledger: Ledger,
  sql: string,
  around: {
    readonly before?: string | undefined;
    readonly behind?: ((message: Database) => Promise<void>) | undefined;
    readonly lock?: bigint;
  } = {},
): Promise<void> {
  const { before, behind, lock } = around;
  const entering = database.execute(joined(before, enter(lock)));
  const change = async (message: Database): Promise<void> => {
    try {
      await message.execute(sql);
    } catch (error) {
      throw explainLedgerError(ledger, error);
    }
  };
  const changing = behind === undefined ? change(database) : inOneMessage(database, [change, behind]);
  await inOrder([
    entering.catch((error: unknown) => {
      const isMigrations = error instanceof ConfitureError && error.server?.completedStatements === 0;
      throw before !== undefined && isMigrations ? error : explainEntering(ledger, error);
    }),
    changing,
  ]);
}

/**
 * Changes the ledger in a transaction of its own.
 * @param lock the runner's, which the session has to have until the COMMIT
 * @throws ConfitureError `lock_lost`, `ledger_unusable`
 */
export async function changeLedger(database: Database, ledger: Ledger, sql: string, lock?: bigint): Promise<void> {
  let hasEntered = false;
  try {
    await database.execute(joined("begin", enter(lock)));
    hasEntered = true;
    await database.execute(`${sql}; commit`);
  } catch (error) {
    if (error instanceof ConfitureError && error.code === "sql_failed") await database.execute("rollback");
    throw hasEntered ? explainLedgerError(ledger, error) : explainEntering(ledger, error);
  }
}

/** `AS_OURSELVES`, with the lock taken again where a migration gave it up: nobody else's work may come before the COMMIT. */
function enter(lock: bigint | undefined): string {
  return joined(AS_OURSELVES, lock === undefined ? undefined : `select ${holdsLock(lock)}`);
}

function explainEntering(ledger: Ledger, error: unknown): unknown {
  const isLost = error instanceof ConfitureError && error.server?.sqlstate === "22012";
  return isLost ? lockLost() : explainLedgerError(ledger, error);
}

function joined(...statements: readonly (string | undefined)[]): string {
  return statements.filter((statement) => statement !== undefined).join("; ");
}

/** The search_path of the session with the system catalogue before it: event triggers may look up names of the user's. */
const CATALOGUE_FIRST =
  "reset search_path; select pg_catalog.set_config('search_path', pg_catalog.btrim(pg_catalog.concat('pg_catalog, ', pg_catalog.current_setting('search_path')), ', '), true)";

/** Creates the table where it does not exist. Nobody else does so at the same time: the caller holds the lock. */
export async function createLedger(database: Database, ledger: Ledger): Promise<Ledger> {
  if (ledger.exists) return (ledger.lacks ?? []).length > 0 ? await addKeptColumns(database, ledger) : ledger;
  await changeLedger(database, ledger, `${CATALOGUE_FIRST}; ${createLedgerSql(ledger)}`);
  return { ...ledger, exists: true };
}

/** Adds the columns for texts to a ledger of an older version, if that can be done at once: they are a help and no need. */
async function addKeptColumns(database: Database, ledger: Ledger): Promise<Ledger> {
  const columns = (ledger.lacks ?? []).map((column) => `add column ${column} text`).join(", ");
  const sql = `set local lock_timeout = '1s'; ${CATALOGUE_FIRST}; alter table ${quoteQualified(ledger.schema, ledger.table)} ${columns}`;
  try {
    await changeLedger(database, ledger, sql);
    return { ...ledger, lacks: [] };
  } catch (error) {
    // Not the owner, a view, or someone reads it for a long time.
    if (error instanceof ConfitureError && ADD_LATER.has(error.server?.sqlstate ?? "")) return ledger;
    throw error;
  }
}

const ADD_LATER: ReadonlySet<string> = new Set(["42501", "42809", "55P03"]);

function createLedgerSql(ledger: Ledger): string {
  const table = quoteQualified(ledger.schema, ledger.table);
  return `create table ${table} (
  ${COLUMNS.map((column) => `${column} ${DEFINITIONS[column]}`).join(",\n  ")},
  ${KEPT_COLUMNS.map((column) => `${column} text`).join(",\n  ")}
);
comment on table ${table} is ${quoteLiteral(LEDGER_COMMENT)}`;
}
