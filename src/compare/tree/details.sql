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
  select col.kind, col.nspname, col.relname, col.attname, 'NOT NULL of an inherited column', 'NOT NULL',
         format('ALTER TABLE ONLY %s ALTER COLUMN %I SET NOT NULL', col.sqlname, col.attname)
    from col join pg_inherits h on h.inhrelid = col.attrelid
     and h.inhseqno = (select min(f.inhseqno) from pg_catalog.pg_inherits f where f.inhrelid = col.attrelid)
    join pg_attribute p on p.attrelid = h.inhparent and p.attname = col.attname
   where col.attnotnull and not p.attnotnull
  union all
  select rel.kind, nspname, relname, null, 'tablespace', spcname, null
    from rel join pg_tablespace s on s.oid = reltablespace
  union all
  select kind, nspname, relname, null, 'rows to begin with', 'none', null
    from rel where relkind = 'm' and not relispopulated
)
select kind, schema::text, name::text, part::text, property, value, statement from detail order by 1, 2, 3, 4, 5, 6
