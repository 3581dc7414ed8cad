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
  /** Where names without a schema are looked up; missing in files of older versions. */
  readonly searchPath?: string;
  /** Whether timestamps are rewritten when they get a time zone depends on it; missing in files of older versions. */
  readonly timeZone?: string;
  readonly relations: readonly SizeOf[];
}

/** One table, materialized view or index. */
export interface SizeOf {
  /** Schema and name as SQL takes them: `public.users`. */
  readonly name: string;
  /**
   * As PostgreSQL's planner estimates them: as many for a page as when it last counted, for as many pages as there are now.
   * Those of partitions and children are included. Null before it ever counted.
   */
  readonly rows: number | null;
  /** Of the main files, those of partitions and children included. */
  readonly bytes: number;
  /** Of a table: how many indexes it has. */
  readonly indexes: number;
}

const SIZES = `
  with recursive below (top, oid) as (
    select c.oid, c.oid from pg_catalog.pg_class c where c.relkind in ('r', 'p', 'm', 'i', 'I')
    union
    select below.top, i.inhrelid from below join pg_catalog.pg_inherits i on i.inhparent = below.oid
  ), file as (
    select c.oid, c.reltuples::pg_catalog.float8 as counted,
           c.relpages::pg_catalog.float8 * pg_catalog.current_setting('block_size')::pg_catalog.float8 as then,
           case when c.relkind in ('p', 'I') then 0 else coalesce(pg_catalog.pg_relation_size(c.oid), 0) end::pg_catalog.float8 as now
      from pg_catalog.pg_class c where c.relkind in ('r', 'p', 'm', 'i', 'I')
  ), sum as (
    select below.top, pg_catalog.sum(file.now) as bytes,
           -- An empty file has no rows, whatever was counted.
           case when not pg_catalog.bool_or(file.now > 0 and (file.counted < 0 or file.then = 0))
                then pg_catalog.round(pg_catalog.sum(case when file.now = 0 then 0 else file.counted * file.now / nullif(file.then, 0) end)) end as rows
      from below join file on file.oid = below.oid group by below.top
  )
  select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name,
         sum.rows, sum.bytes,
         (select pg_catalog.count(*)::pg_catalog.int4 from pg_catalog.pg_index i where i.indrelid = c.oid) as indexes
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join sum on sum.top = c.oid
   where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   order by 1`;

/** Reads the catalogue alone. */
export async function readSizes(database: Database, now: Date): Promise<Sizes> {
  const relations = await database.query<SizeOf>(SIZES);
  // What sessions begin with, whatever this one was set to.
  const settings = await database.query<{ name: string; value: string }>(
    "select s.name, coalesce(s.reset_val, '') as value from pg_catalog.pg_settings s where s.name operator(pg_catalog.=) any ('{search_path,TimeZone}'::text[])",
  );
  const setting = (name: string): string | undefined => settings.find((each) => each.name === name)?.value;
  const [searchPath, timeZone] = [setting("search_path"), setting("TimeZone")];
  return {
    format: "confiture-stats",
    version: 1,
    taken: now.toISOString(),
    postgres: Math.floor(database.serverVersion / 10_000),
    ...(searchPath === undefined ? {} : { searchPath }),
    ...(timeZone === undefined ? {} : { timeZone }),
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
      hint: "Write a new one: confiture migrate stats",
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

/**
 * The search_path of the database or role, where it is not PostgreSQL's own: names may then mean other tables there than in a
 * scratch database. Pure.
 */
export function otherSearchPath({ searchPath }: Sizes): string | undefined {
  return searchPath === undefined || /^(?:"\$user"\s*,\s*)?public$/.test(searchPath.trim()) ? undefined : searchPath;
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
