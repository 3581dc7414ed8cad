import { withOwnOperators } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import type { Right } from "#sql/effects/given-rights.ts";
import type { Family, ObjectName } from "#sql/effects/object-names.ts";

/** An object of a database, and what is on it. */
export interface KnownObject {
  readonly name: ObjectName;
  /** "VIEW" */
  readonly kind: string;
  /** As it is written: "public.v", "public.f(integer)". */
  readonly shown: string;
  /** Null of a column. */
  readonly owner: string | null;
  readonly isVisible: boolean;
  /** Those of its owner left out. */
  readonly rights: readonly Right[];
  /** In the words of `MadeObject.parts`. */
  readonly parts: readonly string[];
}

/** Default rights of objects that a role makes. */
export interface DefaultAcl {
  readonly role: string;
  /** Null: in every schema, in the place of PostgreSQL's own. */
  readonly schema: string | null;
  readonly family: Family;
  readonly isSequences: boolean;
  readonly rights: readonly Right[];
}

/** As whom objects are made, and which rights they have from the beginning. */
export async function readAsMade(
  database: Database,
): Promise<{ readonly user: string; readonly defaults: readonly DefaultAcl[] }> {
  const [who] = await database.query<{ user: string }>('select current_user::pg_catalog.text as "user"');
  const rows = await database.query<Omit<DefaultAcl, "rights"> & { readonly rights: string | null }>(
    withOwnOperators(
      `select pg_catalog.pg_get_userbyid(d.defaclrole) as role, n.nspname as schema,
              case d.defaclobjtype when 'f' then 'routine' when 'T' then 'type' when 'n' then 'schema' else 'relation' end as family,
              d.defaclobjtype = 'S' as "isSequences", ${rightsIn("d.defaclacl", "d.defaclrole")} as rights
         from pg_catalog.pg_default_acl d left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace`,
    ),
  );
  return { user: who?.user ?? "", defaults: rows.map((row) => ({ ...row, rights: readRights(row.rights) })) };
}

interface Row {
  readonly family: Family;
  readonly schema: string | null;
  readonly name: string;
  readonly table: string | null;
  readonly types: string | null;
  readonly kind: string;
  readonly shown: string;
  readonly owner: string | null;
  readonly isVisible: boolean;
  readonly rights: string | null;
  readonly parts: string | null;
}

/** Those with one of these names, of whatever family. */
export async function readKnownObjects(database: Database, names: readonly string[]): Promise<KnownObject[]> {
  const rows = await database.query<Row>(KNOWN, [JSON.stringify(names)]);
  return rows.map(({ family, schema, name, table, types, rights, parts, ...row }) => ({
    ...row,
    name: {
      family,
      schema: schema ?? undefined,
      name,
      ...(table === null ? {} : { table }),
      ...(types === null ? {} : { types: JSON.parse(types) as string[] }),
    },
    rights: readRights(rights),
    parts: parts === null ? [] : (JSON.parse(parts) as string[]),
  }));
}

function readRights(json: string | null): Right[] {
  const rights = (json === null ? [] : JSON.parse(json)) as { [key in keyof Right]: Right[key] | null }[];
  return rights.map(({ privilege, grantee, column, withOption }) => ({
    privilege: privilege ?? "",
    grantee: grantee ?? undefined,
    column: column ?? undefined,
    withOption: withOption === true,
  }));
}

function right(acl: string, column: string): string {
  return `pg_catalog.json_build_object('privilege', ${acl}.privilege_type, 'column', ${column}, 'withOption', ${acl}.is_grantable,
    'grantee', case when ${acl}.grantee <> 0::pg_catalog.oid then pg_catalog.pg_get_userbyid(${acl}.grantee) end)`;
}

/** Of everybody but the owner, as JSON. */
function rightsIn(acl: string, owner: string): string {
  return `(select pg_catalog.json_agg(${right("x", "null::pg_catalog.text")})::pg_catalog.text from pg_catalog.aclexplode(${acl}) x where x.grantee <> ${owner})`;
}

const NAMES =
  "array(select pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json)::pg_catalog.name)";

const classOf = (catalogue: string): string => `'pg_catalog.${catalogue}'::pg_catalog.regclass::pg_catalog.oid`;

/** Comments and security labels of what stands in `o`, and of its columns where it is a relation. */
const SAID = `
  select 'COMMENT' || case when d.objsubid = 0 then '' else ' ON COLUMN ' || a.attname::pg_catalog.text end as part
    from pg_catalog.pg_description d left join pg_catalog.pg_attribute a on a.attrelid = o.oid and a.attnum = d.objsubid
   where d.classoid = o.class and d.objoid = o.oid and (o.number = 0 or d.objsubid = o.number)
  union all
  select 'LABEL ' || l.provider || case when l.objsubid = 0 then '' else ' ON COLUMN ' || a.attname::pg_catalog.text end
    from pg_catalog.pg_seclabel l left join pg_catalog.pg_attribute a on a.attrelid = o.oid and a.attnum = l.objsubid
   where l.classoid = o.class and l.objoid = o.oid and (o.number = 0 or l.objsubid = o.number)`;

