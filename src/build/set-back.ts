import { lookingInside } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { isBehind, nextOf, type Sequence } from "#database/sequences.ts";
import { reportedName } from "#sql/quote.ts";

/** A sequence which gives out numbers again that it gave out before. */
export interface SetBack {
  readonly was: Sequence;
  readonly now: Sequence;
}

/** A sequence whose next numbers are taken. */
export interface TakenNumbers {
  /** For people, as `owner`. */
  readonly name: string;
  /** The column that has them; undefined where they went elsewhere. */
  readonly owner: string | undefined;
  readonly next: string;
  /** The furthest value of the column, or number that it gave out. */
  readonly furthest: string;
}

/** Those that give out numbers again that they gave out before, also where they were made anew. Pure. */
export function setBack(before: readonly Sequence[], after: readonly Sequence[]): SetBack[] {
  const earlier = new Map(before.map((sequence) => [sequence.oid, sequence]));
  const left = new Set(after.map(({ oid }) => oid));
  const gone = new Map(before.filter(({ oid }) => !left.has(oid)).map((sequence) => [nameOf(sequence), sequence]));
  return after.flatMap((now) => {
    const was = earlier.get(now.oid) ?? gone.get(nameOf(now));
    if (was === undefined || now.cycles) return [];
    return isBehind(nextOf(now), nextOf(was), now) ? [{ was, now }] : [];
  });
}

/** Those of them that come to numbers that are in their columns, or that went to whoever asked for one. */
export async function takenNumbersInside(database: Database, those: readonly SetBack[]): Promise<TakenNumbers[]> {
  if (those.length === 0) return [];
  return await lookingInside(database, async () => {
    const found: TakenNumbers[] = [];
    for (const { was, now } of those) {
      const next = nextOf(now);
      const inColumns: { owner: string | undefined; value: bigint }[] = [];
      for (const { table, column, name } of now.columns) {
        const furthest = now.increment.startsWith("-") ? "min" : "max";
        const [row] = await database.query<{ value: string | null }>(
          `select trunc(${furthest}(${column}))::text as value from ${table}`,
        );
        if (row !== undefined && row.value !== null) inColumns.push({ owner: name, value: BigInt(row.value) });
      }
      const given = now.goesElsewhere ? lastGiven(was) : undefined;
      const all = given === undefined ? inColumns : [...inColumns, { owner: undefined, value: given }];
      const [first, ...others] = all.filter(({ value }) => !isBehind(value, next, now));
      if (first === undefined) continue;
      const { owner, value } = others.reduce((far, one) => (isBehind(far.value, one.value, now) ? one : far), first);
      found.push({ name: nameOf(now), owner, next: String(next), furthest: String(value) });
    }
    return found;
  });
}

/** The last number that it gave out, as far as that can be told; undefined for one that is as it was made. */
function lastGiven({ last, isCalled, start, increment }: Sequence): bigint | undefined {
  if (isCalled) return BigInt(last);
  return last === start ? undefined : BigInt(last) - BigInt(increment);
}

function nameOf({ schema, name }: Sequence): string {
  return reportedName(schema, name);
}
