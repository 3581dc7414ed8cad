-- What pg-delta reads no facts of, object by object: its kind in PostgreSQL's words, its name as a path, the table it
-- belongs to and goes with, a text that says everything about it, and its owner if it has one of its own. Runs with
-- search_path = pg_catalog, so that every other name in the texts is qualified. Objects of extensions and of the system
-- (whose oids are below 16384) are left out.
with
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
      or attfdwoptions is not null or attacl is not null or attgenerated = 'v' or not attislocal
),
-- Indexes and sequences with a comment, or options here or on the index that they come from.
described as materialized (
  select r.*, description, inhparent, p.reloptions as usual
    from relation r left join pg_description d on d.objoid = r.oid and classoid = 'pg_class'::regclass and objsubid = 0
    left join pg_inherits on inhrelid = r.oid left join pg_class p on p.oid = inhparent
   where r.relkind in ('i', 'I', 'S') and coalesce(description, r.reloptions::text, p.reloptions::text) is not null
),
opmember(family, class, definition) as (
  select amopfamily, d.refobjid,
         format('OPERATOR %s %s', amopstrategy, amopopr::regoperator)
         || case when amopsortfamily <> 0 then ' FOR ORDER BY ' || format('%I.%I', sn.nspname, sf.opfname) else '' end
    from pg_amop a left join pg_opfamily sf on sf.oid = amopsortfamily left join pg_namespace sn on sn.oid = sf.opfnamespace
    left join pg_depend d on d.classid = 'pg_amop'::regclass and d.objid = a.oid and d.refclassid = 'pg_opclass'::regclass
   where a.oid >= 16384
  union all
  select amprocfamily, d.refobjid,
         format('FUNCTION %s (%s, %s) %s', amprocnum, format_type(amproclefttype, null),
                format_type(amprocrighttype, null), amproc::oid::regprocedure)
    from pg_amproc a
    left join pg_depend d on d.classid = 'pg_amproc'::regclass and d.objid = a.oid and d.refclassid = 'pg_opclass'::regclass
   where a.oid >= 16384
),
object(kind, path, relation, classid, oid, definition) as (
  select 'cast', array[format_type(castsource, null) || ' AS ' || format_type(casttarget, null)], null::oid,
         'pg_cast'::regclass, oid,
         case castmethod when 'f' then 'WITH FUNCTION ' || castfunc::regprocedure when 'i' then 'WITH INOUT'
                         else 'WITHOUT FUNCTION' end
         || case castcontext when 'a' then ' AS ASSIGNMENT' when 'i' then ' AS IMPLICIT' else '' end
    from pg_cast where oid >= 16384
  union all
  select 'operator',
         array[n.nspname, format('%s(%s, %s)', oprname, case when oprleft = 0 then 'NONE' else format_type(oprleft, null) end,
                                 format_type(oprright, null))], null,
         'pg_operator'::regclass, o.oid,
         concat_ws(', ', 'FUNCTION = ' || oprcode,
                   case when oprcom <> 0 then 'COMMUTATOR = ' || oprcom::regoperator end,
                   case when oprnegate <> 0 then 'NEGATOR = ' || oprnegate::regoperator end,
                   case when oprrest <> 0 then 'RESTRICT = ' || oprrest end,
                   case when oprjoin <> 0 then 'JOIN = ' || oprjoin end,
                   case when oprcanhash then 'HASHES' end, case when oprcanmerge then 'MERGES' end)
    from pg_operator o join pg_namespace n on n.oid = oprnamespace
   -- One that only another's COMMUTATOR or NEGATOR names is not there yet.
   where oprcode <> 0 and o.oid >= 16384
  union all
  -- With the members that go with it; the rest are the family's.
  select 'operator class', array[n.nspname, opcname || ' USING ' || amname], null, 'pg_opclass'::regclass, o.oid,
         concat_ws(' ', case when opcdefault then 'DEFAULT' end, 'FOR TYPE', format_type(opcintype, null), 'USING',
                   quote_ident(amname), 'FAMILY', format('%I.%I', fn.nspname, opfname), 'AS', concat_ws(', ',
                     (select string_agg(m.definition, ', ' order by m.definition) from opmember m where m.class = o.oid),
                     'STORAGE ' || format_type(coalesce(nullif(opckeytype, 0), opcintype), null)))
    from pg_opclass o join pg_namespace n on n.oid = opcnamespace join pg_am am on am.oid = opcmethod
    join pg_opfamily f on f.oid = opcfamily join pg_namespace fn on fn.oid = opfnamespace
   where o.oid >= 16384
  union all
  select 'operator family', array[n.nspname, opfname || ' USING ' || amname], null, 'pg_opfamily'::regclass, f.oid,
         coalesce((select string_agg(m.definition, ', ' order by m.definition) from opmember m
                    where m.family = f.oid and m.class is null), '')
    from pg_opfamily f join pg_namespace n on n.oid = opfnamespace join pg_am am on am.oid = opfmethod
   where f.oid >= 16384
  union all
  select 'text search configuration', array[n.nspname, cfgname], null, 'pg_ts_config'::regclass, c.oid,
         'PARSER = ' || format('%I.%I', pn.nspname, prsname)
         || coalesce((select string_agg(format(', %s = %s', alias, dictionaries), '' order by alias) from (
              select t.alias, string_agg(mapdict::regdictionary::text, ' ' order by mapseqno)
                from pg_ts_config_map join ts_token_type(cfgparser) t on t.tokid = maptokentype
               where mapcfg = c.oid group by t.alias) as mapping(alias, dictionaries)), '')
    from pg_ts_config c join pg_namespace n on n.oid = cfgnamespace
    join pg_ts_parser p on p.oid = cfgparser join pg_namespace pn on pn.oid = prsnamespace
   where c.oid >= 16384
  union all
  select 'text search dictionary', array[n.nspname, dictname], null, 'pg_ts_dict'::regclass, d.oid,
         concat_ws(', ', 'TEMPLATE = ' || format('%I.%I', tn.nspname, tmplname), dictinitoption)
    from pg_ts_dict d join pg_namespace n on n.oid = dictnamespace
    join pg_ts_template t on t.oid = dicttemplate join pg_namespace tn on tn.oid = tmplnamespace
   where d.oid >= 16384
  union all
  select 'text search parser', array[n.nspname, prsname], null, 'pg_ts_parser'::regclass, p.oid,
         concat_ws(', ', 'START = ' || prsstart, 'GETTOKEN = ' || prstoken, 'END = ' || prsend, 'LEXTYPES = ' || prslextype,
                   case when prsheadline <> 0 then 'HEADLINE = ' || prsheadline end)
    from pg_ts_parser p join pg_namespace n on n.oid = prsnamespace
   where p.oid >= 16384
  union all
  select 'text search template', array[n.nspname, tmplname], null, 'pg_ts_template'::regclass, t.oid,
         concat_ws(', ', case when tmplinit <> 0 then 'INIT = ' || tmplinit end, 'LEXIZE = ' || tmpllexize)
    from pg_ts_template t join pg_namespace n on n.oid = tmplnamespace
   where t.oid >= 16384
  union all
  select 'statistics object', array[n.nspname, stxname], stxrelid, 'pg_statistic_ext'::regclass, s.oid,
         pg_get_statisticsobjdef(s.oid) || coalesce(' SET STATISTICS ' || nullif(stxstattarget, -1), '')
    from pg_statistic_ext s join pg_namespace n on n.oid = stxnamespace
  union all
  select 'language', array[lanname], null, 'pg_language'::regclass, oid,
         concat_ws(' ', case when lanpltrusted then 'TRUSTED' end, 'HANDLER ' || lanplcallfoid::regproc,
                   case when laninline <> 0 then 'INLINE ' || laninline::regproc end,
                   case when lanvalidator <> 0 then 'VALIDATOR ' || lanvalidator::regproc end)
    from pg_language where lanispl and oid >= 16384
  union all
  select 'transform', array[format('FOR %s LANGUAGE %s', format_type(trftype, null), lanname)], null,
         'pg_transform'::regclass, t.oid,
         concat_ws(', ', case when trffromsql <> 0 then 'FROM SQL WITH FUNCTION ' || trffromsql::oid::regprocedure end,
                   case when trftosql <> 0 then 'TO SQL WITH FUNCTION ' || trftosql::oid::regprocedure end)
    from pg_transform t join pg_language l on l.oid = trflang
   where t.oid >= 16384
  union all
  select 'conversion', array[n.nspname, conname], null, 'pg_conversion'::regclass, c.oid,
         concat_ws(' ', case when condefault then 'DEFAULT' end, 'FOR', pg_encoding_to_char(conforencoding), 'TO',
                   pg_encoding_to_char(contoencoding), 'FROM', conproc)
    from pg_conversion c join pg_namespace n on n.oid = connamespace
   where c.oid >= 16384
  union all
  select 'access method', array[amname], null, 'pg_am'::regclass, oid,
         'TYPE ' || case amtype when 't' then 'TABLE' else 'INDEX' end || ' HANDLER ' || amhandler
    from pg_am where oid >= 16384
  union all
  select 'storage', array[nspname, relname, attname], relation, null, null,
         case attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'x' then 'EXTENDED' else 'MAIN' end
    from remarkable where relkind in ('r', 'p', 'm') and attstorage <> typstorage
  union all
  select 'compression', array[nspname, relname, attname], relation, null, null,
         case attcompression when 'p' then 'pglz' else 'lz4' end
    from remarkable where relkind in ('r', 'p', 'm') and attcompression <> ''
  union all
  select 'statistics target', array[nspname, relname, attname], relation, null, null, attstattarget::text
    from remarkable where relkind in ('r', 'p', 'm', 'f', 'i', 'I') and coalesce(attstattarget, -1) <> -1
  union all
  select 'column options', array[nspname, relname, attname], relation, null, null,
         (select string_agg(o, ', ' order by o) from unnest(attoptions) o)
    from remarkable where relkind in ('r', 'p', 'm', 'f') and attoptions is not null
  union all
  -- What may be secret is left out, as the planner leaves it out of other options.
  select 'foreign column options', array[nspname, relname, attname], relation, null, null,
         (select string_agg(format('%I %L', option_name, case when option_name ~* 'pass|secret|token'
                   then '__OPTION_' || upper(regexp_replace(option_name, '[^A-Za-z]', '_', 'g')) || '__' else option_value end),
                 ', ' order by option_name)
            from pg_options_to_table(attfdwoptions))
    from remarkable where relkind = 'f' and attfdwoptions is not null
  union all
  select 'not null constraint', array[r.nspname, r.relname, conname], r.oid, null, null,
         pg_get_constraintdef(c.oid)
    from relation r join pg_constraint c on conrelid = r.oid where contype = 'n' and (connoinherit or not convalidated)
  union all
  select 'table access method', array[r.nspname, r.relname], r.oid, null, null, amname
    from relation r join pg_am am on am.oid = r.relam where r.relkind in ('r', 'p', 'm') and amname <> 'heap'
  union all
  select 'table type', array[r.nspname, r.relname], r.oid, null, null, 'OF ' || format_type(reloftype, null)
    from relation r join pg_class c on c.oid = r.oid where reloftype <> 0
  union all
  select 'clustered index', array[r.nspname, r.relname], r.oid, null, null, ic.relname
    from relation r join pg_index i on i.indrelid = r.oid and indisclustered join pg_class ic on ic.oid = indexrelid
  union all
  -- What ALTER TABLE ... DISABLE TRIGGER ALL leaves behind when nobody enables them again.
  select distinct 'foreign key trigger', array[r.nspname, r.relname, conname], r.oid, null::regclass, null::oid,
         case tgenabled when 'D' then 'DISABLED' when 'R' then 'ENABLED ON REPLICA' else 'ENABLED ALWAYS' end
    from relation r join pg_trigger t on tgrelid = r.oid and tgisinternal and tgenabled <> 'O' and tgparentid = 0
    join pg_constraint c on c.oid = tgconstraint
  union all
  select 'generated column', array[nspname, relname, attname], relation, null, null, 'VIRTUAL'
    from remarkable where relkind in ('r', 'p', 'f') and attgenerated = 'v'
  union all
  -- Where a partition or child does not have its parent's.
  select 'default', array[r.nspname, r.relname, a.attname], r.oid, null, null, coalesce(mine.expression, 'none')
    from relation r join pg_inherits i on i.inhrelid = r.oid and inhseqno = 1
    join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped and a.attinhcount > 0 and a.attgenerated = ''
    join pg_attribute pa on pa.attrelid = i.inhparent and pa.attname = a.attname and not pa.attisdropped
    cross join lateral (select (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = a.attrelid and adnum = a.attnum) as expression) as mine
    cross join lateral (select (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = pa.attrelid and adnum = pa.attnum) as expression) as parents
   where r.relkind in ('r', 'p') and mine.expression is distinct from parents.expression
  union all
  select 'default', array[r.nspname, r.relname, attname], r.oid, null, null, pg_get_expr(adbin, adrelid)
    from relation r join pg_attribute a on a.attrelid = r.oid and attnum > 0 join pg_attrdef d on adrelid = r.oid and adnum = attnum
   where r.relkind = 'v'
  union all
  select 'comment', array[r.nspname, r.relname, attname], r.oid, null, null, description
    from relation r join pg_attribute a on a.attrelid = r.oid and attnum > 0 and not attisdropped
    join pg_description d on d.objoid = r.oid and d.classoid = 'pg_class'::regclass and d.objsubid = attnum
   where r.relkind in ('v', 'm', 'c') or not attislocal
  union all
  select 'column grants', array[nspname, relname, attname], relation, null, null,
         (select string_agg(concat_ws(' ', privilege_type, 'TO', case grantee when 0 then 'PUBLIC' else pg_get_userbyid(grantee) end,
                                      case when is_grantable then 'WITH GRANT OPTION' end), ', ' order by privilege_type, grantee)
            from aclexplode(attacl))
    from remarkable where (relkind in ('v', 'm', 'f') or not attislocal) and attacl is not null
  union all
  -- Of an identity, by role. The owner's own rights say nothing.
  select 'sequence grants', array[r.nspname, r.relname, case grantee when 0 then 'PUBLIC' else pg_get_userbyid(grantee) end],
         d.refobjid, null, null,
         string_agg(privilege_type || case when is_grantable then ' WITH GRANT OPTION' else '' end, ', ' order by privilege_type)
    from relation r join pg_class c on c.oid = r.oid cross join aclexplode(c.relacl)
    join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype = 'i' and d.refclassid = 'pg_class'::regclass
   where r.relkind = 'S' and grantee <> c.relowner
   group by r.nspname, r.relname, grantee, d.refobjid
  union all
  -- Of a column that a partition or child has from a parent which does without it.
  select 'not null', array[nspname, relname, attname], relation, null, null, 'NOT NULL'
    from remarkable r
   where not attislocal and attnotnull
     and not exists (select from pg_inherits join pg_attribute pa on pa.attrelid = inhparent and pa.attname = r.attname and pa.attnotnull
                      where inhrelid = r.relation)
  union all
  -- Where a partition's trigger does not have that of the one it comes from.
  select 'trigger state', array[r.nspname, r.relname, t.tgname], r.oid, null, null,
         case t.tgenabled when 'D' then 'DISABLE' when 'R' then 'ENABLE REPLICA' when 'A' then 'ENABLE ALWAYS' else 'ENABLE' end
    from relation r join pg_trigger t on t.tgrelid = r.oid and t.tgconstraint = 0 join pg_trigger pt on pt.oid = t.tgparentid
   where t.tgenabled <> pt.tgenabled
  union all
  select 'toast options', array[r.nspname, r.relname], r.oid, null, null,
         (select string_agg(o, ', ' order by o) from unnest(t.reloptions) o)
    from relation r join pg_class c on c.oid = r.oid join pg_class t on t.oid = c.reltoastrelid
   where t.reloptions is not null
  union all
  -- Of the index of a constraint, whose definition does not show it, of the sequence of an identity, and of an index that
  -- a partition has from one of its table, where it is not as on that one.
  select said.kind, case r.relkind when 'S' then array[r.nspname, r.relname] else array[t.nspname, t.relname, r.relname] end,
         t.oid, null, null, said.definition
    from described r left join pg_index i on i.indexrelid = r.oid
    left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype = 'i'
    join relation t on t.oid = coalesce(i.indrelid, d.refobjid)
    cross join lateral (select (select string_agg(o, ', ' order by o) from unnest(r.reloptions) o) as own,
                               (select string_agg(o, ', ' order by o) from unnest(r.usual) o) as usual) as options
    cross join lateral (values
      ('index options', case when own is distinct from options.usual then coalesce(own, 'none') || coalesce(' instead of ' || options.usual, '') end),
      (case r.relkind when 'S' then 'sequence comment' else 'index comment' end, r.description)
    ) as said(kind, definition)
   where (d.objid is not null or r.inhparent is not null) and said.definition is not null
  union all
  select 'further parents', array[r.nspname, r.relname], r.oid, null, null,
         string_agg(inhparent::regclass::text, ', ' order by inhseqno)
    from relation r join pg_inherits i on i.inhrelid = r.oid where inhseqno > 1 group by r.oid, r.nspname, r.relname
  union all
  -- With the indexes of partitions that it has, made and attached.
  select 'partitioned index', array[r.nspname, r.relname], r.oid, null, null, 'not on all partitions' || coalesce(
         (select string_agg(format(E';\n%s;\nALTER INDEX %I.%I ATTACH PARTITION %s',
                   case when indisvalid then replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') else pg_get_indexdef(indexrelid) end,
                   r.nspname, r.relname, indexrelid::regclass), '' order by indexrelid::regclass::text)
            from pg_inherits join pg_index on indexrelid = inhrelid where inhparent = r.oid), '')
    from relation r join pg_index i on i.indexrelid = r.oid where r.relkind = 'I' and not indisvalid
  union all
  select 'sequence persistence', array[r.nspname, r.relname], r.oid, null, null,
         case c.relpersistence when 'u' then 'UNLOGGED' else 'LOGGED' end
    from relation r join pg_class c on c.oid = r.oid
    left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype in ('a', 'i')
                         and d.refclassid = 'pg_class'::regclass
    left join pg_class o on o.oid = d.refobjid
   -- Before version 15 there were no unlogged ones.
   where r.relkind = 'S' and c.relpersistence <> coalesce(o.relpersistence, 'p')
     and current_setting('server_version_num')::int >= 150000
  union all
  select 'base type', array[n.nspname, typname], null, 'pg_type'::regclass, t.oid,
         case when not typisdefined then 'SHELL' else concat_ws(', ', 'INPUT = ' || typinput, 'OUTPUT = ' || typoutput,
           case when typreceive <> 0 then 'RECEIVE = ' || typreceive end, case when typsend <> 0 then 'SEND = ' || typsend end,
           case when typmodin <> 0 then 'TYPMOD_IN = ' || typmodin end, case when typmodout <> 0 then 'TYPMOD_OUT = ' || typmodout end,
           case when typanalyze <> 0 then 'ANALYZE = ' || typanalyze end, case when typsubscript <> 0 then 'SUBSCRIPT = ' || typsubscript end,
           'INTERNALLENGTH = ' || case typlen when -1 then 'VARIABLE' else typlen::text end, case when typbyval then 'PASSEDBYVALUE' end,
           'ALIGNMENT = ' || case typalign when 'c' then 'char' when 's' then 'int2' when 'i' then 'int4' else 'double' end,
           'STORAGE = ' || case typstorage when 'p' then 'plain' when 'e' then 'external' when 'x' then 'extended' else 'main' end,
           'CATEGORY = ' || quote_literal(typcategory::text), case when typispreferred then 'PREFERRED = true' end,
           'DEFAULT = ' || quote_literal(typdefault), 'ELEMENT = ' || format_type(nullif(typelem, 0), null),
           'DELIMITER = ' || quote_literal(nullif(typdelim::text, ',')), case when typcollation <> 0 then 'COLLATABLE = true' end) end
    from pg_type t join pg_namespace n on n.oid = typnamespace
   where typtype in ('b', 'p') and not exists (select from pg_type e where e.typarray = t.oid) and t.oid >= 16384
  union all
  -- Where one of them is VARIADIC, which is no part of what an aggregate is called.
  select 'aggregate arguments', array[n.nspname, format('%s(%s)', proname,
           (select string_agg(format_type(arg, null), ', ' order by position) from unnest(proargtypes) with ordinality as args(arg, position)))],
         null, null, null, pg_get_function_arguments(p.oid)
    from pg_proc p join pg_namespace n on n.oid = pronamespace
   where prokind = 'a' and provariadic <> 0 and p.oid >= 16384
     and not exists (select from member where classid = 'pg_proc'::regclass and objid = p.oid)
  union all
  select 'dependency on an extension', array[identity, extname], null, null, null, 'DEPENDS ON EXTENSION'
    from pg_depend d join pg_extension e on e.oid = refobjid cross join pg_identify_object(d.classid, d.objid, d.objsubid)
   where refclassid = 'pg_extension'::regclass and deptype = 'x'
  union all
  select 'language grants', array[lanname], null, null, null, coalesce(
         (select string_agg(concat_ws(' ', privilege_type, 'TO', case grantee when 0 then 'PUBLIC' else pg_get_userbyid(grantee) end,
                                      case when is_grantable then 'WITH GRANT OPTION' end), ', ' order by privilege_type, grantee)
            from aclexplode(lanacl) where grantee <> lanowner), '')
    from pg_language
   where exists (select from aclexplode(lanacl) where grantee not in (0, lanowner) or is_grantable)
      or not exists (select from aclexplode(coalesce(lanacl, acldefault('l', lanowner))) where grantee = 0)
  union all
  select 'extension version', array[extname], null, null, null, extversion from pg_extension
)
select o.kind, o.path, r.nspname::text as schema, r.relname::text as table,
       o.definition || coalesce(' COMMENT ' || quote_literal(obj_description(o.oid, o.classid::name)), '') as definition,
       pg_get_userbyid(case o.classid
         when 'pg_operator'::regclass then (select oprowner from pg_operator where oid = o.oid)
         when 'pg_opclass'::regclass then (select opcowner from pg_opclass where oid = o.oid)
         when 'pg_opfamily'::regclass then (select opfowner from pg_opfamily where oid = o.oid)
         when 'pg_ts_config'::regclass then (select cfgowner from pg_ts_config where oid = o.oid)
         when 'pg_ts_dict'::regclass then (select dictowner from pg_ts_dict where oid = o.oid)
         when 'pg_statistic_ext'::regclass then (select stxowner from pg_statistic_ext where oid = o.oid)
         when 'pg_language'::regclass then (select lanowner from pg_language where oid = o.oid)
         when 'pg_conversion'::regclass then (select conowner from pg_conversion where oid = o.oid)
         when 'pg_type'::regclass then (select typowner from pg_type where oid = o.oid)
       end)::text as owner
  from object o left join relation r on r.oid = o.relation
 where o.oid is null or (
   not exists (select from member m where m.classid = o.classid and m.objid = o.oid)
   and not exists (select from internal i where i.classid = o.classid and i.objid = o.oid))
 order by o.kind, o.path