/** What else is on a relation or a server. Indexes of constraints come with these. */
const PARTS = `
  select 'TRIGGER ' || t.tgname::pg_catalog.text from pg_catalog.pg_trigger t
   where o.class = ${classOf("pg_class")} and o.number = 0 and t.tgrelid = o.oid and not t.tgisinternal
  union all
  select 'INDEX ' || c.relname::pg_catalog.text from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
   where o.class = ${classOf("pg_class")} and o.number = 0 and i.indrelid = o.oid
     and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid)
  union all
  select 'RULE ' || r.rulename::pg_catalog.text from pg_catalog.pg_rewrite r
   where o.class = ${classOf("pg_class")} and o.number = 0 and r.ev_class = o.oid and r.ev_type <> '1'
  union all
  select 'POLICY ' || p.polname::pg_catalog.text from pg_catalog.pg_policy p
   where o.class = ${classOf("pg_class")} and o.number = 0 and p.polrelid = o.oid
  union all
  select 'STATISTICS ' || s.stxname::pg_catalog.text from pg_catalog.pg_statistic_ext s
   where o.class = ${classOf("pg_class")} and o.number = 0 and s.stxrelid = o.oid
  union all
  select 'ROW LEVEL SECURITY' from pg_catalog.pg_class c
   where o.class = ${classOf("pg_class")} and o.number = 0 and c.oid = o.oid and c.relrowsecurity
  union all
  select 'FORCE ROW LEVEL SECURITY' from pg_catalog.pg_class c
   where o.class = ${classOf("pg_class")} and o.number = 0 and c.oid = o.oid and c.relforcerowsecurity
  union all
  select 'REPLICA IDENTITY ' || case c.relreplident when 'f' then 'FULL' when 'n' then 'NOTHING' else 'USING INDEX' end
    from pg_catalog.pg_class c
   where o.class = ${classOf("pg_class")} and o.number = 0 and c.oid = o.oid and c.relkind = any (array['r', 'p']::"char"[])
     and c.relreplident <> 'd'
  union all
  select 'SET ' || s.option from (
      select pg_catalog.unnest(c.reloptions) from pg_catalog.pg_class c
       where o.class = ${classOf("pg_class")} and o.number = 0 and c.oid = o.oid
      union all
      select pg_catalog.unnest(f.proconfig) from pg_catalog.pg_proc f
       where o.class = ${classOf("pg_proc")} and f.oid = o.oid) s (option)
  union all
  select 'SECURITY INVOKER' from pg_catalog.pg_proc f
   where o.class = ${classOf("pg_proc")} and f.oid = o.oid and not f.prosecdef and f.prokind <> 'a'
  union all
  select case k.contype when 'c' then 'CHECK ' when 'u' then 'UNIQUE ' when 'p' then 'PRIMARY KEY ' when 'f' then 'FOREIGN KEY ' else 'EXCLUDE ' end
         || k.conname::pg_catalog.text
    from pg_catalog.pg_constraint k
   where o.class = ${classOf("pg_class")} and o.number = 0 and k.conrelid = o.oid and k.conislocal
     and k.contype = any (array['c', 'u', 'p', 'f', 'x']::"char"[])
  union all
  select 'PUBLICATION ' || p.pubname::pg_catalog.text
    from pg_catalog.pg_publication_rel r join pg_catalog.pg_publication p on p.oid = r.prpubid
   where o.class = ${classOf("pg_class")} and o.number = 0 and r.prrelid = o.oid
  union all
  select 'USER MAPPING FOR ' || case when u.umuser = 0::pg_catalog.oid then 'PUBLIC' else u.usename::pg_catalog.text end
    from pg_catalog.pg_user_mappings u where o.class = ${classOf("pg_foreign_server")} and u.srvid = o.oid`;

const COLUMN_RIGHTS = `
  select ${right("x", "a.attname")} as one from pg_catalog.pg_attribute a cross join lateral pg_catalog.aclexplode(a.attacl) x
   where o.class = ${classOf("pg_class")} and a.attrelid = o.oid and a.attnum > 0::pg_catalog.int2 and not a.attisdropped
     and (o.number = 0 or a.attnum::pg_catalog.int4 = o.number) and x.grantee <> coalesce(o.proprietor, 0::pg_catalog.oid)`;

