import type { Database } from "#database/database.ts";
import { type runStatements } from "#database/run-script.ts";
import { placeIn } from "#database/script.ts";
import { withTimeLimit } from "#database/time-limit.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import type { Direction } from "#migrate/events.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { loadMigration } from "#migrate/files/load.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { DIRECTLY, type Performer } from "#migrate/run/performer.ts";
import { formatDuration } from "#sql/duration.ts";

/** How long a statement may take, and the code of a TypeScript migration around its statements. */
export interface TimeLimit {
  readonly milliseconds: number;
  /** Texts of statements that took longer, and paths of code. They are not tried again, where the rest is. */
  readonly reached: Set<string>;
  /** Whether one of them could only be ended together with its session. */
  isSessionOver: boolean;
  /** When the statement under way began, if there is one. */
  since: number | undefined;
  /** Milliseconds that went to statements that reached the limit themselves. */
  cancelled: number;
}

/** Milliseconds that a statement may take where nobody says how many. */
const USUAL = 60_000;

/**
 * How long a statement, and the code of a migration, may take in a scratch database. When undefined, code may take a minute, SQL of a
 * migration a minute for each of its statements, and SQL of other files as long as it likes.
 */
export interface Limited {
  readonly timeLimit?: number | undefined;
}

export function timeLimit(milliseconds = USUAL): TimeLimit {
  return { milliseconds, reached: new Set(), isSessionOver: false, since: undefined, cancelled: 0 };
}

/**
 * Runs what is known by its text, and notes where it reaches the limit.
 * @throws ConfitureError as `withTimeLimit`
 */
export async function withinLimit(
  database: Database,
  limit: TimeLimit,
  text: string,
  work: () => Promise<void>,
): Promise<void> {
  const since = performance.now();
  limit.since = since;
  try {
    await withTimeLimit(database, limit.milliseconds, work);
  } catch (error) {
    if (isOverLimit(error)) {
      limit.reached.add(text);
      limit.isSessionOver ||= error.code === "connection_lost";
      limit.cancelled += performance.now() - since;
    }
    throw error;
  } finally {
    limit.since = undefined;
  }
}

/** Whether something was ended because it took too long. */
export function isOverLimit(error: unknown): error is ConfitureError {
  return error instanceof ConfitureError && error.data?.["timeLimit"] !== undefined;
}

/**
 * Runs the code of a TypeScript migration, which may wait or compute for ever: it is ended at the limit, of which statements that reach
 * it themselves take nothing. SQL runs as it is.
 * @param work is given the signal to end at
 * @throws ConfitureError with `timeLimit` in its data; as `work`
 */
