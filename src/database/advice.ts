import type { ServerReport } from "#errors/error.ts";

/** Next steps for errors that newcomers meet, by SQLSTATE (PostgreSQL manual, "Error Codes"). */
const ADVICE: Readonly<Record<string, string>> = {
  "42P07":
    "It is there already. In schema files write CREATE ... IF NOT EXISTS; a migration whose change the build made already is recorded with `confiture migrate baseline`.",
  "42710": "It is there already. Use IF NOT EXISTS or OR REPLACE where PostgreSQL has it.",
  "42723": "Write CREATE OR REPLACE FUNCTION.",
  "42701":
    "The column is there already: was the change made by hand, or built from the schema files? See `confiture migrate baseline`.",
  "42501": "The role lacks a right. Connect as the owner, or have it granted.",
  "25006": "The database is read-only: a standby, or default_transaction_read_only is on. Connect to the primary.",
  "55P03": "Another session holds a lock on it. Try again when it is quiet, or raise migrations.lock_timeout.",
  "53100": "The server's disk is full. Nothing of the open transaction was kept.",
  "53200": "The server ran out of memory or lock slots. Raise max_locks_per_transaction, or split the work.",
  "58P01": "A file is missing on the server: most often an extension that is not installed there.",
};

export function adviceFor(server: ServerReport): string | undefined {
  if (server.sqlstate === "0A000" && server.message.includes("extension")) return ADVICE["58P01"];
  if (server.sqlstate === "42704" && server.message.startsWith("role "))
    return "Roles belong to the server; neither a build nor a generated migration makes them. Create it there first: CREATE ROLE ...";
  return ADVICE[server.sqlstate];
}
