-- Removes what is in the schema "public", where nothing else has to go and it is as a new database has it. To drop and
-- make a schema would cost the session its plans of all queries.
do $$
declare
  is_old constant boolean := current_setting('server_version_num')::int < 150000;
  own constant regrole := case when is_old then 'postgres' else 'pg_database_owner' end;
  rights constant text := format(case when is_old then '{%1$s=UC/%1$s,=UC/%1$s}' else '{%1$s=UC/%1$s,=U/%1$s}' end, own);
  pristine constant boolean := not exists (
    select from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
    union all select from pg_namespace where nspname = 'public' and (nspowner <> own
      or obj_description(oid, 'pg_namespace') is distinct from 'standard public schema'
      or nspacl::text <> rights)
    union all select from pg_extension where extname <> 'plpgsql'
    union all select from pg_event_trigger
    union all select from pg_publication
    union all select from pg_foreign_data_wrapper
    union all select from pg_am where oid >= 16384
    union all select from pg_cast where oid >= 16384
    union all select from pg_transform
    union all select from pg_language where oid >= 16384
    union all select from pg_largeobject_metadata
    union all select from pg_default_acl);
  command text;
begin
  if not pristine then
    raise exception using errcode = 'object_not_in_prerequisite_state', message = 'more than the schema "public"';
  end if;
  for command in
    -- DROP AGGREGATE wants the asterisk of count(*), which an identity does not have.
    select format('drop %s if exists %s cascade',
                  case o.type when 'composite type' then 'type' when 'statistics object' then 'statistics' when 'aggregate' then 'routine' else o.type end, o.identity)
      from pg_depend d, pg_identify_object(d.classid, d.objid, d.objsubid) o
     where d.refclassid = 'pg_namespace'::regclass and d.refobjid = 'public'::regnamespace and d.deptype = 'n'
       -- Not what went with something else in the meantime.
       and o.identity is not null
       -- A sequence of an identity, which goes with its table.
       and not exists (select from pg_depend i where i.classid = d.classid and i.objid = d.objid and i.refobjid <> i.objid and i.deptype = 'i')
  loop
    execute command;
  end loop;
end
$$
