import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { SyncColumn, SyncPlan, SyncTable, TokenKind } from "../plan.ts";
import type { Comparison, Digest } from "./digests.ts";
import { formsOf, hasToken, TOKENS, tokensIn, tokensOf } from "./tokens.ts";

/** A column of the target that holds originals. */
export interface Leak {
  readonly column: string;
  readonly kind: TokenKind;
  /** Rows with at least one. */
  readonly rows: number;
  /** There may be more: only so many originals are looked for in single columns. */
  readonly more?: true;
}

/** What was searched for originals: kinds of tokens, and how many columns of the target. */
export interface Scanned {
  readonly kinds: readonly TokenKind[];
  readonly columns: number;
}

/** So many digests that both sides have are looked for in single columns. */
const TRACED = 500;

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** A column of the target with text in it. */
interface TextColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/**
 * Columns whose type is made of text somewhere: of a domain, an array, a composite type or a range, however deep, or a type of an
 * extension that no more is known of, as all of these are written as text.
 */
const TEXT_COLUMNS = `
  with recursive columns as (
    select n.nspname, c.relname, a.attname, a.attnum, a.atttypid
      from pg_catalog.pg_attribute a
      join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) a.attrelid and c.relkind operator(pg_catalog.=) any ('{r,m}')
      join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
     where a.attnum operator(pg_catalog.>) 0 and not a.attisdropped and n.nspname operator(pg_catalog.!~) '^(pg_|information_schema$)'
  ), parts (root, oid) as (
    select distinct atttypid, atttypid from columns
    union
    select p.root, x.part from parts p join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) p.oid cross join lateral (
      select t.typbasetype where t.typtype operator(pg_catalog.=) 'd'
      union all select t.typelem where t.typcategory operator(pg_catalog.=) 'A' and t.typelem operator(pg_catalog.<>) 0
      union all select r.rngsubtype from pg_catalog.pg_range r
        where r.rngtypid operator(pg_catalog.=) t.oid or r.rngmultitypid operator(pg_catalog.=) t.oid
      union all select a.atttypid from pg_catalog.pg_attribute a
        where t.typtype operator(pg_catalog.=) 'c' and a.attrelid operator(pg_catalog.=) t.typrelid
          and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped) x (part)
  ), texts as (
    select distinct p.root from parts p join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) p.oid
     where t.typtype operator(pg_catalog.=) 'b'
       and (t.typcategory operator(pg_catalog.=) 'S'
         or t.typname operator(pg_catalog.=) any ('{json,jsonb,jsonpath,xml,tsvector,tsquery}')
         or (t.oid operator(pg_catalog.>=) 16384 and t.typcategory operator(pg_catalog.<>) 'A'
           and t.typname operator(pg_catalog.<>) all ('{geometry,geography,raster,vector,halfvec,sparsevec}')))
  )
  select c.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as "table", c.attname::pg_catalog.text as "column"
    from columns c join texts on texts.root operator(pg_catalog.=) c.atttypid
   order by 1, 2, c.attnum`;

/** Originals of one kind: where they are, as SQL over `source`. */
interface Origin {
  readonly kind: TokenKind;
  readonly table: SyncTable;
  /** A query for texts. */
  readonly values: string;
  /** A made-up value may be that of another row by chance. */
  readonly isByChance: boolean;
}

/** Looks for the originals of one kind in all text of the target. */
export interface Search {
  readonly kind: TokenKind;
  readonly run: (comparison: Comparison, target: Database) => Promise<Leak[]>;
}

/**
 * Searches of the target's text for what looks like an e-mail address, a number of a phone or card, and is an original. Results of
 * a transform that makes values of nothing but digests are proven by themselves, and not searched.
 */
