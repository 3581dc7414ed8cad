import { ConfitureError } from "#errors/error.ts";
import type { Database } from "./database.ts";
import { openDatabase } from "./open.ts";
import type { Target } from "./target.ts";

/** Several tries: a busy pool may hand the same backend out again by chance. */
const TRIES = 3;

/**
 * Refuses a pooler that gives every transaction another backend (PgBouncer's pool_mode = transaction or
 * statement): session locks and settings would land on backends that other clients share. A pooler that keeps
 * one backend for the session is fine.
 * @throws ConfitureError `transaction_pooling`
 */
export async function refuseTransactionPooling(target: Target, database: Database): Promise<void> {
  if (!database.pooled) return;
  const other = await openDatabase(target);
  try {
    for (let i = 0; i < TRIES; i++) {
      const before = await backendOf(database);
      await other.execute("begin").catch((error: unknown) => {
        throw pooling(error); // Statement pooling refuses transactions altogether.
      });
      // Within a transaction the second client keeps its backend. Getting the first one's, or pushing it to
      // another, means that the pooler took it away between two transactions.
      const taken = await backendOf(other);
      const after = await backendOf(database);
      await other.execute("rollback");
      if (taken === before || after !== before) throw pooling();
    }
  } finally {
    await other.close();
  }
}

async function backendOf(database: Database): Promise<number> {
  const [row] = await database.query<{ pid: number }>("select pg_catalog.pg_backend_pid() as pid");
  return row?.pid ?? 0;
}

function pooling(cause?: unknown): ConfitureError {
  return new ConfitureError(
    "transaction_pooling",
    "The connection goes through a pooler that gives each transaction another backend (transaction pooling)",
    {
      hint: "The lock, which one session has to hold, would protect nothing. Connect to the server itself, or through a pool with pool_mode = session.",
      cause,
    },
  );
}
