-- What objects of the kinds depend on, and what depends on them: a row for each, with the other one's name as engine/object-id.ts
-- has it, or as one of the kinds. Behind the queries of read.ts. Of the system's own objects (below 16384) nothing is said.
own as (select kind, path, classid, oid from counted where oid is not null),
-- Operators and functions of a class or family depend on it, and it on what they are.
speaking as (
  select kind, path, classid, oid from own
  union all
  select kind, path, d.classid, d.objid from own join pg_depend d on d.refclassid = own.classid and d.refobjid = own.oid
   where d.classid in ('pg_amop'::regclass, 'pg_amproc'::regclass)
),
link as (
  select kind, path, true as needs, refclassid as classid, refobjid as oid, refobjsubid as part
    from speaking join pg_depend d using (classid) where objid = oid and deptype in ('n', 'a')
  union
  select kind, path, false, d.classid, objid, objsubid
    from own join pg_depend d on refclassid = own.classid and refobjid = own.oid
   where deptype in ('n', 'a') and d.classid not in ('pg_amop'::regclass, 'pg_amproc'::regclass)
),
named as (
  select l.kind, l.path, l.needs, case l.classid
      when 'pg_class'::regclass then (
        select case when l.part > 0 and relkind in ('r', 'p', 'f') then
                 jsonb_build_object('kind', 'column', 'schema', nspname, 'table', relname, 'name', attname)
               when con.oid is not null then
                 jsonb_build_object('kind', 'constraint', 'schema', nspname, 'table', (select relname from pg_class where oid = conrelid), 'name', conname)
               else jsonb_build_object('schema', nspname, 'name', relname, 'kind',
                      case relkind when 'v' then 'view' when 'm' then 'materializedView' when 'f' then 'foreignTable' when 'i' then 'index'
                        when 'I' then 'index' when 'S' then 'sequence' when 'c' then 'type' else 'table' end) end
          from pg_class c join pg_namespace n on n.oid = relnamespace
          left join pg_attribute on attrelid = c.oid and attnum = l.part
          left join pg_constraint con on conindid = c.oid and contype in ('p', 'u', 'x') where c.oid = l.oid)
      when 'pg_proc'::regclass then (
        select jsonb_build_object('kind', case prokind when 'a' then 'aggregate' when 'p' then 'procedure' else 'function' end,
                 'schema', nspname, 'name', proname,
                 'args', array(select format_type(t, null) from unnest(proargtypes) with ordinality as arg(t, nth) order by nth))
          from pg_proc p join pg_namespace n on n.oid = pronamespace where p.oid = l.oid)
      when 'pg_type'::regclass then (
        select case when relkind <> 'c' then jsonb_build_object('schema', cn.nspname, 'name', relname, 'kind',
                      case relkind when 'v' then 'view' when 'm' then 'materializedView' when 'f' then 'foreignTable' else 'table' end)
               else jsonb_build_object('kind', case e.typtype when 'd' then 'domain' else 'type' end, 'schema', n.nspname, 'name', e.typname) end
          from pg_type t join pg_type e on e.oid = case when t.typcategory = 'A' and t.typelem <> 0 then t.typelem else t.oid end
          join pg_namespace n on n.oid = e.typnamespace
          left join pg_class c on c.oid = e.typrelid left join pg_namespace cn on cn.oid = relnamespace where t.oid = l.oid)
      when 'pg_namespace'::regclass then (select jsonb_build_object('kind', 'schema', 'name', nspname) from pg_namespace where oid = l.oid)
      when 'pg_collation'::regclass then (
        select jsonb_build_object('kind', 'collation', 'schema', nspname, 'name', collname)
          from pg_collation c join pg_namespace n on n.oid = collnamespace where c.oid = l.oid)
      when 'pg_constraint'::regclass then (
        select jsonb_build_object('kind', 'constraint', 'schema', nspname, 'table', coalesce(relname, typname), 'name', conname)
          from pg_constraint c left join pg_class r on r.oid = conrelid left join pg_type t on t.oid = contypid
          join pg_namespace n on n.oid = coalesce(relnamespace, typnamespace) where c.oid = l.oid)
      when 'pg_attrdef'::regclass then (
        select jsonb_build_object('kind', case when attgenerated = '' then 'default' else 'column' end, 'schema', nspname, 'table', relname, 'name', attname)
          from pg_attrdef d join pg_class c on c.oid = adrelid join pg_namespace n on n.oid = relnamespace
          join pg_attribute on attrelid = adrelid and attnum = adnum where d.oid = l.oid)
      when 'pg_rewrite'::regclass then (
        select case when rulename = '_RETURN' then
                 jsonb_build_object('kind', case relkind when 'm' then 'materializedView' else 'view' end, 'schema', nspname, 'name', relname)
               else jsonb_build_object('kind', 'rule', 'schema', nspname, 'table', relname, 'name', rulename) end
          from pg_rewrite r join pg_class c on c.oid = ev_class join pg_namespace n on n.oid = relnamespace where r.oid = l.oid)
      when 'pg_policy'::regclass then (
        select jsonb_build_object('kind', 'policy', 'schema', nspname, 'table', relname, 'name', polname)
          from pg_policy p join pg_class c on c.oid = polrelid join pg_namespace n on n.oid = relnamespace where p.oid = l.oid)
      when 'pg_trigger'::regclass then (
        select jsonb_build_object('kind', 'trigger', 'schema', nspname, 'table', relname, 'name', tgname)
          from pg_trigger t join pg_class c on c.oid = tgrelid join pg_namespace n on n.oid = relnamespace where t.oid = l.oid and not tgisinternal)
      end as id,
      (select jsonb_build_object('kind', 'extension', 'name', extname) from pg_depend d join pg_extension e on e.oid = d.refobjid
        where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and d.classid = l.classid and d.objid = l.oid) as extension,
      (select jsonb_build_object('kind', o.kind, 'path', o.path) from own o
        where o.classid = l.classid and o.oid = l.oid and o.classid <> 'pg_type'::regclass) as other
    from link l where l.oid >= 16384 or l.classid = 'pg_namespace'::regclass
)
select kind, path, needs, coalesce(extension, id) as id, other
  from named where coalesce(extension, id, other) is not null
 order by kind collate "C", path collate "C", needs, coalesce(extension, id, other)::text collate "C"
