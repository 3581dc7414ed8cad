import type { Database } from "#database/database.ts";
import { quoteQualified } from "#sql/quote.ts";
import type { SyncTable } from "../plan.ts";
import type { Prover } from "./checks.ts";
import { countValues } from "./count-values.ts";
import type { Found } from "./proof-result.ts";
import { countLike, type Part } from "./written.ts";

export const NOT_COMPARED: Found = { how: "not compared", holds: true, originals: 0, results: 0, same: 0 };

/** How many originals are what a `value` rule makes of all. */
async function countEqual(source: Database, table: SyncTable, part: Part): Promise<Found> {
  if (part.mayBeResult === undefined) return { ...NOT_COMPARED, uncounted: true };
  return { ...NOT_COMPARED, same: await countLike(source, table, part, true) };
}

/** What is in a column of a `value` rule and is not that value, where any of it is an original; undefined where none is. */
async function writtenOriginals(
  { source, target, comparison }: Prover,
  table: SyncTable,
  { values, mayBeResult }: Part,
): Promise<Found | undefined> {
  if (mayBeResult === undefined) return undefined;
  const texts = `from only ${quoteQualified(table.schema, table.name)} source, lateral (${values}) each (v, n) where each.v operator(pg_catalog.<>) '' and not (${mayBeResult})`;
  const { common } = await comparison.shared(
    (digest) => {
      const query = `select ${digest.of("each.v")} ${texts}`;
      return [query, query];
    },
    0,
    "second first",
  );
  if (common === 0) return undefined;
  const counts = await countValues([source, target], [texts, texts]);
  return { how: "no value in common", holds: false, ...counts, same: common };
}

/**
 * What holds of a column or path with a `value` rule: nothing there but that value is an original. Of the value itself, how many
 * originals are equal to it.
 */
export async function proveValue(prover: Prover, table: SyncTable, part: Part, isFresh: boolean): Promise<Found> {
  const written = isFresh ? undefined : await writtenOriginals(prover, table, part);
  return written ?? (await countEqual(prover.source, table, part));
}
