import type { Database } from "#database/database.ts";
import type { ColumnType } from "./measured.ts";
import { NAME_OF } from "./watch-queries.ts";

/** Whether a name in a statement stands for a partitioned table. */
export async function isPartitioned(database: Database, written: string): Promise<boolean> {
  const [row] = await database.query<{ relkind: string }>(
    "select c.relkind::text as relkind from pg_catalog.pg_class c where c.oid operator(pg_catalog.=) pg_catalog.to_regclass($1)",
    [written],
  );
  return row?.relkind === "p";
}

/** Whether there is a function of that name which PostgreSQL does not bring itself. */
export async function isOwnFunction(database: Database, name: string): Promise<boolean> {
  const [row] = await database.query(
    "select from pg_catalog.pg_proc p where p.oid >= 16384 and p.proname operator(pg_catalog.=) $1",
    [name],
  );
  return row !== undefined;
}

/** The columns of a table with their types, as PostgreSQL writes them: "character varying(20)". */
export async function typesOf(database: Database, written: string): Promise<ColumnType[]> {
  return await database.query<ColumnType>(
    `select a.attname as name, pg_catalog.format_type(a.atttypid, a.atttypmod) as type from pg_catalog.pg_attribute a
      where a.attrelid operator(pg_catalog.=) pg_catalog.to_regclass($1) and a.attnum > 0 and not a.attisdropped`,
    [written],
  );
}

/** A table whose rows go or change with rows of another. */
export interface Follower {
  readonly name: string;
  /** pg_constraint.confdeltype */
  readonly action: "c" | "n" | "d";
}

/** Tables whose rows go or change with rows of this one, by foreign keys. */
export async function followersOf(database: Database, written: string): Promise<Follower[]> {
  return await database.query<Follower>(FOLLOWERS, [written]);
}

/** Only what is deleted takes others along in turn. */
const FOLLOWERS = `
  with recursive follows (oid, action) as (
    select conrelid, confdeltype from pg_catalog.pg_constraint
     where contype = 'f' and confdeltype in ('c', 'n', 'd') and confrelid operator(pg_catalog.=) pg_catalog.to_regclass($1)
    union
    select k.conrelid, k.confdeltype from follows f join pg_catalog.pg_constraint k
        on k.contype = 'f' and k.confdeltype in ('c', 'n', 'd') and k.confrelid = f.oid
     where f.action = 'c')
  select distinct ${NAME_OF("n", "c")} as name, f.action::text as action
    from follows f join pg_catalog.pg_class c on c.oid = f.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where not c.relispartition
   order by 1`;
