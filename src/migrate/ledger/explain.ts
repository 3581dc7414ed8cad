import { ConfitureError } from "#errors/error.ts";
import type { Ledger } from "./ledger.ts";
import { quoteQualified } from "#sql/quote.ts";

/** Says of a failed statement of ours that it was the ledger's, and what to do. */
export function explainLedgerError(ledger: Ledger, error: unknown): unknown {
  // A session that the server ends says nothing about the ledger.
  if (!(error instanceof ConfitureError) || error.server === undefined || error.code === "connection_lost")
    return error;
  const name = quoteQualified(ledger.schema, ledger.table);
  if (error.server.sqlstate === NOT_WRITTEN) return notWritten(name, error);
  const hints: Record<string, string> = {
    "42501": `The role needs rights on it: GRANT SELECT, INSERT, UPDATE, DELETE ON ${name} TO the role, and CREATE on the schema for the first run.`,
    "25006": "The database is read-only: a standby, or default_transaction_read_only is on. Connect to the primary.",
    "3F000": `Make its schema first: CREATE SCHEMA "${ledger.schema}"`,
    "42P01": "It was there a moment ago: someone dropped or renamed it. Nothing was recorded since.",
  };
  const isTriggers = error.server.sqlstate === "42P01" && error.server.context !== undefined;
  const hint = isTriggers
    ? "A function that a trigger on it runs does not find this: only pg_catalog is looked in, so its names need their schema."
    : hints[error.server.sqlstate];
  return error.with({
    code: "ledger_unusable",
    message: `The ledger ${name} cannot be used: ${error.server.message}`,
    hint: ROW_SECURITY.has(error.server.routine ?? "") ? rowSecurity(name) : hint,
  });
}

/** The functions of PostgreSQL that report rows which row-level security would hide, and rows that it refuses. */
const ROW_SECURITY: ReadonlySet<string> = new Set(["check_enable_rls", "ExecWithCheckOptions"]);

function rowSecurity(name: string): string {
  return [
    "Row-level security on it would hide migrations that are applied. One of these lets the role see all of them:",
    `  ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY;`,
    `  ALTER TABLE ${name} OWNER TO the role; (the owner sees everything, unless the table says FORCE ROW LEVEL SECURITY)`,
    "  ALTER ROLE the role BYPASSRLS; (as a superuser)",
  ].join("\n");
}

/** What a division by zero is called. It is an error that needs no procedural language. */
const NOT_WRITTEN = "22012";

function notWritten(name: string, error: ConfitureError): ConfitureError {
  return error.with({
    code: "ledger_unusable",
    message: `The ledger ${name} did not take a change: its row is not as it was written`,
    hint: `A trigger or a rule on the table suppresses what is written, or changes it. psql shows them: \\d ${name}\nDisable it (ALTER TABLE ${name} DISABLE TRIGGER USER, or DROP RULE) and run the command again.`,
  });
}
