import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import type { SyncColumn, SyncPlan, SyncTable, TokenKind } from "../plan.ts";
import type { Comparison, Digest } from "./digests.ts";
import { type Searched, searchedColumns, type Unsearched } from "./searched-columns.ts";
import { formsOf, hasToken, mayHaveToken, TOKENS, tokensIn, tokensOf } from "./tokens.ts";

/** A column of the target that holds originals. */
export interface Leak {
  readonly column: string;
  readonly kind: TokenKind;
  /** Rows with at least one. */
  readonly rows: number;
  /** There may be more: only so many originals are looked for in single columns. */
  readonly more?: true;
}

/** What was searched for originals: kinds of tokens, how many columns of the target, and which of them cannot be. */
export interface Scanned {
  readonly kinds: readonly TokenKind[];
  readonly columns: number;
  readonly unsearched: readonly Unsearched[];
}

/** Nothing is looked for where nothing of the kinds is replaced. */
export const NOTHING_SCANNED: Scanned = { kinds: [], columns: 0, unsearched: [] };

/** So many digests that both sides have are looked for in single columns. */
const TRACED = 500;

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** Originals of one kind: where they are, as SQL over `source`. */
interface Origin {
  readonly kind: TokenKind;
  readonly table: SyncTable;
  /** A query for texts. */
  readonly values: string;
  /** A made-up value may be that of another row by chance. */
  readonly isByChance: boolean;
}

/** Looks for originals in all text of the target. */
export type Search = (comparison: Comparison, target: Database) => Promise<Leak[]>;

/**
 * A search of the target's text for what looks like an e-mail address, a number of a phone or card, and is an original. Results of
 * a transform that makes values of nothing but digests are proven by themselves, and not searched.
 */
export async function prepareScan(
  target: Database,
  { tables }: SyncPlan,
  without: readonly TableName[],
): Promise<{ readonly scanned: Scanned; readonly search?: Search }> {
  const origins = tables.flatMap((table) => table.columns.flatMap((column) => originsIn(table, column)));
  const kinds = kindsOf(origins);
  if (kinds.length === 0) return { scanned: NOTHING_SCANNED };
  const replaced = new Map(
    tables.flatMap((table) =>
      table.columns
        .filter(({ treatment }) => treatment === "transform")
        .map((column) => [keyOf(table, column.name), isMade(column) ? "made" : "partly"] as const),
    ),
  );
  const { searched, columns, unsearched } = await searchedColumns(
    target,
    (schema, name, column) =>
      without.some((own) => own.schema === schema && own.table === name)
        ? "made"
        : (replaced.get(keyOf({ schema, name }, column)) ?? "kept"),
    kinds.some((kind) => kind === "phone" || kind === "card" || kind === "ssn"),
  );
  const scanned = { kinds, columns, unsearched };
  if (searched.length === 0) return { scanned };
  return { scanned, search: (comparison, database) => search(comparison, database, searched, origins) };
}

async function search(
  comparison: Comparison,
  target: Database,
  places: readonly Searched[],
  origins: readonly Origin[],
): Promise<Leak[]> {
  // Text without a token of these kinds holds no original, and then nobody has to know what the originals are.
  const { shared, digest } = await comparison.shared(
    (by) => [origins.map((origin) => originals(origin, by)).join(" union all "), foundIn(places, origins, by)],
    TRACED,
    "second first",
  );
  const leaks: Leak[] = [];
  if (shared.length === 0) return leaks;
  const kinds = kindsOf(origins);
  const more = shared.length < TRACED ? {} : { more: true as const };
  for (const place of places) {
    const { name } = place;
    const counts = kinds.map((kind, index) => {
      const digested = digestOfToken(kind, digest);
      const has = `${hasToken(kind, TEXT)} and exists (select from ${tokensIn(kind, TEXT)} m (token) where ${digested} in (${shared.join(", ")}))`;
      return `(pg_catalog.count(*) filter (where ${has}))::pg_catalog.float8 as rows${index}`;
    });
    const [row] = await target.query<Record<string, number>>(
      `select ${counts.join(", ")} from ${textsIn(place, kinds)}`,
    );
    for (const [index, kind] of kinds.entries()) {
      const rows = row?.[`rows${index}`] ?? 0;
      if (rows > 0) leaks.push({ column: name, kind, rows, ...more });
    }
  }
  return leaks;
}

/** What `textsIn` calls a text. */
const TEXT = "x.text";

/**
 * Texts that may have tokens of these kinds, to come after FROM. A document is made text once, whatever is asked of it then; and
 * most texts are looked at here alone, where PostgreSQL's parallel workers can.
 */
function textsIn({ from, text }: Searched, kinds: readonly TokenKind[]): string {
  return `(select ${text} from ${from} where ${mayHaveToken(kinds, text)} offset 0) x (text)`;
}

function kindsOf(origins: readonly Origin[]): TokenKind[] {
  return [...new Set(origins.map(({ kind }) => kind))];
}

/** SQL for the digest of what was found, `m.token`. */
function digestOfToken(kind: TokenKind, digest: Digest): string {
  return digest.of(marked(kind, TOKENS[kind].normalised("m.token")));
}

/** SQL for a text that tokens of other kinds never have. */
function marked(kind: TokenKind, text: string): string {
  return `(${quoteLiteral(`${kind}:`)} operator(pg_catalog.||) ${text})`;
}

function keyOf({ schema, name }: { readonly schema: string; readonly name: string }, column: string): string {
  return [schema, name, column].join("\0");
}

/** Whether nothing of an original goes into the column's results. */
function isMade({ proof: { kind } }: SyncColumn): boolean {
  return kind === "disjoint" || kind === "differs";
}

function originsIn(table: SyncTable, { name, treatment, tokens, proof, inside = [] }: SyncColumn): Origin[] {
  if (treatment !== "transform") return [];
  const nested = inside.flatMap(({ tokens: kind, proof: { kind: how }, values }) =>
    kind === undefined ? [] : [{ kind, table, values, isByChance: how !== "disjoint" }],
  );
  if (tokens === undefined) return nested;
  const values = `select source.${quoteIdentifier(name)}::pg_catalog.text`;
  return [{ kind: tokens, table, values, isByChance: proof.kind !== "disjoint" }, ...nested];
}

/** A query for digests of the originals of a column, on either side. */
function originals({ kind, table, values }: Origin, digest: Digest): string {
  const tokens = `lateral ${tokensOf(kind, "each.v")} m (token), lateral (${formsOf(kind, "m.token")}) n (form)`;
  return `select ${digest.of(marked(kind, "n.form"))} from only ${quoteQualified(table.schema, table.name)} source, lateral (${values}) each (v), ${tokens}`;
}

/** A query for digests of what the target holds, without what was made there and is another row's original by chance. */
function foundIn(places: readonly Searched[], origins: readonly Origin[], digest: Digest): string {
  const kinds = kindsOf(origins);
  const found = places
    .map((place) => {
      const tokens = kinds.map((kind) => {
        return `select ${digestOfToken(kind, digest)} from ${tokensIn(kind, TEXT)} m (token)`;
      });
      const has = kinds.map((kind) => hasToken(kind, TEXT)).join(" or ");
      return `select k.d from ${textsIn(place, kinds)}, lateral (${tokens.join(" union all ")}) k (d) where ${has}`;
    })
    .join(" union all ");
  const made = origins.filter(({ isByChance }) => isByChance).map((origin) => originals(origin, digest));
  if (made.length === 0) return found;
  return `with found (d) as materialized (${found})
    select d from found except select made.d from (${made.join(" union all ")}) made (d) where exists (select from found)`;
}
