import { cannotRunInTransaction } from "#sql/classify.ts";
import type { Statement } from "#sql/statement.ts";

/**
 * Whether nobody has to wait for a statement while it waits for its lock, or for other transactions to end: CONCURRENTLY, and
 * VALIDATE CONSTRAINT by itself. A short lock_timeout would only keep it from ever coming to its end. Pure.
 */
export function isPatient(statement: Statement): boolean {
  if (statement.firstWord !== "ALTER") return cannotRunInTransaction(statement)?.endsWith("CONCURRENTLY") === true;
  const tokens = statement.tokens();
  if (tokens[1] === "TABLE" && tokens.at(-1) === "CONCURRENTLY") return true;
  const at = tokens.indexOf("VALIDATE");
  return at > 0 && tokens[at + 1] === "CONSTRAINT" && !tokens.includes(",");
}
