import type { Database } from "#database/database.ts";
import type { SyncColumn, SyncPlan, TokenKind } from "../plan.ts";
import { type Comparison, type Digest, givenBy } from "./digests.ts";
import { madeIn, marked, type Origin, originals, originsOf, type Unread } from "./origins.ts";
import { encodingOf } from "./encoding.ts";
import { findNumbers, isNumeric } from "./numbers.ts";
import type { Leak } from "./proof-result.ts";
import type { Searched } from "./places.ts";
import { searchedColumns, type Unsearched } from "./searched-columns.ts";
import { SCHEMA_TEXTS } from "./schema-texts.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { PATTERN_NAMES } from "../transforms/patterns.ts";
import { scrubbedOf } from "../transforms/scrub.ts";
import { hasToken, textsWith, TOKENS, tokensIn } from "./tokens.ts";

/** What was searched for originals: kinds of tokens, how many columns of the target that may hold one, and which of them cannot be. */
export interface Scanned {
  readonly kinds: readonly TokenKind[];
  /** Those that are kept or replaced in part; those of a partition count as those of its table. */
  readonly columns: number;
  /** Whether columns were searched besides of which all values are made, as somebody may have written there. */
  readonly searchesMade?: true;
  readonly unsearched: readonly Unsearched[];
  /** Columns of tables that are left out: those whose originals were looked for as well, and those whose were not. */
  readonly behind: readonly string[];
  readonly unread: readonly Unread[];
  /** The encoding of the source is SQL_ASCII: nobody knows what its characters outside ASCII are, and they are not looked for. */
  readonly isAsciiOnly?: true;
}

/** Nothing is looked for where nothing of the kinds is replaced. */
export const NOTHING_SCANNED: Scanned = { kinds: [], columns: 0, unsearched: [], behind: [], unread: [] };

/** So many digests that both sides have are looked for in single columns. */
const TRACED = 500;

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** Looks for originals in the target. */
export type Search = (comparison: Comparison, source: Database, target: Database) => Promise<Leak[]>;

/**
 * A search of the target's text for what looks like an e-mail address, a number of a phone or card, and is an original. Results of
 * a transform that makes values of nothing but digests are proven by themselves, and not searched, unless somebody may have written
 * into the target since.
 */
export async function prepareScan(
  source: Database,
  target: Database,
  plan: SyncPlan,
  without: readonly TableName[],
  isFresh: boolean,
): Promise<{ readonly scanned: Scanned; readonly searches: readonly Search[] }> {
  const { tables } = plan;
  const { origins, behind, unread } = await originsOf(source, plan);
  const kinds = kindsOf(origins);
  if (kinds.length === 0) return { scanned: { ...NOTHING_SCANNED, unread }, searches: [] };
  const replaced = new Map(
    tables.flatMap((table) =>
      table.columns
        .filter(({ treatment }) => treatment === "transform")
        .map((column) => [keyOf(table, column.name), isMade(column) ? "made" : "partly"] as const),
    ),
  );
  const empty = new Set(tables.filter(({ mode }) => mode === "skip").map((table) => keyOf(table, "")));
  const isOwn = (schema: string, name: string): boolean =>
    without.some((own) => own.schema === schema && own.table === name);
  const treatmentOf = (schema: string, name: string, column: string): "made" | "partly" | "kept" =>
    isOwn(schema, name)
      ? "made"
      : (replaced.get(keyOf({ schema, name }, column)) ?? (empty.has(keyOf({ schema, name }, "")) ? "partly" : "kept"));
  const named = origins.filter(({ kind, isGuessed }) => !isGuessed && isNumeric(kind));
  const { texts, numbers, columns, unsearched } = await searchedColumns(target, {
    treatmentOf,
    isSearched: (...names) => !isOwn(names[0], names[1]) && (!isFresh || treatmentOf(...names) !== "made"),
    hasNumbers: named.length > 0,
  });
  const isAsciiOnly = (await encodingOf(source)) === "SQL_ASCII" ? { isAsciiOnly: true as const } : {};
  const searchesMade = isFresh ? {} : { searchesMade: true as const };
  const scanned = { kinds, columns, ...searchesMade, unsearched, behind, unread, ...isAsciiOnly };
  const places = [...texts, SCHEMA_TEXTS];
  const ofTexts: Search = (comparison, ...sides) => search(comparison, sides, places, origins);
  const ofNumbers: Search = (comparison, ...sides) => findNumbers(comparison, sides[1], numbers, named);
  return { scanned, searches: numbers.length === 0 ? [ofTexts] : [ofTexts, ofNumbers] };
}

async function search(
  comparison: Comparison,
  [source, target]: readonly [Database, Database],
  places: readonly Searched[],
  origins: readonly Origin[],
): Promise<Leak[]> {
  // Text without a token of these kinds holds no original, and then nobody has to know what the originals are.
  const { shared, digest } = await comparison.shared(
    (by) => [origins.map((origin) => originals(origin, by)).join(" union all "), foundIn(places, origins, by)],
    TRACED,
    "second first",
  );
  if (shared.length === 0) return [];
  const replaced = origins.filter(({ isGuessed }) => !isGuessed);
  const known = replaced.length === origins.length ? shared : await amongThose(source, replaced, { shared, digest });
  const guessed = shared.filter((one) => !known.includes(one));
  const more = shared.length < TRACED ? {} : { more: true as const };
  const leaks = await countIn(target, places, origins, { shared: known, digest });
  const asScrubbed = scrubbed(places, leaks);
  const escaping = await countIn(target, asScrubbed, origins, { shared: known, digest });
  const escapes = new Set([...escaping.map(({ column }) => column), ...(await cutShort(target, asScrubbed))]);
  const others = await countIn(target, places, origins, { shared: guessed, digest });
  return [
    ...leaks.map((leak) => ({
      ...leak,
      ...more,
      ...(escapes.has(leak.column) ? { escapesScrub: true as const } : {}),
    })),
    ...others.map((leak) => ({ ...leak, ...more, isGuessed: true as const })),
  ];
}