export async function prepareScan(
  target: Database,
  { tables }: SyncPlan,
  without: readonly TableName[],
): Promise<{ readonly scanned: Scanned; readonly searches: readonly Search[] }> {
  const origins = tables.flatMap((table) => table.columns.flatMap((column) => originsIn(table, column)));
  const kinds = [...new Set(origins.map(({ kind }) => kind))];
  if (kinds.length === 0) return { scanned: { kinds, columns: 0 }, searches: [] };
  const made = new Set(tables.flatMap((table) => table.columns.filter(isMade).map(({ name }) => keyOf(table, name))));
  const columns = (await target.query<TextColumn>(TEXT_COLUMNS)).filter(
    ({ schema, table: name, column }) =>
      !made.has(keyOf({ schema, name }, column)) && !without.some((own) => own.schema === schema && own.table === name),
  );
  const searches = (columns.length === 0 ? [] : kinds).map((kind) => ({
    kind,
    run: async (comparison: Comparison, database: Database) =>
      await search(
        comparison,
        database,
        columns,
        origins.filter((origin) => origin.kind === kind),
      ),
  }));
  return { scanned: { kinds, columns: columns.length }, searches };
}

/** @param origins all of one kind */
async function search(
  comparison: Comparison,
  target: Database,
  columns: readonly TextColumn[],
  origins: readonly Origin[],
): Promise<Leak[]> {
  const { kind } = origins[0]!;
  // Text without a token of the kind holds no original, and then nobody has to know what the originals are.
  const { shared, digest } = await comparison.shared(
    (by) => [origins.map((origin) => originals(origin, by)).join(" union all "), foundIn(columns, origins, by)],
    TRACED,
    "second first",
  );
  const leaks: Leak[] = [];
  if (shared.length === 0) return leaks;
  for (const column of columns) {
    const text = `t.${quoteIdentifier(column.column)}::pg_catalog.text`;
    const digested = digest.of(TOKENS[kind].normalised("m.token"));
    const [row] = await target.query<{ rows: number }>(
      `select pg_catalog.count(*)::pg_catalog.float8 as rows from only ${quoteQualified(column.schema, column.table)} t
        where ${hasToken(kind, text)} and exists (select from ${tokensIn(kind, text)} m (token) where ${digested} in (${shared.join(", ")}))`,
    );
    const rows = row?.rows ?? 0;
    const more = shared.length < TRACED ? {} : { more: true as const };
    if (rows > 0) leaks.push({ column: `${column.schema}.${column.table}.${column.column}`, kind, rows, ...more });
  }
  return leaks;
}

function keyOf({ schema, name }: { readonly schema: string; readonly name: string }, column: string): string {
  return [schema, name, column].join("\0");
}

/** Whether nothing of an original goes into the column's results. */
function isMade({ treatment, proof: { kind } }: SyncColumn): boolean {
  return treatment === "transform" && (kind === "disjoint" || kind === "differs");
}

function originsIn(table: SyncTable, { name, treatment, tokens, proof, inside = [] }: SyncColumn): Origin[] {
  if (treatment !== "transform") return [];
  const nested = inside.flatMap(({ tokens: kind, proof: { kind: how }, values }) =>
    kind === undefined ? [] : [{ kind, table, values, isByChance: how === "differs" }],
  );
  if (tokens === undefined) return nested;
  const values = `select source.${quoteIdentifier(name)}::pg_catalog.text`;
  return [{ kind: tokens, table, values, isByChance: proof.kind === "differs" }, ...nested];
}

/** A query for digests of the originals of a column, on either side. */
function originals({ kind, table, values }: Origin, digest: Digest): string {
  const tokens = `lateral ${tokensOf(kind, "each.v")} m (token), lateral (${formsOf(kind, "m.token")}) n (form)`;
  return `select ${digest.of("n.form")} from only ${quoteQualified(table.schema, table.name)} source, lateral (${values}) each (v), ${tokens}`;
}

/** A query for digests of what the target's columns hold, without what was made there and is another row's original by chance. */
function foundIn(columns: readonly TextColumn[], origins: readonly Origin[], digest: Digest): string {
  const { kind } = origins[0]!;
  const digested = digest.of(TOKENS[kind].normalised("m.token"));
  const found = columns
    .map(({ schema, table, column }) => {
      const text = `t.${quoteIdentifier(column)}::pg_catalog.text`;
      return `select ${digested} from only ${quoteQualified(schema, table)} t, lateral ${tokensIn(kind, text)} m (token) where ${hasToken(kind, text)}`;
    })
    .join(" union all ");
  const made = origins.filter(({ isByChance }) => isByChance).map((origin) => originals(origin, digest));
  if (made.length === 0) return found;
  return `with found (d) as materialized (${found})
    select d from found except select made.d from (${made.join(" union all ")}) made (d) where exists (select from found)`;
}
