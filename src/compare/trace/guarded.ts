import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { setsTransaction, transactionControl } from "#sql/classify.ts";
import type { Statement } from "#sql/statement.ts";

const SAVEPOINT = "confiture_before";

/** no_active_sql_transaction */
const NO_TRANSACTION = "25P01";

/** Whether a savepoint must not be set before a statement: it ends the transaction, is to come first in it, or names one itself. */
export function isUnguarded(statement: Statement): boolean {
  const [first] = statement.words;
  return (
    transactionControl(statement) !== undefined ||
    setsTransaction(statement) ||
    first === "SAVEPOINT" ||
    first === "RELEASE" ||
    first === "ROLLBACK"
  );
}

/** @returns whether a savepoint was set; there is none outside a transaction */
export async function setSavepoint(database: Database): Promise<boolean> {
  try {
    await database.execute(`savepoint ${SAVEPOINT}`);
    return true;
  } catch (error) {
    if (error instanceof ConfitureError && error.server?.sqlstate === NO_TRANSACTION) return false;
    throw error;
  }
}

export async function backToSavepoint(database: Database): Promise<void> {
  await database.execute(`rollback to savepoint ${SAVEPOINT}`);
}

export async function releaseSavepoint(database: Database): Promise<void> {
  await database.execute(`release savepoint ${SAVEPOINT}`);
}

/**
 * Runs one statement so that its failure leaves the transaction as it was before, if there is one.
 * @throws as `work`
 */
export async function guarded(database: Database, statement: Statement, work: () => Promise<void>): Promise<void> {
  if (isUnguarded(statement) || !(await setSavepoint(database))) {
    await work();
    return;
  }
  try {
    await work();
  } catch (error) {
    await backToSavepoint(database);
    throw error;
  }
  await releaseSavepoint(database);
}
