import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";

/** How large relations of a database in use are, as far as its catalogue tells: estimates, no rows and no values. */
export interface Sizes {
  readonly format: "confiture-stats";
  readonly version: 1;
  /** When it was read: ISO 8601, UTC. */
  readonly taken: string;
  /** The major version of PostgreSQL, for example 16. */
  readonly postgres: number;
  readonly relations: readonly SizeOf[];
}

/** One table, materialized view or index. */
export interface SizeOf {
  /** Schema and name as SQL takes them: `public.users`. */
  readonly name: string;
  /** As PostgreSQL last counted them (pg_class.reltuples); null before it ever did. */
  readonly rows: number | null;
  /** Of the main file alone: pg_class.relpages times the size of a page, and as it is where PostgreSQL never counted. */
  readonly bytes: number;
  /** Of a table: how many indexes it has. */
  readonly indexes: number;
}

const SIZES = `
  select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name,
         case when c.reltuples >= 0 then c.reltuples::pg_catalog.float8 end as rows,
         case when c.reltuples >= 0
              then c.relpages::pg_catalog.float8 * pg_catalog.current_setting('block_size')::pg_catalog.float8
              else coalesce(pg_catalog.pg_relation_size(c.oid), 0)::pg_catalog.float8 end as bytes,
         (select pg_catalog.count(*)::pg_catalog.int4 from pg_catalog.pg_index i where i.indrelid = c.oid) as indexes
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'm', 'i', 'I') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   order by 1`;

/** Reads the catalogue alone. */
export async function readSizes(database: Database, now: Date): Promise<Sizes> {
  const relations = await database.query<SizeOf>(SIZES);
  return {
    format: "confiture-stats",
    version: 1,
    taken: now.toISOString(),
    postgres: Math.floor(database.serverVersion / 10_000),
    relations,
  };
}

/**
 * Reads what `migrate stats` wrote.
 * @throws ConfitureError `file_*`; `stats_invalid`
 */
export function readStatsFile(absolute: string, shown: string): Sizes {
  const text = readRegularFile(absolute, shown).toString();
  const refuse = (why: string): ConfitureError =>
    new ConfitureError("stats_invalid", `${shown} ${why}`, {
      location: { file: shown },
      hint: "Write it anew: confiture migrate stats",
    });
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw refuse("is not JSON: it was cut short or edited");
  }
  if (!isRecord(read) || read["format"] !== "confiture-stats")
    throw refuse("is not what `confiture migrate stats` writes");
  if (read["version"] !== 1) throw refuse("was written by a newer version of Confiture");
  const { relations } = read;
  if (!Array.isArray(relations) || !relations.every(isSize))
    throw refuse("has a list of relations that is not readable");
  return read as unknown as Sizes;
}

function isSize(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value["name"] === "string" &&
    (value["rows"] === null || isCount(value["rows"])) &&
    isCount(value["bytes"]) &&
    isCount(value["indexes"])
  );
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
