-- What files have to say about an object and no comparison of catalogues sees, with the statement for it where it has
-- one of its own. Objects of extensions are left out.
with own as materialized (
  select oid, nspname from pg_namespace
   where nspname !~ '^pg_' and nspname <> 'information_schema'
), member as materialized (
  select classid, objid from pg_depend where deptype = 'e'
), rel as materialized (
  select c.*, own.nspname, format('%I.%I', own.nspname, c.relname) as sqlname,
         case c.relkind when 'f' then 'foreignTable' when 'v' then 'view' when 'm' then 'materializedView'
           when 'i' then 'index' when 'I' then 'index' else 'table' end as kind
    from pg_class c join own on own.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'f', 'v', 'm', 'i', 'I')
     and not exists (select from member where classid = 'pg_class'::regclass and objid = c.oid)
), col as materialized (
  select a.*, rel.nspname, rel.relname, rel.kind, rel.sqlname
    from pg_attribute a join rel on rel.oid = a.attrelid
   where a.attnum > 0 and not a.attisdropped and rel.relkind in ('r', 'p', 'f')
), detail (kind, schema, name, part, property, value, statement) as (
  select kind, nspname, relname, null::name, 'order of columns', string_agg(quote_ident(attname), ', ' order by attnum), null
    from col group by 1, 2, 3
  union all
  select kind, nspname, relname, attname, 'options of a foreign column', array_to_string(attfdwoptions, ', '),
         format('ALTER FOREIGN TABLE %s ALTER COLUMN %I OPTIONS (%s)', sqlname, attname,
           (select string_agg(format('ADD %I %L', option_name, option_value), ', ') from pg_options_to_table(attfdwoptions)))
    from col where attfdwoptions is not null
  union all
  select kind, nspname, relname, attname, 'virtual column', attgenerated::text, null
    from col where attgenerated = 'v'
  union all
  select case r.relkind when 'c' then 'type' when 'v' then 'view' else 'materializedView' end, n.nspname, r.relname, a.attname,
         'comment on a column', d.description,
         format('COMMENT ON COLUMN %I.%I.%I IS %L', n.nspname, r.relname, a.attname, d.description)
    from pg_description d join pg_class r on r.oid = d.objoid join own n on n.oid = r.relnamespace
    join pg_attribute a on a.attrelid = r.oid and a.attnum = d.objsubid
   where d.classoid = 'pg_class'::regclass and r.relkind in ('v', 'm', 'c')
     and not exists (select from member where classid = 'pg_class'::regclass and objid = r.oid)
  union all
  select rel.kind, nspname, relname, a.attname, 'grants on a column',
         concat_ws(' ', privilege_type, 'to', case grantee when 0 then 'PUBLIC' else grantee::regrole::text end, case when is_grantable then 'grantable' end),
         format('GRANT %s (%I) ON %s TO %s%s', privilege_type, a.attname, sqlname,
           case grantee when 0 then 'PUBLIC' else grantee::regrole::text end, case when is_grantable then ' WITH GRANT OPTION' end)
    from rel join pg_attribute a on a.attrelid = rel.oid cross join aclexplode(a.attacl)
   where relkind in ('v', 'm', 'f') and not a.attisdropped
  union all
  -- A partition or child may have its own.
  select col.kind, col.nspname, col.relname, col.attname, 'default of an inherited column', coalesce(own.text, 'none'),
         format('ALTER TABLE ONLY %s ALTER COLUMN %I %s', col.sqlname, col.attname, coalesce('SET DEFAULT ' || own.text, 'DROP DEFAULT'))
    from col join pg_inherits h on h.inhrelid = col.attrelid and h.inhseqno = 1
    join pg_attribute p on p.attrelid = h.inhparent and p.attname = col.attname
    cross join lateral (select (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = col.attrelid and adnum = col.attnum) as text) own
    cross join lateral (select (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = p.attrelid and adnum = p.attnum) as text) parent
   where col.attgenerated = '' and own.text is distinct from parent.text
  union all
  select col.kind, col.nspname, col.relname, col.attname, 'NOT NULL of an inherited column', 'NOT NULL',
         format('ALTER TABLE ONLY %s ALTER COLUMN %I SET NOT NULL', col.sqlname, col.attname)
    from col join pg_inherits h on h.inhrelid = col.attrelid and h.inhseqno = 1
    join pg_attribute p on p.attrelid = h.inhparent and p.attname = col.attname
   where col.attnotnull and not p.attnotnull
  union all
  select rel.kind, nspname, relname, null, 'tablespace', spcname, null
    from rel join pg_tablespace s on s.oid = reltablespace
  union all
  select c.kind, c.nspname, c.relname, null, 'further parent', p.sqlname,
         format('ALTER TABLE %s INHERIT %s', c.sqlname, p.sqlname)
    from pg_inherits h join rel c on c.oid = inhrelid join rel p on p.oid = inhparent
   where inhseqno > 1
  union all
  select rel.kind, nspname, rel.relname, null, 'options of its long values', array_to_string(t.reloptions, ', '),
         format('ALTER TABLE %s SET (%s)', sqlname, (select string_agg('toast.' || option, ', ') from unnest(t.reloptions) as option))
    from rel join pg_class t on t.oid = rel.reltoastrelid where t.reloptions is not null
  union all
  select 'index', x.nspname, x.relname, null, 'indexes on partitions',
         format('%s, %s', case when indisvalid then 'complete' else 'incomplete' end, (select count(*) from pg_inherits where inhparent = x.oid)), null
    from pg_index join rel x on x.oid = indexrelid where x.relkind = 'I'
  union all
  select kind, nspname, relname, null, 'rows to begin with', 'none', null
    from rel where relkind = 'm' and not relispopulated
  union all
  select 'type', nspname, typname, null, 'base type', format_type(t.oid, null), null
    from pg_type t join own on own.oid = typnamespace
   where typtype in ('b', 'p') and typelem = 0 and not exists (select from member where classid = 'pg_type'::regclass and objid = t.oid)
)
select kind, schema::text, name::text, part::text, property, value, statement from detail order by 1, 2, 3, 4, 5, 6
