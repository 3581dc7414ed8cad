import { ConfitureError } from "#errors/error.ts";
import { reportedName } from "#sql/quote.ts";
import type { Database } from "./database.ts";
import { isBehind, nextOf, type Sequence, sequences, setForward, settingOf } from "./sequences.ts";

/** So many are named in a text. */
const MOST_NAMED = 10;

/** A sequence that a transaction moved, or others meanwhile: where it is has no part in a rollback. */
export interface MovedSequence {
  /** For people. */
  readonly name: string;
  /** The numbers that it gave out next, before and afterwards. */
  readonly from: string;
  readonly to: string;
  /** Whether it was set back and is put forward again: it would have given out numbers twice. */
  readonly putBack: boolean;
  /** Sets it to where it was. */
  readonly sql: string;
}

/**
 * What has become of sequences in a transaction that was rolled back. One that was set back is put forward again, which is safe whoever draws
 * from it; one that is further is left there, since others may have drawn the numbers in between.
 * @param before of `sequences`, from before that transaction
 */
export async function movedSince(database: Database, before: readonly Sequence[]): Promise<MovedSequence[]> {
  if (before.length === 0) return [];
  try {
    const now = new Map((await sequences(database)).map((sequence) => [sequence.oid, sequence]));
    const moved = before.flatMap((was) => {
      const is = now.get(was.oid);
      if (is === undefined || nextOf(is) === nextOf(was)) return [];
      return [{ was, to: nextOf(is), putBack: was.settable && !was.cycles && isBehind(nextOf(is), nextOf(was), was) }];
    });
    await setForward(
      database,
      moved.filter(({ putBack }) => putBack).map(({ was }) => was),
    );
    return moved.map(({ was, to, putBack }) => ({
      name: reportedName(was.schema, was.name),
      from: String(nextOf(was)),
      to: String(to),
      putBack,
      sql: `SELECT ${settingOf(was)}`,
    }));
  } catch (error) {
    // What failed before is what is to be told.
    if (error instanceof ConfitureError) return [];
    throw error;
  }
}

/** An error with what became of sequences. */
export function withMoved(error: ConfitureError, moved: readonly MovedSequence[]): ConfitureError {
  if (moved.length === 0) return error;
  const told = describeMoved(moved);
  return error.with({
    hint: error.hint === undefined ? told : `${error.hint}\n${told}`,
    data: { ...error.data, sequences: moved },
  });
}

/** Names them, a line each. */
export function describeMoved(moved: readonly MovedSequence[]): string {
  const lines = moved
    .slice(0, MOST_NAMED)
    .map(({ name, from, to, putBack, sql }) =>
      putBack
        ? `${name} gave ${from} next, was set to ${to}, and is put back`
        : `${name} gave ${from} next, and gives ${to} now. Where nobody else has drawn from it: ${sql};`,
    );
  const rest = moved.length > MOST_NAMED ? [`and ${moved.length - MOST_NAMED} more`] : [];
  return ["Sequences are not rolled back. Moved meanwhile:", ...lines, ...rest].join("\n  ");
}
