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
  // In whatever transaction and search_path there is: a scratch database is asked in the middle of a migration.
  return await database.query<Secured>(
    `with recursive secured as (
       select c.oid from pg_catalog.pg_class c where c.relrowsecurity
       union
       select w.ev_class from secured s
         join pg_catalog.pg_depend d on d.refobjid operator(pg_catalog.=) s.oid
          and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.classid operator(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
         join pg_catalog.pg_rewrite w on w.oid operator(pg_catalog.=) d.objid and w.ev_type operator(pg_catalog.=) '1'
         join pg_catalog.pg_class v on v.oid operator(pg_catalog.=) w.ev_class and v.relkind operator(pg_catalog.=) 'v')
     select pg_catalog.quote_ident(n.nspname) operator(pg_catalog.||) '.' operator(pg_catalog.||) pg_catalog.quote_ident(c.relname) as name,
            pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) as owner,
            c.relkind operator(pg_catalog.=) 'v' as "isView",
            exists (select from pg_catalog.pg_options_to_table(c.reloptions) o
                     where o.option_name operator(pg_catalog.=) 'security_invoker' and o.option_value::pg_catalog.bool) as "isInvoker"
       from secured s join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) s.oid
       join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
      order by c.oid`,
  );
}

/** Views that let no function see rows that they keep back, in the form of `Secured.name`. */
export async function barriersIn(database: Database | undefined): Promise<string[]> {
  if (database === undefined) return [];
  const rows = await database.query<{ name: string }>(
    `select pg_catalog.quote_ident(n.nspname) operator(pg_catalog.||) '.' operator(pg_catalog.||) pg_catalog.quote_ident(c.relname) as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
      where c.relkind operator(pg_catalog.=) 'v' and exists (
        select from pg_catalog.pg_options_to_table(c.reloptions) o
         where o.option_name operator(pg_catalog.=) 'security_barrier' and o.option_value::pg_catalog.bool)`,
  );
  return rows.map(({ name }) => name);
}

/**
 * Roles that no policy stops, folded: superusers and those with BYPASSRLS, and owners of tables that their policies do not hold for.
 * Where there is no database yet, that of PostgreSQL itself.
 */
export async function mightyIn(database: Database | undefined): Promise<ReadonlySet<string>> {
  if (database === undefined) return new Set(["postgres"]);
  const rows = await database.query<{ name: string }>(
    `select pg_catalog.quote_ident(r.rolname) as name from pg_catalog.pg_roles r
      where r.rolsuper or r.rolbypassrls or exists (
        select from pg_catalog.pg_class c
         where c.relowner operator(pg_catalog.=) r.oid and c.relrowsecurity and not c.relforcerowsecurity)`,
  );
  return new Set(rows.map(({ name }) => name));
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
    `select pg_catalog.quote_ident(n.nspname) operator(pg_catalog.||) '.' operator(pg_catalog.||) pg_catalog.quote_ident(p.proname) as name,
            case when p.prokind operator(pg_catalog.=) 'p' then 'PROCEDURE ' else 'FUNCTION ' end operator(pg_catalog.||)
            pg_catalog.quote_ident(n.nspname) operator(pg_catalog.||) '.' operator(pg_catalog.||) pg_catalog.quote_ident(p.proname) as what,
            p.pronargs::pg_catalog.int4 as takes, p.prosecdef as "isDefiner",
            exists (select from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
                     where a.grantee operator(pg_catalog.=) 0::pg_catalog.oid) as "isCallable"
       from pg_catalog.pg_proc p
       join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) p.pronamespace
      where p.oid operator(pg_catalog.>=) 16384::pg_catalog.oid
        and p.prorettype operator(pg_catalog.<>) all (array['trigger'::pg_catalog.regtype::pg_catalog.oid, 'event_trigger'::pg_catalog.regtype::pg_catalog.oid])
        and (p.prosecdef or pg_catalog.quote_ident(p.proname) operator(pg_catalog.=) any (
              array(select pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json))))
      order by p.oid`,
    [JSON.stringify(names)],
  );
  const [row] = await database.query<{ isNewCallable: boolean; home: string | null }>(
    `select pg_catalog.quote_ident(pg_catalog.current_schema()) as home, not exists (
       select from pg_catalog.pg_default_acl a join pg_catalog.pg_roles r on r.oid operator(pg_catalog.=) a.defaclrole
        where r.rolname operator(pg_catalog.=) current_user and a.defaclobjtype operator(pg_catalog.=) 'f'
          and a.defaclnamespace operator(pg_catalog.=) 0::pg_catalog.oid
          and not exists (select from pg_catalog.aclexplode(a.defaclacl) x where x.grantee operator(pg_catalog.=) 0::pg_catalog.oid)) as "isNewCallable"`,
  );
  return { routines, isNewCallable: row?.isNewCallable ?? true, home: row?.home ?? undefined };
}
