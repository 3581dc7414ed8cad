import type { Database } from "#database/database.ts";
import { quoteLiteral, quoteQualified } from "#sql/quote.ts";
import type { SourceTable } from "./source/catalogue.ts";
import { LOOKED_AT } from "./rules/looks.ts";

/** Bytes of a table that are read at most to look at its documents, about. */
const MOST_BYTES = 256 * 1024 * 1024;

/** From so many keys in one object on, the keys are taken for values themselves: a map of people by their names. */
const MOST_KEYS = 50;
/** The share of documents that have a key, and how many it has to be at least, for its name to be told. */
const SHARE_NAMED = 0.01;
const LEAST_NAMED = 3;

/**
 * SQL for the keys of objects whose names may be told: what many documents have, among few others, and that is written as a name is,
 * without more than three digits. Every other key may be a value itself: an address, a number, somebody's name.
 * @param key SQL of the key
 * @param counts SQL for the numbers of documents that have it, of all documents, and of the different keys in its object
 */
export function mayBeTold(
  key: string,
  counts: { readonly documents: string; readonly all: string; readonly keys: string },
): string {
  return `(${key} ~ '^[A-Za-z_][A-Za-z0-9_-]{0,39}$' and length(regexp_replace(${key}, '[^0-9]', '', 'g')) <= 3
       and ${counts.documents} >= greatest(${LEAST_NAMED}, ${SHARE_NAMED} * ${counts.all}) and ${counts.keys} <= ${MOST_KEYS})`;
}

/** Documents of a table, to be looked at. */
export interface DocumentSample {
  /** SQL from FROM on; the table is called `source`. */
  readonly from: string;
  /** The most documents that it gives. */
  readonly most: number;
  /** Whether these are all, if there are fewer than `most`. */
  readonly isWhole: boolean;
}

/**
 * The documents of a table, or of all partitions of one, that are looked at: all of a small table; of a large one those of pages by chance, the same ones each time.
 * @param column SQL of the column of `source`
 * @param tables of how many tables documents are looked at
 */
export async function sampleOf(
  source: Database,
  { schema, name, kind = "table" }: Pick<SourceTable, "schema" | "name"> & Partial<Pick<SourceTable, "kind">>,
  column: string,
  tables = 1,
): Promise<DocumentSample> {
  const most = Math.max(100, Math.round(LOOKED_AT / tables));
  const qualified = quoteQualified(schema, name);
  const [size] = await source.query<{ rows: number; bytes: number }>(
    `select c.reltuples::pg_catalog.float8 as rows, pg_catalog.pg_table_size(c.oid)::pg_catalog.float8 as bytes
       from pg_catalog.pg_class c where c.oid operator(pg_catalog.=) ${quoteLiteral(qualified)}::pg_catalog.regclass`,
  );
  const { rows = 0, bytes = 0 } = size ?? {};
  const share = Math.min(1, most / Math.max(1, rows), MOST_BYTES / tables / Math.max(1, bytes));
  const chosen = share === 1 ? "" : ` tablesample system (${share * 100}) repeatable (1)`;
  return {
    from: `from ${kind === "table" ? "only " : ""}${qualified} source${chosen} where ${column} is not null limit ${most}`,
    most,
    isWhole: share === 1,
  };
}
