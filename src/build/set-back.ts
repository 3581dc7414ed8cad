import { lookingInside } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { isBehind, nextOf, type Sequence, type SequenceOwner } from "#database/sequences.ts";
import { reportedName } from "#sql/quote.ts";

/** A sequence of a column, which gives out numbers again that it gave out before. */
export interface SetBack {
  readonly sequence: Sequence;
  readonly owner: SequenceOwner;
}

/** A sequence whose next numbers its column has already. */
export interface TakenNumbers {
  /** For people, as `owner`. */
  readonly name: string;
  readonly owner: string;
  readonly next: string;
  /** The furthest value of the column. */
  readonly furthest: string;
}

/** Those that give out numbers again that they gave out before. Pure. */
export function setBack(before: readonly Sequence[], after: readonly Sequence[]): SetBack[] {
  const earlier = new Map(before.map((sequence) => [sequence.oid, sequence]));
  return after.flatMap((now) => {
    const was = earlier.get(now.oid);
    if (was === undefined || now.owner === null || now.cycles) return [];
    return isBehind(nextOf(now), nextOf(was), now) ? [{ sequence: now, owner: now.owner }] : [];
  });
}

/** Those of them that come to numbers that are in their columns. */
export async function takenNumbersInside(database: Database, those: readonly SetBack[]): Promise<TakenNumbers[]> {
  if (those.length === 0) return [];
  return await lookingInside(database, async () => {
    const found: TakenNumbers[] = [];
    for (const { sequence, owner } of those) {
      const furthest = sequence.increment.startsWith("-") ? "min" : "max";
      const [row] = await database.query<{ value: string | null }>(
        `select trunc(${furthest}(${owner.column}))::text as value from ${owner.table}`,
      );
      const next = nextOf(sequence);
      const value = row?.value ?? undefined;
      if (value === undefined || isBehind(BigInt(value), next, sequence)) continue;
      const name = reportedName(sequence.schema, sequence.name);
      found.push({ name, owner: owner.name, next: String(next), furthest: value });
    }
    return found;
  });
}
