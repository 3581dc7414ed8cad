import type { Database } from "#database/database.ts";
import type { Parser } from "#sql/parser.ts";
import { reachedFrom } from "./reached.ts";

/** A constant with its type: what is wrong with one is found when it is parsed. */
const CONSTANTS = /'(?:[^']|'')*'(?:\s*::\s*[\w. "()[\]]+)?|\b(?:now|current_timestamp|current_date)\b\s*(?:\(\))?/gi;

const MAY_FAIL = /::|\bcast\b|\boperator\s*\(|[/%]|\bto_(?:date|timestamp|number)\b|\b(?:sqrt|ln|log|power|mod|div)\b/i;

/** Functions that give something for every value. */
const SAFE = new Set(
  "lower upper coalesce md5 length char_length btrim ltrim rtrim trim concat concat_ws replace left right initcap reverse nullif greatest least to_tsvector setweight".split(
    " ",
  ),
);

/**
 * Whether an expression of a generated column or an index may fail on what rules make, as PostgreSQL prints it. Pure. Nobody looks into
 * functions of the user's own: those may.
 */
export function mayFailOnResults(expression: string): boolean {
  const sql = expression.replaceAll(/::(?:text|character varying)\b/g, "").replaceAll(CONSTANTS, "''");
  // PostgreSQL writes keywords in capitals.
  const calls = [...sql.matchAll(/([\w".]*[a-z"][\w".]*)\s*\(/g)];
  return MAY_FAIL.test(sql) || /\*|\+|-(?!>)/.test(sql) || calls.some(([, name = ""]) => !SAFE.has(name));
}

/** What stands before a bracket and calls nothing. */
const NO_CALLS = new Set(
  "and or not in any all some exists array row case when then else where select from as on having by with values is distinct like ilike similar to escape between limit offset union except intersect materialized over filter using date_trunc extract abs sum count min max".split(
    " ",
  ),
);

/** A sum may be out of range; `->` and `--` are none. */
const ARITHMETIC = /[\w)"]\s*[*+-]\s*[\w("]/;

/** In place of a value it may give two rows. */
const ONE_ROW = /(?<!\b(?:exists|in|any|all|some|array|as)\s*)\(\s*select\b/i;

/**
 * Whether SQL may fail because of what is in a row, as a cast of a text to a number does, or a function of the user's own, which nobody
 * looks into: it has to be tried on every row before the first one is copied. What it does not show by itself, `reachesWhatMayFail` asks. Pure.
 */
export function mayFailOnRows(sql: string): boolean {
  const text = sql.replaceAll(CONSTANTS, "''");
  const calls = [...text.matchAll(/([\w".]*[\w"])\s*\(/g)].map(([, name = ""]) => name.toLowerCase());
  return (
    MAY_FAIL.test(text) ||
    ARITHMETIC.test(text) ||
    ONE_ROW.test(text) ||
    calls.some((name) => !SAFE.has(name) && !NO_CALLS.has(name))
  );
}

/**
 * Whether SQL reaches something that may fail on a row, as the database knows it: an operator or a cast of its own, or what stands in the
 * definition of a view or a domain.
 * @param database in a transaction, with the search_path of the copy's queries
 */
export async function reachesWhatMayFail(database: Database, parser: Parser, sql: string): Promise<boolean> {
  for await (const { behind, sql: definition, called } of reachedFrom(database, parser, sql)) {
    if (called.some(({ isOwn }) => isOwn)) return true;
    if (behind !== undefined && definition !== null && mayFailOnRows(definition)) return true;
  }
  return false;
}
