import type { Database } from "#database/database.ts";
import { type Comparison, type Digest, givenBy, sqlOf } from "./digests.ts";

/** Originals of other rows among the values of the target. */
export interface Elsewhere {
  /** How many; no more than `chance` may be results of originals that production has changed since. */
  readonly found: number;
  readonly chance: number;
  /** There may be more: only so many rows are looked at one by one. */
  readonly more?: true;
}

interface ElsewhereOptions {
  readonly source: Database;
  readonly target: Database;
  readonly comparison: Comparison;
  /** Queries on the source, and on the target: rows' keys and values, as texts. */
  readonly originals: string;
  readonly results: string;
  readonly now: string;
  /** FROM and WHERE over such a query: each value is `each.v`, its place `each.n`, and the row's key `rows.k`. */
  readonly valuesOf: (pairs: string) => string;
  readonly digested: (digest: Digest) => string;
}

/** So many rows of the target that are not as the rules make them are looked at one by one. */
const LOOKED_AT = 1000;

/**
 * Looks for originals in rows of others. A value that the rules make of its row is none, though it may be equal to one. Of the other
 * values, of which somebody has changed either side, those are counted that are an original of some row and a result of none.
 * @returns undefined where the rules make nothing of what the target holds: it was made with another key
 */
export async function lookElsewhere(options: ElsewhereOptions): Promise<Elsewhere | undefined> {
  const { source, target, comparison, originals, results, now, valuesOf, digested } = options;
  const odd = await comparison.only(
    (digest) => [`${digested(digest)} ${valuesOf(results)}`, `${digested(digest)} ${valuesOf(now)}`],
    LOOKED_AT,
  );
  if (odd.count === 0) return { found: 0, chance: 0 };
  if (odd.common === 0) return undefined;
  const { digest } = odd;
  const key = digest.of("rows.k");
  const value = digest.of("each.v");
  const rows = await target.query<{ key: string; value: string }>(
    `select q.k::pg_catalog.text as key, q.v::pg_catalog.text as value
       from (select ${key}, ${value}, ${digest.of(IDENTIFIED)} ${valuesOf(now)}) q (k, v, d) where q.d in (${odd.digests.join(", ")})`,
  );
  const changed = rows.map((row) => ({ key: sqlOf(row.key), value: sqlOf(row.value) }));
  const those = (query: string, digests: readonly string[]): Promise<ReadonlySet<string>> =>
    givenBy(source, query, [...new Set(digests)]);
  // What became of a row that the source has no more was no original of anybody's choice.
  const keys = await those(
    `select ${key} from (${originals}) rows (k, v)`,
    changed.map((one) => one.key),
  );
  const still = changed.filter((row) => keys.has(row.key));
  const query = `select ${value} ${valuesOf(originals)} except select ${value} ${valuesOf(results)}`;
  const hits = await those(
    query,
    still.map((one) => one.value),
  );
  const found = still.filter((row) => hits.has(row.value)).length;
  const more = odd.count > LOOKED_AT ? { more: true as const } : {};
  if (found === 0) return { found, chance: 0, ...more };
  const [row] = await source.query<{ share: number }>(
    `with made (d, n) as (select q.d, pg_catalog.count(*) from (select ${value} ${valuesOf(results)}) q (d) group by q.d)
     select coalesce(((pg_catalog.count(*) filter (where m.n operator(pg_catalog.=) 1 and m.d in (select ${value} ${valuesOf(originals)})))::pg_catalog.float8
       operator(pg_catalog./) nullif(pg_catalog.sum(m.n), 0)::pg_catalog.float8), 0) as share from made m`,
  );
  return { found, chance: mostByChance((row?.share ?? 0) * still.length), ...more };
}

/** What `digested` makes a digest of. */
export const IDENTIFIED = `(array[rows.k, each.n, each.v])::pg_catalog.text`;

/** More than that has a probability of less than one in ten thousand (Poisson). */
function mostByChance(mean: number): number {
  if (mean > 500) return Math.ceil(mean + 5 * Math.sqrt(mean));
  let term = Math.exp(-mean);
  let sum = term;
  let most = 0;
  while (1 - sum > 1e-4) {
    most++;
    term *= mean / most;
    sum += term;
  }
  return most;
}
