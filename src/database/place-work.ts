import { locate } from "#sql/position.ts";
import type { Database } from "./database.ts";

/** Statements of a file that are sent together. */
interface Sent {
  readonly file: string;
  readonly text: string;
  /** Set where `text` is not what the file says, as of `SqlText`. */
  readonly outline?: unknown;
}

/**
 * Does work, and lets whoever shows what goes on know where the statements stand that it sends. Inside of such work, the outer place
 * holds.
 */
export async function placed<T>(database: Database, place: string, work: () => Promise<T>): Promise<T> {
  const before = database.placeWork?.(place);
  if (before !== undefined) database.placeWork?.(before);
  try {
    return await work();
  } finally {
    database.placeWork?.(before);
  }
}

/** As `placed`, of some statements of a file. Of several that are one message, nobody can tell which one it is at. */
export async function placedIn<T>(
  database: Database,
  { file, text, outline }: Sent,
  statements: readonly { readonly start: number }[],
  work: () => Promise<T>,
): Promise<T> {
  if (database.placeWork === undefined) return await work();
  const [first, ...others] = statements;
  const isOne = first !== undefined && others.length === 0 && outline === undefined;
  return await placed(database, isOne ? `${file}:${locate(text, first.start).line}` : file, work);
}
