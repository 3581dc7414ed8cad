import type { Database } from "#database/database.ts";
import { withTimeLimit } from "#database/time-limit.ts";
import { ConfitureError } from "#errors/error.ts";

/** How long a statement may take. */
export interface TimeLimit {
  readonly milliseconds: number;
  /** Texts of statements that took longer. They are not tried again, where the rest is. */
  readonly reached: Set<string>;
  /** Whether one of them could only be ended together with its session. */
  isSessionOver: boolean;
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
  try {
    await withTimeLimit(database, limit.milliseconds, work);
  } catch (error) {
    if (error instanceof ConfitureError && error.data?.["timeLimit"] !== undefined) {
      limit.reached.add(text);
      limit.isSessionOver ||= error.code === "connection_lost";
    }
    throw error;
  }
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