/** The columns with leaks as `scrub` would leave them, with the patterns of what was found there. */
function scrubbed(places: readonly Searched[], leaks: readonly Leak[]): Searched[] {
  return places.flatMap(({ name, from, plain }) => {
    const kinds = leaks.filter(({ column }) => column === name).map(({ kind }) => kind);
    if (plain === undefined || kinds.length === 0) return [];
    const texts = `(select ${scrubbedOf(plain, kinds)} as text from ${from} offset 0) t`;
    return [{ name, from: texts, text: '(t.text collate pg_catalog."C")' }];
  });
}

/** What `scrub` writes, beside a character outside of ASCII, up to which alone an original may have been replaced. */
const CUT_SHORT = `[^\\u0001-\\u007F]\\[(?:${PATTERN_NAMES.join("|")})\\]|\\[(?:${PATTERN_NAMES.join("|")})\\][^\\u0001-\\u007F]`;

/** Which of these have a text in which a part of an original may be left: a name in front of a soft hyphen, for example. */
async function cutShort(target: Database, places: readonly Searched[]): Promise<string[]> {
  const found: string[] = [];
  for (const { name, from, text } of places) {
    const rows = await target.query(
      `select where exists (select from ${from} where ${text} operator(pg_catalog.~) ${quoteLiteral(CUT_SHORT)})`,
    );
    if (rows.length > 0) found.push(name);
  }
  return found;
}

/** Digests, as SQL, and how they were made. */
interface Digests {
  readonly shared: readonly string[];
  readonly digest: Digest;
}

/** Those that are of some of the originals. */
async function amongThose(
  source: Database,
  origins: readonly Origin[],
  { shared, digest }: Digests,
): Promise<string[]> {
  if (origins.length === 0) return [];
  const all = origins.map((origin) => originals(origin, digest)).join(" union all ");
  const found = await givenBy(source, all, shared);
  return shared.filter((one) => found.has(one));
}

/** In how many rows of each place they are. */
async function countIn(
  target: Database,
  places: readonly Searched[],
  origins: readonly Origin[],
  { shared, digest }: Digests,
): Promise<Leak[]> {
  const leaks: Leak[] = [];
  if (shared.length === 0) return leaks;
  const kinds = kindsOf(origins);
  for (const place of places) {
    const { name } = place;
    const counts = kinds.map((kind, index) => {
      const digested = digestOfToken(kind, digest);
      const has = `${hasToken(kind, TEXT, READ)} and exists (select from ${tokensIn(kind, TEXT, READ)} m (token) where ${digested} in (${shared.join(", ")}))`;
      return `(pg_catalog.count(*) filter (where ${has}))::pg_catalog.float8 as rows${index}`;
    });
    const found = await target.query<Record<string, number> & { readonly object: string | null }>(
      `select x.object, ${counts.join(", ")} from ${textsIn(place, kinds)} group by x.object`,
    );
    for (const row of found) {
      for (const [index, kind] of kinds.entries()) {
        const rows = row[`rows${index}`] ?? 0;
        const where = row.object === null ? { column: name } : { column: row.object, isInSchema: true as const };
        if (rows > 0) leaks.push({ ...where, kind, rows });
      }
    }
  }
  return leaks;
}

/** What `textsIn` calls a text, and how it reads. */
const TEXT = "x.text";
const READ = "x.read";

/** Texts that may have tokens of these kinds, to come after FROM: PostgreSQL's parallel workers look at most of them here alone. */
function textsIn(place: Searched, kinds: readonly TokenKind[]): string {
  return `(${textsWith(kinds, place)} offset 0) x (text, read, object)`;
}

function kindsOf(origins: readonly Origin[]): TokenKind[] {
  return [...new Set(origins.map(({ kind }) => kind))];
}

/** SQL for the digest of what was found, `m.token`. */
function digestOfToken(kind: TokenKind, digest: Digest): string {
  return digest.of(marked(kind, TOKENS[kind].normalised("m.token")));
}

function keyOf({ schema, name }: { readonly schema: string; readonly name: string }, column: string): string {
  return [schema, name, column].join("\0");
}

/** Whether nothing of an original goes into the column's results. */
function isMade({ proof: { kind } }: SyncColumn): boolean {
  return kind === "disjoint" || kind === "differs";
}

/** A query for digests of what the target holds, without what was made there and is another row's original by chance. */
function foundIn(places: readonly Searched[], origins: readonly Origin[], digest: Digest): string {
  const kinds = kindsOf(origins);
  const found = places
    .map((place) => {
      const tokens = kinds.map((kind) => {
        return `select ${digestOfToken(kind, digest)} from ${tokensIn(kind, TEXT, READ)} m (token)`;
      });
      const has = kinds.map((kind) => hasToken(kind, TEXT, READ)).join(" or ");
      return `select k.d from ${textsIn(place, kinds)}, lateral (${tokens.join(" union all ")}) k (d) where ${has}`;
    })
    .join(" union all ");
  const made = origins.flatMap((origin) => madeIn(origin, digest) ?? []);
  if (made.length === 0) return found;
  return `with found (d) as materialized (${found})
    select d from found except select made.d from (${made.join(" union all ")}) made (d) where exists (select from found)`;
}
