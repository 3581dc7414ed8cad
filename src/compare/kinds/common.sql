-- Queries that those of the kinds share. With search_path = pg_catalog, so that every other name is written with its schema.
-- Objects of extensions and of the system (whose oids are below 16384) are left out.
member as (select classid, objid from pg_depend where refclassid = 'pg_extension'::regclass and deptype = 'e'),
internal as (select classid, objid from pg_depend where deptype = 'i'),
relation as (
  select c.oid, c.relkind, c.relname, n.nspname, c.relam, c.reloptions
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.oid >= 16384 and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and not exists (select from member where classid = 'pg_class'::regclass and objid = c.oid)
),
-- Columns with something that most columns do not have; nearly always none.
remarkable as (
  select r.oid as relation, r.relkind, r.nspname, r.relname, a.*, typstorage
    from relation r join pg_attribute a on a.attrelid = r.oid and attnum > 0 and not attisdropped
    left join pg_type t on t.oid = atttypid
   where attstorage <> typstorage or attcompression <> '' or coalesce(attstattarget, -1) <> -1 or attoptions is not null
      or attfdwoptions is not null or attacl is not null or attgenerated = 'v' or attinhcount > 0
),
-- Indexes and sequences with a comment, or options here or on the index that they come from: the index of a constraint,
-- whose definition does not show it, the sequence of an identity, and an index that a partition has from one of its table.
described as materialized (
  select few.oid, few.relkind, few.relname, few.nspname, few.relam, few.reloptions, description, inhparent, usual, t.oid as owning,
         case few.relkind when 'S' then array[few.nspname, few.relname] else array[t.nspname, t.relname, few.relname] end as path
    -- PostgreSQL expects one row of each part, so the few are found before anything is looked for beside them.
    from (select r.*, description, inhparent, p.reloptions as usual, coalesce(i.indrelid, d.refobjid) as owner_relation
            from relation r left join pg_description c on c.objoid = r.oid and c.classoid = 'pg_class'::regclass and c.objsubid = 0
            left join pg_inherits on inhrelid = r.oid left join pg_class p on p.oid = inhparent
            left join pg_index i on i.indexrelid = r.oid
            left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype = 'i'
           where r.relkind in ('i', 'I', 'S') and coalesce(description, r.reloptions::text, p.reloptions::text) is not null
             and (d.objid is not null or inhparent is not null)
          offset 0) as few
    join relation t on t.oid = few.owner_relation
),
-- Of operator families and classes; left and right are types.
opmember(family, class, payload) as (
  select amopfamily, d.refobjid,
         jsonb_build_object('what', 'OPERATOR', 'number', amopstrategy, 'name', amopopr::regoperator,
                            'types', jsonb_build_array(format_type(amoplefttype, null), format_type(amoprighttype, null)),
                            'sortFamily', case when amopsortfamily <> 0 then format('%I.%I', sn.nspname, sf.opfname) end)
    from pg_amop a left join pg_opfamily sf on sf.oid = amopsortfamily left join pg_namespace sn on sn.oid = sf.opfnamespace
    left join pg_depend d on d.classid = 'pg_amop'::regclass and d.objid = a.oid and d.refclassid = 'pg_opclass'::regclass
   where a.oid >= 16384
  union all
  select amprocfamily, d.refobjid,
         jsonb_build_object('what', 'FUNCTION', 'number', amprocnum, 'name', amproc::oid::regprocedure,
                            'types', jsonb_build_array(format_type(amproclefttype, null), format_type(amprocrighttype, null)),
                            'sortFamily', null)
    from pg_amproc a
    left join pg_depend d on d.classid = 'pg_amproc'::regclass and d.objid = a.oid and d.refclassid = 'pg_opclass'::regclass
   where a.oid >= 16384
)
