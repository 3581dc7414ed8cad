import { shellWord } from "#errors/shell.ts";
import { type MigrationFile, migrationId } from "../files/migration-file.ts";
import { REFUSED } from "./statement.ts";
import { ConfitureError } from "#errors/error.ts";
import type { PreparedFill } from "./prepare.ts";

/** lock_not_available, deadlock_detected, serialization_failure, query_canceled (by statement_timeout). */
const RETRIED: ReadonlySet<string> = new Set(["55P03", "40P01", "40001", "57014"]);

/** Whether the same batch may work a moment later, or with fewer rows. */
export function isPassing(error: ConfitureError): boolean {
  return error.server !== undefined && RETRIED.has(error.server.sqlstate);
}

/** Says where in the file a failed statement is. */
export function locate(error: unknown, { statement }: PreparedFill, sent: string): unknown {
  if (!(error instanceof ConfitureError) || error.code !== "sql_failed" || error.location !== undefined) return error;
  const { position } = error.server ?? {};
  return error.with({
    location: position === undefined ? statement.location : statement.locate(sent, position),
  });
}

/** What stopped a backfill, and how to go on. */
export function backfillFailed(
  error: ConfitureError,
  migration: MigrationFile,
  range: string,
  tries?: number,
): ConfitureError {
  if (error.code === "connection_lost" || error.code === REFUSED || error.code === "interrupted") return error;
  const { version } = migration;
  const tried = tries === undefined ? "" : ` (tried ${tries} times, each time with fewer rows)`;
  return error.with({
    code: "backfill_failed",
    message: `Backfill ${migrationId(migration)} stopped with the rows ${range}: ${error.message}${tried}`,
    hint: [
      error.hint,
      "The batches before stay, and are recorded. When the rows are put right, `confiture migrate up` goes on with this batch.",
      `To change the statement instead: edit the file, then confiture migrate resolve ${shellWord(version)} --rolled-back; the next \`up\` starts again and its WHERE leaves out what is done.`,
    ]
      .filter((line) => line !== undefined)
      .join("\n"),
  });
}

/** A second run of a batch has found rows to do: its condition does not say what is done. */
export function doesAgain({ statement }: PreparedFill, again: number, changed: number): ConfitureError {
  return new ConfitureError(
    REFUSED,
    `The WHERE of this backfill does not say what is not done yet: of a first batch with ${changed} rows a second run does ${again} again`,
    {
      location: statement.location,
      hint: "Nothing was changed. Let WHERE be false for a row that is done, such as WHERE new_column IS NULL.",
    },
  );
}

/** Somebody has removed the row that says how far a backfill is. */
export function recordTakenAway(migration: MigrationFile): ConfitureError {
  return new ConfitureError("backfill_failed", `The record of ${migrationId(migration)} was taken away while it ran`, {
    hint: "What is done stays done. Run `confiture migrate up` again: it starts again, and WHERE leaves out what is done.",
  });
}
