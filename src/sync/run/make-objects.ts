import { readCatalogue, readCatalogueInside, type Catalogue } from "#compare/catalogue/catalogue.ts";
import type { CopyStatements } from "#compare/copied-schema.ts";
import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";
import { endedFrom } from "./reading-failed.ts";

/** Where there are no rows yet: PostgreSQL's own words can be shown. */
interface BeforeRows {
  readonly role: string;
}

/**
 * Runs statements that make the objects of the copy.
 * @throws ConfitureError `sync_target_failed`, `interrupted`
 */
export async function runAll(
  database: Database,
  statements: readonly string[],
  signal: AbortSignal | undefined,
  beforeRows?: BeforeRows,
): Promise<void> {
  for (const sql of statements) {
    if (signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted");
    try {
      await database.execute(sql);
    } catch (error) {
      if (isDenied(error)) throw denied(error, sql, beforeRows?.role ?? (await roleOf(database)));
      throw refused(error, sql, beforeRows !== undefined);
    }
  }
}

/** What `makeTables` makes, and what it makes it of. */
interface Making<T> {
  readonly target: Database;
  /** Removes what is there, in place. */
  readonly clear: ((session: Database) => Promise<void>) | undefined;
  readonly planned: (empty: Catalogue) => CopyStatements;
  /** What has to be known of the tables before rows come; refuses by throwing. */
  readonly look: () => Promise<T>;
  /** Called before the target changes for good. */
  readonly committing: () => void;
  readonly signal: AbortSignal | undefined;
}

/** What is said where not everything was made on the empty tables first. */
export const NOT_REHEARSED =
  "the target's server has not enough locks to try all objects in one transaction, so that what it does not take of indexes, keys and the like fails after the rows; raise its max_locks_per_transaction to know before";

/** What was made, and what `look` found. */
interface Made<T> {
  readonly copy: CopyStatements;
  readonly found: T;
  /** Whether what comes after the rows was tried. */
  readonly isRehearsed: boolean;
}

/**
 * Makes the tables, and runs what comes after the rows once and takes that back, in one transaction: what the target does not take, it
 * says before it has changed anything. A server without locks for so many objects in one transaction gets the tables alone.
 * @throws ConfitureError `sync_target_failed`, `interrupted`, and what `look` throws
 */
export async function makeTables<T>(making: Making<T>): Promise<Made<T>> {
  const { target, clear, signal } = making;
  // In a transaction that has failed, nothing can be asked.
  const beforeRows = { role: await roleOf(target) };
  try {
    return await inTransaction(making, async () => {
      await clear?.(target);
      const copy = making.planned(await readCatalogueInside(target));
      await runAll(target, copy.before, signal, beforeRows);
      const found = await making.look();
      await target.execute("savepoint confiture_rehearsal");
      await runAll(target, [...copy.after, ...copy.last], signal, beforeRows);
      await target.execute("rollback to savepoint confiture_rehearsal");
      return { copy, found, isRehearsed: true };
    });
  } catch (error) {
    if (!(error instanceof ConfitureError)) throw error;
    if ((error.server?.sqlstate ?? error.data?.["sqlstate"]) !== OUT_OF_LOCKS) throw error;
  }
  if (clear !== undefined) await inTransaction(making, async () => await clear(target));
  const copy = making.planned(await readCatalogue(target));
  await runAll(target, copy.before, signal, beforeRows);
  return { copy, found: await making.look(), isRehearsed: false };
}

/** `out_of_memory` of the shared memory that holds locks. */
const OUT_OF_LOCKS = "53200";

async function inTransaction<T>(
  { target, committing }: Pick<Making<unknown>, "target" | "committing">,
  work: () => Promise<T>,
): Promise<T> {
  await target.execute("begin");
  try {
    const result = await work();
    committing();
    await target.execute("commit");
    return result;
  } catch (error) {
    await rollback(target);
    throw error;
  }
}

function isDenied(error: unknown): error is ConfitureError {
  return error instanceof ConfitureError && error.server?.sqlstate === "42501";
}

async function roleOf(database: Database): Promise<string> {
  const [row] = await database.query<{ role: string }>("select current_user::pg_catalog.text as role");
  return row?.role ?? "";
}

/** Of a right that is missing, PostgreSQL names the object alone. */
function denied({ message }: ConfitureError, sql: string, role: string): ConfitureError {
  const [statement = ""] = sql.split("\n", 1);
  return new ConfitureError(
    "sync_target_failed",
    `On the target, the role ${role} may not do what the source's schema needs: ${message}`,
    {
      hint: `Grant that right there, or name a role that has it in the target's environment. The statement: ${shortened(statement)}`,
      data: { sqlstate: "42501", side: "target", role, statement: sql },
    },
  );
}

function shortened(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}

/** Without what PostgreSQL said, where there are rows: of a duplicate key it quotes the values. */
function refused(error: unknown, sql: string, hasNoRows: boolean): unknown {
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
