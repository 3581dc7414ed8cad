import { lookingInside } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { reportedName } from "#sql/quote.ts";

/** A table, or a materialized view, where it can be read. */
export interface Relation {
  readonly oid: number;
  /** For people. */
  readonly name: string;
  readonly isView: boolean;
  /** Whether a materialized view can be read. */
  readonly populated: boolean;
  /** Where its rows are: itself, or its partitions. */
  readonly parts: readonly number[];
}

/** Tables and materialized views as the open transaction of the session sees them, which stays open. */
export async function relationsInside(database: Database): Promise<Relation[]> {
  return await lookingInside(database, async () => {
    const found = await database.query<Omit<Relation, "name"> & { schema: string; name: string }>(RELATIONS);
    return found.map(({ schema, name, ...rest }) => ({ ...rest, name: reportedName(schema, name) }));
  });
}

/**
 * Tables with rows that have another name now, while another table has taken theirs. Pure.
 * @param filled the tables that had rows
 */
export function putAside(
  before: readonly Relation[],
  after: readonly Relation[],
  filled: ReadonlySet<number>,
): { readonly name: string; readonly now: string }[] {
  const now = new Map(after.map((relation) => [relation.oid, relation]));
  const tables = new Set(after.flatMap(({ name, isView }) => (isView ? [] : [name])));
  return before.flatMap(({ oid, name, isView, parts }) => {
    const moved = now.get(oid);
    if (isView || moved === undefined || moved.name === name || !tables.has(name)) return [];
    return parts.some((part) => filled.has(part)) ? [{ name, now: moved.name }] : [];
  });
}

/** Names of materialized views that could be read and cannot any more, also where they were made anew. Pure. */
export function leftUnread(before: readonly Relation[], after: readonly Relation[]): string[] {
  const unread = new Set(after.flatMap(({ name, isView, populated }) => (isView && !populated ? [name] : [])));
  return before.flatMap(({ name, isView, populated }) => (isView && populated && unread.has(name) ? [name] : []));
}

const RELATIONS = `
  select c.oid::int8::float8 as oid, n.nspname::text as schema, c.relname::text as name, c.relkind = 'm' as "isView",
         c.relispopulated as populated,
         case c.relkind when 'p' then (select coalesce(json_agg(relid::oid::int8::float8), '[]') from pg_partition_tree(c.oid))
                        else json_build_array(c.oid::int8::float8) end as parts
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and not exists (
           select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
   order by n.nspname, c.relname`;
