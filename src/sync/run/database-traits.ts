import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier } from "#sql/quote.ts";

/** How a new database is to be, like the one whose place it takes. */
export interface Traits {
  readonly oid: number;
  readonly owner: string;
  readonly creation: string;
  readonly connection_limit: number;
  readonly grants:
    | readonly { readonly grantee: string; readonly privileges: string; readonly option: boolean }[]
    | null;
  readonly settings: readonly { readonly role: string | null; readonly config: string }[] | null;
  readonly may_create: boolean;
  readonly is_template: boolean;
  readonly subscriptions: number;
  /** Transactions that were prepared in it and not ended. */
  readonly prepared: number;
}

export const END_PREPARED =
  "End the prepared transactions in the target, which `SELECT gid, owner, prepared FROM pg_prepared_xacts` lists: COMMIT PREPARED or ROLLBACK PREPARED. Then run it again.";

/**
 * What PostgreSQL would refuse when the copy is complete.
 * @throws ConfitureError `sync_not_allowed`
 */
export function requireDroppable(name: string, { is_template: isTemplate, subscriptions, prepared }: Traits): void {
  if (!isTemplate && subscriptions + prepared === 0) return;
  const [why, first] = isTemplate
    ? ["is a template", `To replace it: ALTER DATABASE ${quoteIdentifier(name)} IS_TEMPLATE false`]
    : subscriptions > 0
      ? ["has a subscription", "To replace it: DROP SUBSCRIPTION in it"]
      : ["has a prepared transaction", END_PREPARED];
  throw new ConfitureError("sync_not_allowed", `The target "${name}" ${why}, and PostgreSQL drops no such database`, {
    hint: `Nothing was changed. ${first}`,
  });
}

export async function readTraits(database: Database): Promise<Traits> {
  const [row] = await database.query<Traits>(
    `select d.oid::pg_catalog.int8::pg_catalog.float8 as oid, pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text as owner,
            pg_catalog.format('encoding %L lc_collate %L lc_ctype %L', pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype)
              || coalesce(case pg_catalog.to_jsonb(d) ->> 'datlocprovider'
                   when 'i' then pg_catalog.format(' locale_provider icu icu_locale %L', coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale'))
                     || coalesce(pg_catalog.format(' icu_rules %L', pg_catalog.to_jsonb(d) ->> 'daticurules'), '')
                   when 'b' then pg_catalog.format(' locale_provider builtin builtin_locale %L', pg_catalog.to_jsonb(d) ->> 'datlocale')
                 end, '')
              || coalesce((select pg_catalog.format(' tablespace %I', t.spcname) from pg_catalog.pg_tablespace t
                   where t.oid operator(pg_catalog.=) d.dattablespace and t.spcname operator(pg_catalog.<>) 'pg_default'), '') as creation,
            d.datconnlimit as connection_limit, d.datistemplate as is_template,
            (select pg_catalog.count(s.subdbid)::pg_catalog.int4 from pg_catalog.pg_subscription s
              where s.subdbid operator(pg_catalog.=) d.oid) as subscriptions,
            (select pg_catalog.count(*)::pg_catalog.int4 from pg_catalog.pg_prepared_xacts p
              where p.database operator(pg_catalog.=) d.datname) as prepared,
            (select pg_catalog.json_agg(pg_catalog.json_build_object('grantee', case a.grantee when 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end,
                'privileges', a.privilege_type, 'option', a.is_grantable))
               from pg_catalog.aclexplode(d.datacl) a) as grants,
            (select pg_catalog.json_agg(pg_catalog.json_build_object('role', case s.setrole when 0 then null else pg_catalog.pg_get_userbyid(s.setrole) end, 'config', c))
               from pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) c where s.setdatabase operator(pg_catalog.=) d.oid) as settings,
            (select r.rolsuper or (r.rolcreatedb and pg_catalog.pg_has_role(d.datdba, 'member')) from pg_catalog.pg_roles r
              where r.rolname operator(pg_catalog.=) current_user) as may_create
       from pg_catalog.pg_database d where d.datname operator(pg_catalog.=) pg_catalog.current_database()`,
  );
  return row!;
}
