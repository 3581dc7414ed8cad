import { withOwnOperators } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import type { Parser } from "#sql/parser.ts";
import { mentionsIn } from "./mentions.ts";

/** The first object that PostgreSQL did not bring itself (FirstNormalObjectId). */
export const OWN = "16384::pg_catalog.oid";

const SPACE = `pg_catalog.pg_namespace n on n.nspname = any (case when x.schema is null
  then array['pg_catalog', 'public']::pg_catalog.name[] else array[x.schema]::pg_catalog.name[] end)`;

/** Mentions, and the types in reach of them. */
const REACHED = `
  with recursive x as materialized (select * from pg_catalog.json_to_recordset($1::pg_catalog.text::pg_catalog.json)
      as x (kind pg_catalog.text, schema pg_catalog.text, name pg_catalog.text, args pg_catalog.int4)),
  relations (oid) as (select c.oid from x join ${SPACE} join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = x.name::pg_catalog.name
    where x.kind = 'relation'),
  named (oid) as (select t.oid from x join ${SPACE} join pg_catalog.pg_type t on t.typnamespace = n.oid and t.typname = x.name::pg_catalog.name
    where x.kind = any (array['type', 'function'])
   union select t.typbasetype from named d join pg_catalog.pg_type t on t.oid = d.oid where t.typtype = 'd'),
  routines (oid) as (select p.oid from x join ${SPACE} join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname = x.name::pg_catalog.name
    where x.kind = 'function' and (p.provariadic <> 0::pg_catalog.oid or (x.args <= p.pronargs::pg_catalog.int4
        and x.args >= (p.pronargs::pg_catalog.int4 operator(pg_catalog.-) p.pronargdefaults::pg_catalog.int4)))
       or x.kind = 'field' and p.pronargs = 1::pg_catalog.int2
          and exists (select from pg_catalog.pg_type t where t.oid = p.proargtypes[0] and t.typtype = 'c')),
  types (oid) as (select oid from named
    union select p.prorettype from routines r join pg_catalog.pg_proc p on p.oid = r.oid
    union select a.atttypid from relations r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0::pg_catalog.int2
    union select o.oid from types y join pg_catalog.pg_type t on t.oid = y.oid cross join lateral (values (t.typbasetype), (t.typelem)) as o (oid))`;

/** Functions that SQL calls by name, by an operator or by a cast, with those that aggregates are made of. */
const CALLED = withOwnOperators(`${REACHED},
  called (oid, way) as (select r.oid, null from routines r
    union all select o.oprcode::pg_catalog.oid, 'the operator ' || o.oprname::pg_catalog.text
      from x join pg_catalog.pg_operator o on o.oprname = x.name::pg_catalog.name and o.oid >= ${OWN}
     where x.kind = 'operator' and ((o.oprleft < ${OWN} and o.oprright < ${OWN})
        or exists (select from types y where y.oid = any (array[o.oprleft, o.oprright])))
    union all select k.castfunc, 'the cast to ' || pg_catalog.format_type(k.casttarget, null)
      from pg_catalog.pg_cast k
     where k.oid >= ${OWN} and k.castfunc <> 0::pg_catalog.oid
       and (k.castcontext = 'i' or exists (select from named t where t.oid = k.casttarget))
       and (k.castsource < ${OWN} or exists (select from types y where y.oid = k.castsource))
       and (k.casttarget < ${OWN} or exists (select from types y where y.oid = k.casttarget))),
  run (oid, way) as (select oid, way from called
    union all select f.oid, c.way from called c join pg_catalog.pg_aggregate a on a.aggfnoid::pg_catalog.oid = c.oid
      cross join lateral (values (a.aggtransfn::pg_catalog.oid), (a.aggfinalfn::pg_catalog.oid)) as f (oid))
  select p.proname as bare, p.oid::pg_catalog.regprocedure::pg_catalog.text as name, p.pronargs::pg_catalog.int4 as takes, r.way,
      p.provolatile = 'v' as "isVolatile", p.oid >= ${OWN} as "isOwn"
    from (select distinct oid, way from run) r join pg_catalog.pg_proc p on p.oid = r.oid
   where p.provolatile <> 'i' or p.oid >= ${OWN} order by p.provolatile = 'v' desc, p.oid`);

/**
 * Definitions that are run with it: of views, and of the checks of domains. What has its rows from elsewhere than the snapshot comes without
 * one: sequences, and tables of another server.
 */
const BEHIND = withOwnOperators(`${REACHED},
  read (oid) as (select oid from relations union select i.inhrelid from read r join pg_catalog.pg_inherits i on i.inhparent = r.oid)
  select case c.relkind when 'S' then 'the sequence ' else 'the foreign table ' end || c.oid::pg_catalog.regclass::pg_catalog.text as name, null as sql
    from read r join pg_catalog.pg_class c on c.oid = r.oid and c.relkind = any (array['S', 'f'])
  union all
  select 'the view ' || c.oid::pg_catalog.regclass::pg_catalog.text as name, pg_catalog.pg_get_viewdef(c.oid) as sql
    from relations r join pg_catalog.pg_class c on c.oid = r.oid and c.relkind = 'v'
  union all
  select 'the domain ' || k.contypid::pg_catalog.regtype::pg_catalog.text, 'SELECT ' || pg_catalog.pg_get_expr(k.conbin, 0::pg_catalog.oid)
    from named t join pg_catalog.pg_constraint k on k.contypid = t.oid and k.contype = 'c' order by 1, 2`);

export interface Called {
  readonly bare: string;
  /** "public.coin(integer)" */
  readonly name: string;
  readonly takes: number;
  /** "the operator ===" */
  readonly way: string | null;
  readonly isVolatile: boolean;
  readonly isOwn: boolean;
}

/** SQL that runs with a condition: its own, and the definition of what stands behind it. */
interface Reached {
  /** What has this definition: "the view public.active"; undefined for the condition itself. */
  readonly behind: string | undefined;
  /** What uses that. */
  readonly by: string | undefined;
  /** Null for what has its rows from elsewhere than the snapshot. */
  readonly sql: string | null;
  /** Undefined for what PostgreSQL's grammar does not take. */
  readonly read: ReturnType<typeof mentionsIn>;
  /** What it calls of the database's own, and of PostgreSQL's what is not IMMUTABLE. */
  readonly called: readonly Called[];
}

/**
 * Follows SQL to the views and domains that it uses, one after the other.
 * @param database in a transaction, with the search_path of the copy's queries
 */
export async function* reachedFrom(database: Database, parser: Parser, sql: string): AsyncGenerator<Reached> {
  const looked = new Set<string>();
  const texts: Pick<Reached, "behind" | "by" | "sql">[] = [{ behind: undefined, by: undefined, sql }];
  for (const text of texts) {
    const read = text.sql === null ? undefined : mentionsIn(parser, text.sql);
    const asked = [JSON.stringify(read?.mentions ?? [])];
    yield { ...text, read, called: read === undefined ? [] : await database.query<Called>(CALLED, asked) };
    if (read === undefined) continue;
    for (const { name, sql: definition } of await database.query<{ name: string; sql: string | null }>(BEHIND, asked)) {
      if (looked.has(name)) continue;
      looked.add(name);
      texts.push({ behind: name, by: text.behind, sql: definition });
    }
  }
}
