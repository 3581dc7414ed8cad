-- Removes everything a user can have made in the database, and brings back the schema "public" as a new
-- database has it. Runs inside the build's transaction: should the build fail, nothing is gone.
do $confiture$
declare
  command text;
begin
  perform set_config('search_path', 'pg_catalog, pg_temp', true);
  for command in
    select format('drop event trigger if exists %I cascade', evtname) from pg_event_trigger
    union all
    select format('drop publication if exists %I', pubname) from pg_publication
    union all
    select format('drop extension if exists %I cascade', extname) from pg_extension where extname <> 'plpgsql'
    union all
    select format('drop foreign data wrapper if exists %I cascade', fdwname) from pg_foreign_data_wrapper
    union all
    select format('drop schema if exists %I cascade', nspname)
      from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
    union all
    select format('drop language if exists %I cascade', lanname)
      from pg_language where lanname not in ('internal', 'c', 'sql', 'plpgsql')
    union all
    select format('select lo_unlink(%s)', oid) from pg_largeobject_metadata
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
