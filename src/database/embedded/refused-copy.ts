import { ConfitureError } from "#errors/error.ts";
import { copyEnd } from "#sql/effects/exposure.ts";
import { splitStatements } from "#sql/split.ts";
import { ROWS_FROM_HERE, ROWS_TO_HERE } from "../advice.ts";

/** What no PostgreSQL runs, so that a transaction it is sent in can only be rolled back. */
export const NO_SQL = '"COPY with a file or program"';

/**
 * The refusal of SQL with a COPY that names a file or a program. The engine's files are in its memory: it would say that it
 * had written one, and find none; a program breaks it down.
 */
export function refusedCopy(sql: string): ConfitureError | undefined {
  if (!/\bcopy\b/i.test(sql)) return undefined;
  for (const statement of splitStatements(sql).statements) {
    if (statement.firstWord !== "COPY") continue;
    const tokens = statement.tokens();
    const end = copyEnd(tokens);
    if (end === undefined) continue;
    const message = end.isProgram
      ? "The embedded PostgreSQL runs no programs"
      : "The embedded PostgreSQL has no files of this machine to read or write";
    return new ConfitureError("sql_failed", message, {
      // As a server refuses what it does not have, with a position in code points.
      server: {
        severity: "ERROR",
        sqlstate: "0A000",
        message,
        position: Array.from(sql.slice(0, statement.start)).length + 1,
      },
      hint: tokens[end.at] === "TO" ? ROWS_TO_HERE : ROWS_FROM_HERE,
    });
  }
  return undefined;
}
