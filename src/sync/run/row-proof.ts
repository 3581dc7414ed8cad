import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import type { SyncColumn, SyncTable } from "../plan.ts";
import { keyText } from "../query.ts";
import { countValues } from "./common-values.ts";
import type { Comparison, Digest } from "./digests.ts";
import { type Elsewhere, IDENTIFIED, lookElsewhere } from "./elsewhere.ts";
import type { Found } from "./proof-result.ts";

interface RowsOptions {
  readonly source: Database;
  readonly target: Database;
  readonly comparison: Comparison;
  readonly table: SyncTable;
  readonly column: SyncColumn;
  /** Of a document, which values; undefined for the column's own. */
  readonly path: string | undefined;
  /** A query for texts, each with its place in the row, over `source`. */
  readonly values: string;
  /** How likely a result is its own original. */
  readonly chance: number;
  readonly hasKey: boolean;
  /** A pattern of LIKE that every result matches. */
  readonly shape?: string;
  /** Whether all of the target was made by the plan a moment ago. */
  readonly isFresh: boolean;
}

/**
 * Values of which a result may be the original of another row. What the target holds is compared: row by row, where a unique key was
 * kept, or its results can be made again; else value by value, without originals that are results as well.
 */
export async function compareRows(options: RowsOptions): Promise<Found> {
  const { comparison, table, column, values, hasKey } = options;
  const { identity } = table;
  const name = quoteIdentifier(column.name);
  const unchanged = ["", ...(column.stays ?? [])].map(quoteLiteral).join(", ");
  const textsOf = (pairs: string): string =>
    `from (${pairs}) rows (k, v), lateral (select rows.v) source (${name}), lateral (${values}) each (v, n) where each.v operator(pg_catalog.<>) all (array[${unchanged}])`;
  const none = { holds: true, originals: 0, results: 0, same: 0 };
  if (column.pairs === undefined || (identity?.isKept !== true && !hasKey)) return { how: "no key", ...none };
  const now = (key: string): string =>
    `select ${key}, source.${name} from only ${quoteQualified(table.schema, table.name)} source`;
  if (identity !== undefined) {
    const key = keyText(identity.columns.map((one) => `source.${quoteIdentifier(one)}`));
    const digested = (digest: Digest): string => `select ${digest.of(IDENTIFIED)}`;
    const original = identity.isKept ? now(key) : column.pairs.originals;
    const { common, counts } = await comparison.shared(
      (digest) => [`${digested(digest)} ${textsOf(original)}`, `${digested(digest)} ${textsOf(now(key))}`],
      0,
    );
    const [originals, results] = counts;
    // Keys of another copy's key would be no row's.
    if (!identity.isKept && results > 0 && common === 0) {
      const found = await comparison.shared(
        (digest) =>
          [original, now(key)].map((pairs) => `select ${digest.of("rows.k")} from (${pairs}) rows (k, v)`) as [
            string,
            string,
          ],
        0,
      );
      if (found.common === 0) return { how: "no key", ...none };
    }
    const holds = common === 0 || common <= (await expected(options, results));
    const found = { how: "no row has its own", holds, originals, results, same: common } as const;
    if (!holds || options.isFresh) return found;
    const elsewhere = hasKey
      ? await lookElsewhere({
          ...options,
          originals: column.pairs.originals,
          results: column.pairs.results,
          now: now(key),
          valuesOf: textsOf,
          digested,
        })
      : await misshapen(options, textsOf, now(key), original);
    if (elsewhere === undefined) return { ...found, elsewhere: "no key" };
    return { ...found, holds: elsewhere.found <= elsewhere.chance, elsewhere };
  }
  const { originals: before, results: after } = column.pairs;
  const keyless = now("null::pg_catalog.text");
  const { common } = await comparison.shared((digest) => {
    const of = (pairs: string): string => `select ${digest.of("each.v")} ${textsOf(pairs)}`;
    return [`(${of(before)}) except (${of(after)})`, of(keyless)];
  }, 0);
  const counts = await countValues([options.source, options.target], [textsOf(before), textsOf(keyless)]);
  return { how: "only results", holds: common === 0, ...counts, same: common };
}

/** Without the key of the copy: originals that have not the shape of any result. */
async function misshapen(
  { comparison, shape }: RowsOptions,
  textsOf: (pairs: string) => string,
  now: string,
  originals: string,
): Promise<Elsewhere | undefined> {
  if (shape === undefined) return undefined;
  const like = `(each.v collate pg_catalog."C") operator(pg_catalog.!~~) ${quoteLiteral(shape)}`;
  const { common } = await comparison.shared((digest) => {
    const of = (pairs: string): string => `select ${digest.of("each.v")} ${textsOf(pairs)} and ${like}`;
    return [of(originals), of(now)];
  }, 0);
  return { found: common, chance: 0 };
}

/** How many rows have their own original by chance. */
async function expected({ source, column, path, chance, hasKey }: RowsOptions, rows: number): Promise<number> {
  if (chance === 0) return 0;
  if (path === undefined && hasKey && column.comparison !== undefined) {
    const [row] = await source.query<{ same: number }>(column.comparison);
    return row!.same;
  }
  // Chance has no memory: three times what is expected, and a few, is still chance.
  const mean = chance * rows;
  return mean < 1e-6 ? 0 : Math.floor(3 * mean + 5);
}
