import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";

/** A table of the system catalogue that definitions are in. */
export interface CatalogueTable {
  readonly table: string;
  readonly readable: boolean;
  readonly oid: number;
  readonly columns: readonly string[];
}

/** The tables of the catalogue that a comparison goes by, in order. */
export async function catalogueTables(database: Database): Promise<CatalogueTable[]> {
  return await queryCatalogue<CatalogueTable>(database, CATALOGUE_TABLES);
}

/** What is part of a definition in the rows of a table `t`: columns, and SQL for their values. */
export function definingColumns({ table, columns }: CatalogueTable): (readonly [column: string, value: string])[] {
  return columns
    .filter((column) => PASSING[table]?.has(column) !== true)
    .map((column) => [column, RIGHTS[table]?.[column] ?? `t.${column}`]);
}

/** What PostgreSQL keeps about itself and its work, and no comparison sees. */
const OTHER_TABLES = [
  "pg_database",
  "pg_largeobject",
  "pg_largeobject_metadata",
  "pg_replication_origin",
  "pg_statistic",
  "pg_statistic_ext_data",
  "pg_subscription_rel",
];

const CATALOGUE_TABLES = `
  select c.relname::text as table, c.oid::int as oid, has_table_privilege(c.oid, 'select') as readable, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
   where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r'
     and c.relname not in (${OTHER_TABLES.map((name) => `'${name}'`).join(", ")})
   group by c.oid, c.relname
   order by c.relname`;

/**
 * Columns that change with rows of data, with maintenance, or with objects that are long gone; they are no part of
 * a definition.
 */
const PASSING: Readonly<Record<string, ReadonlySet<string>>> = {
  pg_class: new Set([
    "relfilenode",
    "relpages",
    "reltuples",
    "relallvisible",
    "relallfrozen",
    "relfrozenxid",
    "relminmxid",
    // Counts dropped columns too.
    "relnatts",
    // Stay true when the last one is dropped, until a VACUUM.
    "relhasindex",
    "relhasrules",
    "relhastriggers",
    "relhassubclass",
    "reltoastrelid",
    "relrewrite",
  ]),
  pg_attribute: new Set(["atthasmissing", "attmissingval", "attcacheoff"]),
  pg_index: new Set(["indcheckxmin"]),
};

/** Rights that nobody has changed yet are the default ones, written down or not. */
const RIGHTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pg_class: { relacl: defaultRights("relacl", "case t.relkind when 'S' then 's' else 'r' end", "relowner") },
  pg_namespace: { nspacl: defaultRights("nspacl", "'n'", "nspowner") },
  pg_proc: { proacl: defaultRights("proacl", "'f'", "proowner") },
  pg_type: { typacl: defaultRights("typacl", "'T'", "typowner") },
};

function defaultRights(column: string, kind: string, owner: string): string {
  return `coalesce(t.${column}, acldefault((${kind})::"char", t.${owner}))`;
}
