import { ConfitureError } from "#errors/error.ts";
import { inOrder } from "./catalogue.ts";
import type { Database } from "./database.ts";

/** "unknown" when the server cannot tell: it no longer knows the transaction, or never did. */
export type TransactionFate = "committed" | "rolled back" | "unknown";

/**
 * Begins a transaction whose fate can be asked for later, over another connection.
 * @param opening SQL that begins with BEGIN
 * @returns the transaction's number
 */
export async function beginNumbered(database: Database, opening: string): Promise<string> {
  const begun = database.execute(opening);
  const numbered = database.query<{ number: string }>("select pg_catalog.txid_current()::pg_catalog.text as number");
  await inOrder([begun, numbered]);
  const [row] = await numbered;
  if (row === undefined) throw new ConfitureError("internal", "a transaction without a number");
  return row.number;
}

/** What became of a transaction whose session has ended. */
export async function fateOfTransaction(database: Database, number: string): Promise<TransactionFate> {
  const [row] = await database.query<{ status: string | null }>(
    "select pg_catalog.txid_status($1::pg_catalog.text::pg_catalog.int8) as status",
    [number],
  );
  if (row?.status === "committed") return "committed";
  return row?.status === "aborted" ? "rolled back" : "unknown";
}
