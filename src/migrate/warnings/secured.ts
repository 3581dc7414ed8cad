import { withOwnOperators } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import type { NamedRoutine } from "#sql/effects/definer.ts";

/** A table with row level security, or a view that reads one. Names are as `quote_ident` writes them, with their schemas. */
interface Secured {
  readonly name: string;
  readonly owner: string;
  readonly isView: boolean;
  /** Whether it is a view that reads with the rights of whoever reads it: policies hold for these. */
  readonly isInvoker: boolean;
}

/** The tables of a database with row level security, and the views that read them, or read such a view. */
export async function securedIn(database: Database): Promise<Secured[]> {
  return await database.query<Secured>(
    withOwnOperators(`with recursive secured as (
       select c.oid from pg_catalog.pg_class c where c.relrowsecurity
       union
       select w.ev_class from secured s
         join pg_catalog.pg_depend d on d.refobjid = s.oid
          and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
         join pg_catalog.pg_rewrite w on w.oid = d.objid and w.ev_type = '1'
         join pg_catalog.pg_class v on v.oid = w.ev_class and v.relkind = 'v')
     select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name,
            pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) as owner,
            c.relkind = 'v' as "isView",
            exists (select from pg_catalog.pg_options_to_table(c.reloptions) o
                     where o.option_name = 'security_invoker' and o.option_value::pg_catalog.bool) as "isInvoker"
       from secured s join pg_catalog.pg_class c on c.oid = s.oid
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      order by c.oid`),
  );
}

/** Views that let no function see rows that they keep back, in the form of `Secured.name`. */
export async function barriersIn(database: Database | undefined): Promise<string[]> {
  if (database === undefined) return [];
  const rows = await database.query<{ name: string }>(
    withOwnOperators(`select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'v' and exists (
        select from pg_catalog.pg_options_to_table(c.reloptions) o
         where o.option_name = 'security_barrier' and o.option_value::pg_catalog.bool)`),
  );
  return rows.map(({ name }) => name);
}

/**
 * Roles that no policy stops, folded: superusers and those with BYPASSRLS, owners of tables that their policies do not hold for, and
 * members of such roles.
 * Where there is no database yet, that of PostgreSQL itself.
 */
export async function mightyIn(database: Database | undefined): Promise<ReadonlySet<string>> {
  if (database === undefined) return new Set(["postgres"]);
  const rows = await database.query<{ name: string }>(
    withOwnOperators(`with recursive mighty as (
       select r.oid from pg_catalog.pg_roles r
        where r.rolsuper or r.rolbypassrls or exists (
          select from pg_catalog.pg_class c
           where c.relowner = r.oid and c.relrowsecurity and not c.relforcerowsecurity)
       union
       select a.member from mighty m join pg_catalog.pg_auth_members a on a.roleid = m.oid)
     select pg_catalog.quote_ident(r.rolname) as name from mighty m join pg_catalog.pg_roles r on r.oid = m.oid`),
  );
  return new Set(rows.map(({ name }) => name));
}

/**
 * Of the tables of these names that have no row level security, those that somebody else than the owner may read, by themselves,
 * through a view, or as a part of another table. In the form of `Secured.name`.
 */
export async function readByOthers(database: Database, names: readonly string[]): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    withOwnOperators(`with recursive readers (start, oid) as (
       select c.oid, c.oid from pg_catalog.pg_class c
        where c.relkind = any (array['r', 'p', 'f']::"char"[]) and c.oid >= 16384::pg_catalog.oid and not c.relrowsecurity
          and c.relname = any (array(select pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json)::pg_catalog.name))
       union
       select r.start, o.oid from readers r cross join lateral (
         select w.ev_class as oid from pg_catalog.pg_depend d join pg_catalog.pg_rewrite w on w.oid = d.objid
          where d.refobjid = r.oid and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
         union all
         select i.inhparent from pg_catalog.pg_inherits i where i.inhrelid = r.oid) o)
     select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.oid = any (array(
        select r.start from readers r join pg_catalog.pg_class t on t.oid = r.oid
         cross join lateral (
           select t.relacl as acl union all
           select a.attacl from pg_catalog.pg_attribute a where a.attrelid = t.oid and a.attacl is not null) rights
         cross join lateral pg_catalog.aclexplode(rights.acl) x
         where x.privilege_type = 'SELECT' and x.grantee <> t.relowner))`),
    [JSON.stringify(names)],
  );
  return rows.map(({ name }) => name);
}

/** A function of a database. */
export interface KnownRoutine extends NamedRoutine {
  /** "FUNCTION public.leak" */
  readonly what: string;
  readonly isDefiner: boolean;
  /** Whether PUBLIC has the right to call it. */
  readonly isCallable: boolean;
}

/** What a database has of functions that others may call. */
export interface KnownRoutines {
  readonly routines: readonly KnownRoutine[];
  /** Whether everybody may call what this role makes. */
  readonly isNewCallable: boolean;
  /** Where the session makes and finds what has no schema. */
  readonly home: string | undefined;
}

/** Those that run with the rights of their owner, and those of these names; triggers call the others. */
export async function routinesIn(database: Database, names: readonly string[]): Promise<KnownRoutines> {
  const routines = await database.query<KnownRoutine>(
    withOwnOperators(`select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) as name,
            case when p.prokind = 'p' then 'PROCEDURE ' else 'FUNCTION ' end
            || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) as what,
            p.pronargs::pg_catalog.int4 as takes, p.prosecdef as "isDefiner",
            exists (select from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
                     where a.grantee = 0::pg_catalog.oid) as "isCallable"
       from pg_catalog.pg_proc p
       join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where p.oid >= 16384::pg_catalog.oid
        and p.prorettype <> all (array['trigger'::pg_catalog.regtype::pg_catalog.oid, 'event_trigger'::pg_catalog.regtype::pg_catalog.oid])
        and (p.prosecdef or pg_catalog.quote_ident(p.proname) = any (
              array(select pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json))))
      order by p.oid`),
    [JSON.stringify(names)],
  );
  const [row] = await database.query<{ isNewCallable: boolean; home: string | null }>(
    withOwnOperators(`select pg_catalog.quote_ident(pg_catalog.current_schema()) as home, not exists (
       select from pg_catalog.pg_default_acl a join pg_catalog.pg_roles r on r.oid = a.defaclrole
        where r.rolname = current_user and a.defaclobjtype = 'f'
          and a.defaclnamespace = 0::pg_catalog.oid
          and not exists (select from pg_catalog.aclexplode(a.defaclacl) x where x.grantee = 0::pg_catalog.oid)) as "isNewCallable"`),
  );
  return { routines, isNewCallable: row?.isNewCallable ?? true, home: row?.home ?? undefined };
}
