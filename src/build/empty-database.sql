-- Removes everything a user can have made in the database, and brings back the schema "public" as a new
-- database has it. Runs inside the build's transaction: should the build fail, nothing is gone.
do $confiture$
declare
  command text;
  first_user_oid constant oid := 16384;
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  for command in
    with object_kinds (kind, objects, of_public) as (
      values ('r'::"char", 'tables', null), ('S', 'sequences', null), ('f', 'routines', 'execute'),
        ('T', 'types', 'usage'), ('n', 'schemas', null), ('L', 'large objects', null)
    )
    select format('drop event trigger if exists %I cascade', evtname) from pg_event_trigger
    union all
    select format('drop publication if exists %I', pubname) from pg_publication
    union all
    select format('drop extension if exists %I cascade', extname) from pg_extension where extname <> 'plpgsql'
    union all
    select format('drop foreign data wrapper if exists %I cascade', fdwname) from pg_foreign_data_wrapper
    union all
    select format('drop access method if exists %I cascade', amname) from pg_am where oid >= first_user_oid
    union all
    select format('drop cast if exists (%s as %s) cascade', s.oid::regtype, t.oid::regtype)
      from pg_cast c join pg_type s on s.oid = c.castsource join pg_type t on t.oid = c.casttarget
      where c.oid >= first_user_oid and s.oid < first_user_oid and t.oid < first_user_oid
    union all
    select format('drop transform if exists for %s language %I', t.oid::regtype, l.lanname)
      from pg_transform f join pg_type t on t.oid = f.trftype join pg_language l on l.oid = f.trflang
      where f.oid >= first_user_oid
    union all
    select format('drop schema if exists %I cascade', nspname)
      from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
    union all
    select format('drop language if exists %I cascade', lanname)
      from pg_language where lanname not in ('internal', 'c', 'sql', 'plpgsql')
    union all
    select format('select lo_unlink(%s)', oid) from pg_largeobject_metadata
    union all
    -- Default privileges of no schema: back to PostgreSQL's own, which makes the entry go.
    select format('alter default privileges for role %I revoke all on %s from %s', r.rolname, k.objects, g.grantee)
      from pg_default_acl d
      join pg_roles r on r.oid = d.defaclrole
      join object_kinds k on k.kind = d.defaclobjtype
      cross join lateral (
        select distinct case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
          from aclexplode(d.defaclacl) a
      ) g
      where d.defaclnamespace = 0 and pg_has_role(d.defaclrole, 'member')
    union all
    select format('alter default privileges for role %I grant %s on %s to %s', r.rolname, g.rights, k.objects, g.grantee)
      from pg_default_acl d
      join pg_roles r on r.oid = d.defaclrole
      join object_kinds k on k.kind = d.defaclobjtype
      cross join lateral (values (quote_ident(r.rolname), 'all'), ('public', k.of_public)) g (grantee, rights)
      where d.defaclnamespace = 0 and g.rights is not null and pg_has_role(d.defaclrole, 'member')
  loop
    execute command;
  end loop;
  create schema public;
  comment on schema public is 'standard public schema';
  grant usage on schema public to public;
  if current_setting('server_version_num')::int < 150000 then
    grant create on schema public to public;
  else
    begin
      alter schema public owner to pg_database_owner;
    exception when insufficient_privilege then
      null; -- The role does not own the database, so it keeps the schema it made.
    end;
  end if;
end
$confiture$;
reset search_path
