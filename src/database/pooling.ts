import { ConfitureError } from "#errors/error.ts";
import type { Database } from "./database.ts";
import { openDatabase } from "./open.ts";
import type { Target } from "./target.ts";
import { transactionPooling } from "./transaction-pooling.ts";

/** Several tries: a busy pool may hand the same backend out again by chance. */
const TRIES = 3;

/** Milliseconds for the whole check where the target sets no limit of its own. */
const LONGEST_WAIT = 10_000;

/**
 * Refuses a pooler that gives every transaction another backend (PgBouncer's pool_mode = transaction or
 * statement): session locks and settings would land on backends that other clients share. A pooler that keeps
 * one backend for the session is fine.
 * @throws ConfitureError `transaction_pooling`; `pooler_busy` when there is no second backend to tell by
 */
export async function refuseTransactionPooling(
  target: Target,
  database: Database,
  signal?: AbortSignal,
): Promise<void> {
  if (!database.pooled || target.engine !== "server") return;
  // An empty pool keeps its clients waiting, for as long as it likes.
  const limit = AbortSignal.timeout(target.connectTimeout > 0 ? target.connectTimeout : LONGEST_WAIT);
  const isOver = new Promise<never>((_, reject) => {
    limit.addEventListener("abort", () => reject(poolerBusy("it kept the second connection waiting")));
  });
  isOver.catch(() => {});
  let other: Database | undefined;
  try {
    other = await openDatabase(database.host ?? target, {
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    await Promise.race([compareBackends(database, other), isOver]);
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof ConfitureError)) throw error;
    if (limit.aborted) throw poolerBusy("it kept the second connection waiting", error);
    throw other === undefined && error.code === "connect_failed" ? poolerBusy(error.message, error) : error;
  } finally {
    await other?.close();
  }
}

/** @throws ConfitureError `transaction_pooling` */
async function compareBackends(database: Database, other: Database): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    const before = await backendOf(database);
    // Within a transaction the second client keeps its backend. Getting the first one's, or pushing it to
    // another, means that the pooler took it away between two transactions.
    await other.execute("begin");
    if ((await backendOf(other)) === before) throw transactionPooling();
    const after = await backendOf(database);
    await other.execute("rollback");
    if (after !== before) throw transactionPooling();
  }
}

async function backendOf(database: Database): Promise<number> {
  const [row] = await database.query<{ pid: number }>("select pg_catalog.pg_backend_pid() as pid");
  return row?.pid ?? 0;
}

function poolerBusy(why: string, cause?: ConfitureError): ConfitureError {
  return new ConfitureError(
    "pooler_busy",
    `The connection goes through a pooler, and it is not known whether that keeps one backend for the session: ${why}`,
    {
      hint: "Finding out takes two connections at once. Give the pool more than one (PgBouncer's default_pool_size), try again when it is less busy, or connect to the server itself.",
      server: cause?.server,
      cause,
    },
  );
}
