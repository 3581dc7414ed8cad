import type { Database } from "#database/database.ts";
import { withTimeLimit } from "#database/time-limit.ts";
import { ConfitureError } from "#errors/error.ts";
import type { MigrationFile } from "#migrate/migration-file.ts";
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

export function timeLimit(milliseconds: number): TimeLimit {
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
    over.abort(tookTooLong(path, limit.milliseconds));
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

function tookTooLong(path: string, milliseconds: number): ConfitureError {
  return new ConfitureError(
    "migration_failed",
    `The code of ${path} took longer than ${formatDuration(milliseconds)}, and was ended`,
    {
      location: { file: path },
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
