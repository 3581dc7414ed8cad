import type { Database } from "#database/database.ts";
import { quoteQualified } from "#sql/quote.ts";
import type { SyncTable } from "../plan.ts";
import type { Prover } from "./checks.ts";
import type { Found } from "./proof-result.ts";
import type { Part } from "./written.ts";

/**
 * Whether originals and results of a part have a value in common.
 * @param condition SQL over `each.v`: other values do not count, on either side
 * @param asked the second side first, where it most often has no value that counts
 */
export async function haveNothingInCommon(
  { source, target, comparison }: Prover,
  { schema, name }: SyncTable,
  { values }: Part,
  condition = "true",
  asked: "both" | "second first" = "both",
): Promise<Found> {
  const texts = `from only ${quoteQualified(schema, name)} source, lateral (${values}) each (v) where each.v operator(pg_catalog.<>) '' and ${condition}`;
  const { common } = await comparison.shared(
    (digest) => {
      const query = `select ${digest.of("each.v")} ${texts}`;
      return [query, query];
    },
    0,
    asked,
  );
  return {
    how: "no value in common",
    holds: common === 0,
    ...(await countValues([source, target], [texts, texts])),
    same: common,
  };
}

/**
 * How many values there are on both sides, equal ones each counted: digests tell how many different ones there are, and columns with a
 * shape are not sorted to know that.
 * @param texts what comes after SELECT, on each side
 */
export async function countValues(
  sides: readonly [Database, Database],
  texts: readonly [string, string],
): Promise<{ readonly originals: number; readonly results: number }> {
  const [originals, results] = await Promise.all(
    sides.map(async (side, at) => {
      const [row] = await side.query<{ number: number }>(
        `select pg_catalog.count(*)::pg_catalog.float8 as number ${texts[at]}`,
      );
      return row!.number;
    }),
  );
  return { originals: originals!, results: results! };
}
