import { ConfitureError } from "#errors/error.ts";
import type { Database } from "./database.ts";

/** Ends a transaction that failed. */
export async function rollback(database: Database): Promise<void> {
  await database.execute("rollback").catch((error: unknown) => {
    // A lost connection is rolled back by the server.
    if (!(error instanceof ConfitureError) || error.code !== "connection_lost") throw error;
  });
}
