select c.oid::int8 as oid,
       n.nspname::text as schema,
       c.relname::text as name,
       c.relkind::text as kind,
       c.relpages as pages,
       coalesce((select sum(greatest(p.reltuples, 0)) from pg_partition_tree(c.oid) t join pg_class p on p.oid = t.relid), c.reltuples)::int8
         as rows,
       c.reltuples < 0 as uncounted,
       exists (select from pg_inherits where inhparent = c.oid) as has_children,
       row_security_active(c.oid) as is_hidden,
       pg_has_role(c.relowner, 'USAGE') as is_owned,
       (select json_agg(json_build_object(
                 'name', i.relname,
                 'primary', x.indisprimary,
                 'usable', x.indisunique and x.indisvalid and x.indpred is null and x.indexprs is null,
                 'sameDirection', (select count(distinct o & 1) = 1 from unnest(x.indoption) as o),
                 'columns', (select json_agg(json_build_object(
                               'name', a.attname,
                               'type', format_type(a.atttypid, a.atttypmod),
                               'notNull', a.attnotnull and not exists (
                                  select from pg_constraint k
                                   where k.conrelid = c.oid and k.contype = 'n' and k.conkey = array[a.attnum] and not k.convalidated))
                               order by ord)
                              from unnest(x.indkey) with ordinality as u(attnum, ord)
                              join pg_attribute a on a.attrelid = c.oid and a.attnum = u.attnum
                             where ord <= x.indnkeyatts))
               order by x.indisprimary desc, i.relname)
          from pg_index x join pg_class i on i.oid = x.indexrelid
         where x.indrelid = c.oid) as indexes,
       (select json_agg(a.attname)
          from pg_partitioned_table p, unnest(p.partattrs) as part(attnum)
          join pg_attribute a on a.attnum = part.attnum and a.attrelid = $3::int8::oid
         where p.partrelid = $3::int8::oid) as partition_key,
       (select json_agg(json_build_object('name', g.tgname, 'columns',
                 (select json_agg(a.attname) from pg_attribute a where a.attrelid = g.tgrelid and a.attnum = any (g.tgattr)))
                 order by g.tgname)
          from pg_trigger g
         where g.tgrelid = $3::int8::oid and not g.tgisinternal and g.tgenabled in ('O', 'A') and g.tgtype & 16 = 16
           and g.tgname !~ '^~') as triggers,
       exists (select from pg_subscription_rel r where r.srrelid = $3::int8::oid) as is_subscribed,
       (select min(g.tgname) from pg_trigger g
         where g.tgrelid = $3::int8::oid and not g.tgisinternal and g.tgenabled = 'O' and g.tgname ~ '^~') as sync_trigger,
       (select json_agg(json_build_object('name', k.conname, 'columns',
                 (select json_agg(a.attname) from pg_attribute a where a.attrelid = k.conrelid and a.attnum = any (k.conkey)),
                 'incoming', k.confrelid = $3::int8::oid))
          from pg_constraint k
         where k.contype = 'f' and (k.conrelid = $3::int8::oid or k.confrelid = $3::int8::oid)) as foreign_keys,
       (select json_agg(distinct json_build_object('schema', f.pronamespace::regnamespace::text, 'name', f.proname,
                 'volatility', f.provolatile, 'kind', f.prokind)::jsonb)
          from pg_proc f
         where f.proname = any (select json_array_elements_text($2::text::json))) as functions
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.oid = $1::int8::oid
