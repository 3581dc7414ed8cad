import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";
import { endedFrom } from "./reading-failed.ts";

/**
 * Runs statements that make the objects of the copy.
 * @throws ConfitureError `sync_target_failed`, `interrupted`
 */
export async function runAll(
  database: Database,
  statements: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const sql of statements) {
    if (signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted");
    try {
      await database.execute(sql);
    } catch (error) {
      throw isDenied(error) ? await denied(error, sql, database) : making(error, sql);
    }
  }
}

/**
 * Runs the statements that come after the rows, and takes all of them back: what the target does not take, it says before the first
 * row. A schema of more objects than the server has locks for in one transaction is not tried.
 * @throws ConfitureError `sync_target_failed`, `interrupted`
 */
export async function rehearse(
  database: Database,
  statements: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await database.execute("begin");
  let failed: { readonly error: unknown; readonly sql: string } | undefined;
  for (const sql of statements) {
    if (signal?.aborted === true || failed !== undefined) break;
    await database.execute(sql).catch((error: unknown) => (failed = { error, sql }));
  }
  await rollback(database);
  if (signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted");
  if (failed === undefined) return;
  const { error, sql } = failed;
  if (error instanceof ConfitureError && error.server?.sqlstate === "53200") return;
  throw isDenied(error) ? await denied(error, sql, database) : making(error, sql, true);
}

function isDenied(error: unknown): error is ConfitureError {
  return error instanceof ConfitureError && error.server?.sqlstate === "42501";
}

/** Of a right that is missing, PostgreSQL names the object alone. */
async function denied({ message }: ConfitureError, sql: string, database: Database): Promise<ConfitureError> {
  const [row] = await database.query<{ role: string }>("select current_user::pg_catalog.text as role");
  const [statement = ""] = sql.split("\n", 1);
  return new ConfitureError(
    "sync_target_failed",
    `On the target, the role ${row?.role ?? ""} may not do what the source's schema needs: ${message}`,
    {
      hint: `Grant that right there, or name a role that has it in the target's environment. The statement: ${shortened(statement)}`,
      data: { sqlstate: "42501", side: "target", role: row?.role ?? null, statement: sql },
    },
  );
}

function shortened(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}

/** Without what PostgreSQL said, where there are rows: of a duplicate key it quotes the values. */
function making(error: unknown, sql: string, hasNoRows = false): unknown {
  if (!(error instanceof ConfitureError) || error.server === undefined) return error;
  const { sqlstate } = error.server;
  const [what = ""] = sql.split("\n", 1);
  const shown = shortened(what);
  const ended = endedFrom(sqlstate);
  if (ended !== undefined)
    return new ConfitureError(
      "sync_target_failed",
      `On the target, ${ended.what} (SQLSTATE ${sqlstate}) during this statement: ${shown}`,
      { hint: ended.hint, data: { sqlstate, statement: sql } },
    );
  return new ConfitureError(
    "sync_target_failed",
    `The target refuses a statement of the source's schema (SQLSTATE ${sqlstate}): ${hasNoRows ? `${error.server.message}. The statement: ` : ""}${shown}`,
    {
      hint:
        HINTS[sqlstate] ??
        (hasNoRows ? "No row was copied yet." : undefined) ??
        (sqlstate.startsWith("22") ? OF_VALUES : undefined) ??
        "What PostgreSQL said is not shown, because it may quote values. The target's own log has it.",
      data: { sqlstate, statement: sql },
    },
  );
}

const OF_VALUES =
  "It computes something of values that a rule has replaced, which their results are not fit for. Give the columns that it reads another rule. What PostgreSQL said is not shown, because it may quote values; the target's own log has it.";

const HINTS: Readonly<Record<string, string>> = {
  "23503": "Rows refer to rows that were not copied, or a rule changes a key and not what refers to it.",
  "23505": "A rule gives two rows the same value in a unique column. Use a transform that keeps values apart.",
  "23514": "A rule gives a value that the constraint does not allow.",
  "53100": "The target's disk is full. Make room, then run it again.",
  "58P01": "An extension is not installed on the target's server. Install it there.",
  "0A000": "An extension may be missing on the target's server, or its version cannot do this.",
};
