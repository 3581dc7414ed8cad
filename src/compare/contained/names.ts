import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { RUNS_CODE } from "./runs-code.ts";

/** Objects of a database by kind and name, and the rights on them: "column public.users.bio". */
export type Names = ReadonlySet<string>;

/** Objects that migrations took away and did not make again, with how many open migrations come before the one that did. */
export type Taken = ReadonlyMap<string, number>;

/** What a migration may take away, but for those of extensions, and constraints NOT NULL, of which old servers keep none. */
export async function readNames(database: Database): Promise<Names> {
  const [row] = await queryCatalogue<{ names: string[] | null }>(database, NAMES);
  return new Set(row?.names);
}

/** Whether a way up may take objects or rights away. */
export function mayDrop({ up }: LoadedMigration): boolean {
  if (up.kind !== "sql") return true;
  return up.script.statements.some(({ firstWord = "", text }) => RUNS_CODE.has(firstWord) || TAKES.test(text));
}

const TAKES = /\b(?:drop|revoke|rename|set\s+schema)\b/i;

/** The first migration that took away what is there, and what that is. Pure. */
export function firstStillThere(
  taken: Taken,
  there: Names,
): { readonly at: number; readonly name: string } | undefined {
  const left = [...taken].filter(([name]) => there.has(name)).map(([name, at]) => ({ name, at }));
  return left.toSorted((one, other) => one.at - other.at)[0];
}

const NAMES = `
  with space as (
    select oid, quote_ident(nspname) as name from pg_namespace
     where nspname not in ('pg_catalog', 'information_schema') and nspname !~ '^pg_(toast|temp)'),
  of_others as (select classid, objid from pg_depend where deptype = 'e'),
  relation as (
    select c.oid, c.relkind as kind, s.name || '.' || quote_ident(c.relname) as name
      from pg_class c join space s on s.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I')
       and ('pg_class'::regclass, c.oid) not in (select * from of_others)),
  routine as (
    select p.oid, p.proowner as owner, p.proacl as acl, p.prokind as kind,
           s.name || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name
      from pg_proc p join space s on s.oid = p.pronamespace
     where ('pg_proc'::regclass, p.oid) not in (select * from of_others)),
  holder as (
    select r.name, c.relowner as owner, c.relacl as acl from relation r join pg_class c on c.oid = r.oid
    union all
    select r.name || '.' || quote_ident(a.attname), c.relowner, a.attacl
      from relation r join pg_class c on c.oid = r.oid join pg_attribute a on a.attrelid = r.oid
     where a.attacl is not null and not a.attisdropped
    union all
    select name, owner, coalesce(acl, acldefault('f', owner)) from routine
    union all
    select s.name, n.nspowner, n.nspacl from space s join pg_namespace n on n.oid = s.oid)
  select array_agg(name) as names from (
    select case kind when 'r' then 'table' when 'p' then 'table' when 'f' then 'foreign table' when 'v' then 'view'
                     when 'm' then 'materialized view' when 'S' then 'sequence' else 'index' end || ' ' || name as name
      from relation
    union all
    select 'column ' || r.name || '.' || quote_ident(a.attname)
      from pg_attribute a join relation r on r.oid = a.attrelid
     where a.attnum > 0 and not a.attisdropped and r.kind in ('r', 'p', 'f')
    union all
    select case kind when 'p' then 'procedure ' when 'a' then 'aggregate ' else 'function ' end || name from routine
    union all
    select case t.typtype when 'd' then 'domain ' else 'type ' end || s.name || '.' || quote_ident(t.typname)
      from pg_type t join space s on s.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
     where (t.typtype in ('d', 'e', 'r') or c.relkind = 'c')
       and ('pg_type'::regclass, t.oid) not in (select * from of_others)
    union all
    select 'constraint ' || r.name || '.' || quote_ident(k.conname)
      from pg_constraint k join relation r on r.oid = k.conrelid where k.contype <> 'n'
    union all
    select 'trigger ' || r.name || '.' || quote_ident(t.tgname)
      from pg_trigger t join relation r on r.oid = t.tgrelid where not t.tgisinternal
    union all
    select 'rule ' || r.name || '.' || quote_ident(w.rulename)
      from pg_rewrite w join relation r on r.oid = w.ev_class where w.rulename <> '_RETURN'
    union all
    select 'policy ' || r.name || '.' || quote_ident(p.polname) from pg_policy p join relation r on r.oid = p.polrelid
    union all
    select 'statistics ' || s.name || '.' || quote_ident(t.stxname) from pg_statistic_ext t join space s on s.oid = t.stxnamespace
    union all
    select 'default of ' || r.name || '.' || quote_ident(a.attname)
      from pg_attrdef d join relation r on r.oid = d.adrelid
      join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum and a.attgenerated = ''
    union all
    select g.privilege_type || ' on ' || h.name || ' of '
           || case g.grantee when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(g.grantee)) end
      from holder h, aclexplode(h.acl) g where g.grantee <> h.owner
    union all
    select 'schema ' || name from space
    union all
    select 'extension ' || quote_ident(extname) from pg_extension
    union all
    select 'event trigger ' || quote_ident(evtname) from pg_event_trigger
    union all
    select 'publication ' || quote_ident(pubname) from pg_publication
  ) as object`;
