import { ConfitureError } from "#errors/error.ts";

/** How PgBouncer ends a session that begins a transaction under statement pooling. */
const STATEMENT_POOLING = /\bstatement pooling\b/;

/** Whether a server's last words are those of a pooler that gives each statement another backend. */
export function isStatementPooling(farewell: string): boolean {
  return STATEMENT_POOLING.test(farewell);
}

/** The refusal of a pooler that gives each transaction or statement another backend. */
export function transactionPooling(cause?: unknown): ConfitureError {
  return new ConfitureError(
    "transaction_pooling",
    "The connection goes through a pooler that gives each transaction or statement another backend (transaction pooling, statement pooling)",
    {
      hint: "The lock, which one session has to hold, would protect nothing. Connect to the server itself, or through a pool with pool_mode = session.",
      cause,
    },
  );
}