const RELATION_KINDS = `case c.relkind when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' when 'S' then 'SEQUENCE'
  when 'f' then 'FOREIGN TABLE' else 'TABLE' end`;

const KNOWN = withOwnOperators(`
  with o as (
    select ${classOf("pg_class")} as class, c.oid, 0 as number, 'relation' as family, c.relnamespace as home, c.relname as name,
           null::pg_catalog.name as "table", null::pg_catalog.text as types, ${RELATION_KINDS} as kind, '' as behind, c.relowner as proprietor,
           coalesce(c.relacl, pg_catalog.acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)) as acl,
           pg_catalog.pg_table_is_visible(c.oid) as visible
      from pg_catalog.pg_class c
     where c.relname = any (${NAMES}) and c.relkind = any (array['r', 'p', 'v', 'm', 'S', 'f']::"char"[])
    union all
    select ${classOf("pg_class")}, c.oid, a.attnum::pg_catalog.int4, 'column', c.relnamespace, a.attname, c.relname, null, 'COLUMN', '', null, null,
           pg_catalog.pg_table_is_visible(c.oid)
      from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
     where a.attname = any (${NAMES}) and a.attnum > 0::pg_catalog.int2 and not a.attisdropped
       and c.oid >= 16384::pg_catalog.oid and c.relkind = any (array['r', 'p', 'f']::"char"[])
    union all
    select ${classOf("pg_proc")}, p.oid, 0, 'routine', p.pronamespace, p.proname, null,
           (select coalesce(pg_catalog.json_agg(t.typname order by u.at), '[]')::pg_catalog.text
              from pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) with ordinality u (type, at) join pg_catalog.pg_type t on t.oid = u.type),
           case p.prokind when 'p' then 'PROCEDURE' when 'a' then 'AGGREGATE' else 'FUNCTION' end,
           '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')', p.proowner,
           coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)), pg_catalog.pg_function_is_visible(p.oid)
      from pg_catalog.pg_proc p where p.proname = any (${NAMES})
    union all
    select ${classOf("pg_type")}, t.oid, 0, 'type', t.typnamespace, t.typname, null, null,
           case t.typtype when 'd' then 'DOMAIN' else 'TYPE' end, '', t.typowner,
           coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner)), pg_catalog.pg_type_is_visible(t.oid)
      from pg_catalog.pg_type t left join pg_catalog.pg_class c on c.oid = t.typrelid
     where t.typname = any (${NAMES}) and coalesce(c.relkind, 'c') = 'c'
    union all
    select ${classOf("pg_namespace")}, n.oid, 0, 'schema', null, n.nspname, null, null, 'SCHEMA', '', n.nspowner,
           coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner)), true
      from pg_catalog.pg_namespace n where n.nspname = any (${NAMES})
    union all
    select ${classOf("pg_foreign_server")}, s.oid, 0, 'server', null, s.srvname, null, null, 'SERVER', '', s.srvowner,
           coalesce(s.srvacl, pg_catalog.acldefault('S', s.srvowner)), true
      from pg_catalog.pg_foreign_server s where s.srvname = any (${NAMES})
    union all
    select ${classOf("pg_foreign_data_wrapper")}, w.oid, 0, 'wrapper', null, w.fdwname, null, null, 'FOREIGN DATA WRAPPER', '', w.fdwowner,
           coalesce(w.fdwacl, pg_catalog.acldefault('F', w.fdwowner)), true
      from pg_catalog.pg_foreign_data_wrapper w where w.fdwname = any (${NAMES}))
  select o.family, n.nspname as schema, o.name, o."table", o.types, o.kind,
         coalesce(pg_catalog.quote_ident(n.nspname) || '.', '') || coalesce(pg_catalog.quote_ident(o."table") || '.', '') || pg_catalog.quote_ident(o.name) || o.behind as shown,
         case when o.proprietor is not null then pg_catalog.pg_get_userbyid(o.proprietor) end as owner, o.visible as "isVisible",
         (select pg_catalog.json_agg(r.one)::pg_catalog.text from (
            select ${right("x", "null::pg_catalog.text")} as one from pg_catalog.aclexplode(o.acl) x where x.grantee <> o.proprietor
            union all ${COLUMN_RIGHTS}) r) as rights,
         (select pg_catalog.json_agg(p.part)::pg_catalog.text from (${SAID} union all ${PARTS}) p) as parts
    from o left join pg_catalog.pg_namespace n on n.oid = o.home
   where coalesce(n.nspname, '') <> all (array['pg_catalog', 'information_schema', 'pg_toast']::pg_catalog.name[])
   order by o.class, o.oid, o.number`);