export async function limitingCode<T>(
  { path, form }: MigrationFile,
  limit: TimeLimit,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (form !== "typescript") return await work(outer);
  const over = new AbortController();
  const start = performance.now();
  const cancelledBefore = limit.cancelled;
  const look = (): void => {
    const now = performance.now();
    const ofStatements = limit.cancelled - cancelledBefore + (now - (limit.since ?? now));
    const left = limit.milliseconds - (now - start - ofStatements);
    if (left > 0) {
      timer = setTimeout(look, Math.max(left, 1));
      return;
    }
    limit.reached.add(path);
    over.abort(tookTooLong("migration_failed", `The code of ${path}`, limit.milliseconds, { file: path }));
  };
  let timer = setTimeout(look, limit.milliseconds);
  try {
    return await work(outer === undefined ? over.signal : AbortSignal.any([outer, over.signal]));
  } catch (error) {
    // It may have come to its end in the very moment.
    const isEnded = over.signal.aborted && outer?.aborted !== true;
    throw isEnded && error instanceof ConfitureError && error.code === "interrupted" ? over.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * As `loadMigration`, of a migration that is to run in a scratch database: TypeScript that does not come to its end is ended.
 * @throws ConfitureError as `limitingCode` and `loadMigration`
 */
export async function loadWithinLimit(
  options: Limited & { readonly projectDir: string; readonly signal?: AbortSignal | undefined },
  file: MigrationFile,
): Promise<LoadedMigration> {
  return await limitingCode(file, timeLimit(options.timeLimit), options.signal, (signal) =>
    loadMigration(options.projectDir, file, signal),
  );
}

/**
 * Runs a migration that is replayed: its code ends at the limit, and so does each of its statements. Where nobody names a limit, those of
 * SQL are sent together, and share as much time as all of them have.
 * @param work is given what sends the statements, and the signal to end at
 * @throws ConfitureError with `timeLimit` in its data; as `work`
 */
export async function replayingWithinLimit<T>(
  database: Database,
  { file, up, down }: LoadedMigration,
  direction: Direction,
  given: Limited & { readonly signal?: AbortSignal | undefined; readonly performer?: Performer | undefined },
  work: (how: { readonly performer: Performer | undefined; readonly signal: AbortSignal | undefined }) => Promise<T>,
): Promise<T> {
  const { performer, signal } = given;
  if (performer?.limitsItself === true) return await work({ performer, signal });
  if (file.form === "typescript") {
    const limit = timeLimit(given.timeLimit);
    const within = limitedPerformer(performer ?? DIRECTLY, limit);
    return await limitingCode(file, limit, signal, (over) => work({ performer: within, signal: over }));
  }
  const body = direction === "up" ? up : down;
  if (body?.kind !== "sql") return await work({ performer, signal });
  const { timeLimit: named } = given;
  const { script } = body;
  const within = named === undefined ? performer : oneByOne(performer ?? DIRECTLY, named);
  // What is put off to the end of the transaction comes behind the last statement.
  const milliseconds = (named ?? USUAL) * (script.statements.length + 1);
  return await endingLate({ file: file.path }, file.path, milliseconds, () =>
    withTimeLimit(database, milliseconds, () => work({ performer: within, signal })),
  );
}

/**
 * Does what runs both ways of a migration at once, where that can be limited.
 * @throws ConfitureError with `timeLimit` in its data; as `work`
 */
export async function bothWithinLimit(
  database: Database,
  { up, down }: LoadedMigration,
  { timeLimit: named }: Limited,
  work: () => Promise<boolean>,
): Promise<boolean> {
  // Nobody could tell which of its statements took how long.
  if (named !== undefined) return false;
  const counts = [up, down].map((body) => (body?.kind === "sql" ? body.script.statements.length : 0));
  return await withTimeLimit(database, USUAL * counts.reduce((sum, each) => sum + each, 1), work);
}

/** Runs statements of files that are no migrations, each within the limit; undefined where nobody names one. */
export function runningWithinLimit({ timeLimit: named }: Limited): typeof runStatements | undefined {
  return named === undefined
    ? undefined
    : (database, script, statements = script.statements) =>
        oneByOne(DIRECTLY, named).statements(database, script, statements);
}

/** Sends statement by statement, each of which ends at the limit. */
function oneByOne(inner: Performer, milliseconds: number): Performer {
  return {
    async statements(database, script, statements) {
      for (const statement of statements) {
        await endingLate(placeIn(script, statement.start), "A statement", milliseconds, () =>
          withTimeLimit(database, milliseconds, () => inner.statements(database, script, [statement])),
        );
      }
    },
    query: (database, script, sql, parameters) => inner.query(database, script, sql, parameters),
  };
}

/** Says of what was ended at its limit what it was, and where. */
async function endingLate<T>(
  location: Location,
  what: string,
  milliseconds: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Something inside may have said so already.
    if (!isOverLimit(error) || error.server === undefined) throw error;
    throw tookTooLong("sql_failed", what, milliseconds, error.location ?? location);
  }
}

function limitedPerformer(inner: Performer, limit: TimeLimit): Performer {
  const rowsWithin = async (database: Database, text: string, work: () => Promise<object[]>): Promise<object[]> => {
    let rows: object[] = [];
    await withinLimit(database, limit, text, async () => {
      rows = await work();
    });
    return rows;
  };
  return {
    statements: (database, script, statements) =>
      withinLimit(database, limit, script.text, () => inner.statements(database, script, statements)),
    query: (database, script, sql, parameters) =>
      rowsWithin(database, sql, () => inner.query(database, script, sql, parameters)),
  };
}

function tookTooLong(
  code: "migration_failed" | "sql_failed",
  what: string,
  milliseconds: number,
  location: Location,
): ConfitureError {
  return new ConfitureError(
    code,
    `${what} took longer than ${formatDuration(milliseconds)} in a scratch database, and was ended`,
    {
      location,
      hint: "It loops or waits for something that does not come. If it only needs more time, give it that: --time-limit",
      data: { timeLimit: milliseconds },
    },
  );
}

/** Does work in sessions of its own, and does it anew, without that statement, as often as a statement could only be ended with its session. */
export async function withoutEndless<T>(limit: TimeLimit, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const before = limit.reached.size;
    limit.isSessionOver = false;
    try {
      return await work();
    } catch (error) {
      if (!limit.isSessionOver || limit.reached.size === before) throw error;
    }
  }
}
