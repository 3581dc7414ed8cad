import { withOwnOperators } from "#database/catalogue.ts";
import { foldedName, namesAltered } from "#sql/lexer/token-names.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import type { Statement } from "#sql/statement.ts";
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

/** The columns of a table with their types, as PostgreSQL writes them ("character varying(20)"); of a domain, the type under it. */
export async function typesOf(database: Database, written: string): Promise<ColumnType[]> {
  return await database.query<ColumnType>(
    `select a.attname as name, pg_catalog.format_type(b.type, b.modifier) as type from pg_catalog.pg_attribute a
      cross join lateral (
        with recursive under (type, modifier, depth) as (
          select a.atttypid, a.atttypmod, 0
          union all
          select t.typbasetype, t.typtypmod, u.depth operator(pg_catalog.+) 1
            from under u join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) u.type and t.typtype = 'd')
        select u.type, u.modifier from under u order by u.depth desc limit 1) b
      where a.attrelid operator(pg_catalog.=) pg_catalog.to_regclass($1) and a.attnum > 0 and not a.attisdropped`,
    [written],
  );
}

/** Tables that TRUNCATE ... CASCADE of others empties as well, by foreign keys: "public.posts". */
export async function emptiedAlong(database: Database, written: readonly string[]): Promise<string[]> {
  const tables = await database.query<{ name: string }>(EMPTIED, [JSON.stringify(written)]);
  return tables.map(({ name }) => name);
}

const EMPTIED = withOwnOperators(`
  with recursive named (oid) as (
    select pg_catalog.to_regclass(j.name)::pg_catalog.oid from pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json) j (name)
    union
    select h.inhrelid from named join pg_catalog.pg_inherits h on h.inhparent = named.oid
  ), along (oid) as (
    select oid from named
    union
    select x.oid from along cross join lateral (
      select k.conrelid as oid from pg_catalog.pg_constraint k where k.contype = 'f' and k.confrelid = along.oid
      union all
      select h.inhrelid from pg_catalog.pg_inherits h where h.inhparent = along.oid) x)
  select ${NAME_OF("n", "c")} as name
    from along join pg_catalog.pg_class c on c.oid = along.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where not c.relispartition and not exists (select from named where named.oid = along.oid)
   order by 1`);

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

/**
 * Whether a statement drops types, functions or schemas alone that have higher numbers than another object; relations are measured.
 */
export async function dropsNewAlone(database: Database, statement: Statement, newest: number): Promise<boolean> {
  const { firstWord, words } = statement;
  const made = firstWord === "DROP" ? MADE[words[1] ?? ""] : undefined;
  if (made === undefined) return false;
  const names = namesAltered(statement.tokens()).flatMap((name) => parseQualifiedName(foldedName(name)) ?? []);
  if (names.length === 0) return false;
  const [row] = await database.query<{ isNew: boolean | null }>(made, [
    JSON.stringify(names.map(({ name }) => name)),
    newest,
  ]);
  return row?.isNew === true;
}

/** Whether all that has one of the names in a JSON array, wherever it is, has a higher number than another. */
const madeSince = (catalogue: string, name: string): string =>
  withOwnOperators(
    `select pg_catalog.bool_and(o.oid::pg_catalog.int8 > $2::pg_catalog.int8) as "isNew" from pg_catalog.${catalogue} o
      where o.${name} = any (array(select pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json)::pg_catalog.name))`,
  );

/** By the word behind DROP. */
const MADE: Readonly<Record<string, string>> = {
  TYPE: madeSince("pg_type", "typname"),
  DOMAIN: madeSince("pg_type", "typname"),
  FUNCTION: madeSince("pg_proc", "proname"),
  PROCEDURE: madeSince("pg_proc", "proname"),
  ROUTINE: madeSince("pg_proc", "proname"),
  AGGREGATE: madeSince("pg_proc", "proname"),
  SCHEMA: madeSince("pg_namespace", "nspname"),
};
