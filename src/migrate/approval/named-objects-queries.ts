const WANTED = "wanted as materialized (select json_array_elements_text($1::text::json)::name as name)";

/**
 * What has one of the names in a JSON array, as `what`, `code` and `calls`, see `NamedObject`. Objects of extensions among them:
 * their functions can be replaced as well. Those of PostgreSQL itself come with its version. A table is told from another that
 * took its name by its oid. `isOrdinary` is a partition that does nothing of its own and is no larger than another one of its table.
 */
export const FIND = `
with recursive ${WANTED},
named as materialized (
  select c.oid, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relpersistence, c.relowner,
         quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relname in (table wanted) and c.oid >= 16384 and c.relpersistence <> 't'),
referring as (
  select k.oid, k.conrelid from pg_constraint k join named c on c.oid = k.confrelid where k.contype = 'f'
  union
  select k.oid, k.conrelid from pg_constraint k join referring r on r.conrelid = k.confrelid
   where k.contype = 'f' and k.confdeltype in ('c', 'n', 'd')),
below as (
  select i.inhrelid, i.inhparent from pg_inherits i join named c on c.oid = i.inhparent
  union
  select i.inhrelid, i.inhparent from pg_inherits i join below b on b.inhrelid = i.inhparent),
ordinary as (
  select b.inhrelid, b.inhparent
    from below b join pg_class c on c.oid = b.inhrelid join pg_class p on p.oid = b.inhparent
   where p.relkind = 'p' and c.relkind = 'r' and c.relowner = p.relowner and c.relpersistence = p.relpersistence
     and pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' and not c.relrowsecurity and not c.relhasrules
     and not exists (select from pg_policy o where o.polrelid = c.oid)
     and not exists (select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal and t.tgparentid = 0)
     and not exists (select from pg_constraint k where k.conparentid = 0
                       and (k.confrelid = c.oid or k.conrelid = c.oid and k.coninhcount = 0))
     and not exists (select from pg_index i where i.indrelid = c.oid and (i.indisunique or i.indisexclusion)
                       and not exists (select from pg_inherits a where a.inhrelid = i.indexrelid))
     and pg_relation_size(c.oid) <= (select max(pg_relation_size(s.inhrelid)) from below s
                                      where s.inhparent = b.inhparent and s.inhrelid <> b.inhrelid))
select 'SCHEMA ' || quote_ident(nspname) as what, null as code, false as calls, false as "isOrdinary"
  from pg_namespace where nspname in (table wanted) and oid >= 16384
union all
select case relkind when 'v' then 'VIEW ' when 'm' then 'MATERIALIZED VIEW ' when 'S' then 'SEQUENCE ' when 'f' then 'FOREIGN TABLE '
            when 'i' then 'INDEX ' when 'I' then 'INDEX ' when 'c' then 'TYPE ' else 'TABLE ' end || name,
       concat_ws(E'\\n', (select string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull), ', ' order by a.attnum)
          from pg_attribute a where a.attrelid = named.oid and a.attnum > 0 and not a.attisdropped),
         case when relkind in ('r', 'p', 'f', 'm') then concat_ws(' ', oid, relpersistence, relrowsecurity, relforcerowsecurity, case when relrowsecurity then relowner end) end),
       false, false
  from named
union all
select 'query of ' || name, concat_ws(E'\\n', pg_get_viewdef(oid), '-- ' || concat_ws(' ', relowner, reloptions)), true, false
  from named where relkind in ('v', 'm')
union all
select 'DEFAULT of ' || quote_ident(a.attname) || ' of ' || c.name, pg_get_expr(d.adbin, d.adrelid), true, false
  from pg_attrdef d join named c on c.oid = d.adrelid join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
union all
select 'POLICY ' || quote_ident(p.polname) || ' on ' || c.name,
       concat_ws(E'\\n', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
                 '-- ' || concat_ws(' ', p.polcmd, p.polpermissive, p.polroles)), true, false
  from pg_policy p join named c on c.oid = p.polrelid
union all
select distinct 'FOREIGN KEY ' || quote_ident(k.conname) || ' on ' || r.conrelid::regclass, pg_get_constraintdef(k.oid), false, false
  from referring r join pg_constraint k on k.oid = r.oid
 -- Those of partitions go with the one of the table.
 where k.conparentid = 0
union all
select inhrelid::regclass || ' as a part of ' || inhparent::regclass, inhrelid::text, false,
       (inhrelid, inhparent) in (select o.inhrelid, o.inhparent from ordinary o)
  from below
union all
select case p.prokind when 'p' then 'PROCEDURE ' when 'a' then 'AGGREGATE ' else 'FUNCTION ' end
       || quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')',
       concat_ws(E'\\n', case when p.prokind <> 'a' then coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) end,
                 (select concat_ws(' ', a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggmtransfn, a.aggmfinalfn) from pg_aggregate a where a.aggfnoid = p.oid),
                 '-- ' || concat_ws(' ', p.probin, p.prolang, p.prosecdef, case when p.prosecdef then p.proowner end, p.proconfig)),
       true, false
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where p.proname in (table wanted) and p.oid >= 16384
union all
select 'TRIGGER ' || quote_ident(t.tgname) || ' on ' || c.name, pg_get_triggerdef(t.oid) || ' -- ' || t.tgenabled::text, true, false
  from pg_trigger t join named c on c.oid = t.tgrelid
 where not t.tgisinternal
union all
select 'RULE ' || quote_ident(r.rulename) || ' on ' || c.name, pg_get_ruledef(r.oid) || ' -- ' || r.ev_enabled::text, true, false
  from pg_rewrite r join named c on c.oid = r.ev_class
 where r.rulename <> '_RETURN'`;

/**
 * What the types of these names and the tables of these names are made of, whose expressions call functions alone: constraints,
 * indexes that refuse rows or compute something, and casts.
 */
export const FIND_PARTS = `
with recursive ${WANTED},
tables as materialized (
  select c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relname in (table wanted) and c.oid >= 16384 and c.relpersistence <> 't'),
types (oid) as (
  (select t.oid from pg_type t where t.typname in (table wanted)
   union all
   select a.atttypid from pg_attribute a join tables c on c.oid = a.attrelid where a.attnum > 0 and not a.attisdropped)
  union
  select o.oid from types y join pg_type t on t.oid = y.oid
   cross join lateral (select t.typbasetype as oid union all select t.typelem union all
                       select a.atttypid from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) o
   where o.oid <> 0),
named as materialized (
  select t.*, quote_ident(n.nspname) || '.' || quote_ident(t.typname) as name
    from types y join pg_type t on t.oid = y.oid join pg_namespace n on n.oid = t.typnamespace
   where t.oid >= 16384 and t.typtype in ('d', 'e', 'r'))
select 'TYPE ' || t.name as what,
       concat_ws(E'\\n', (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
         (select format_type(r.rngsubtype, null) from pg_range r where r.rngtypid = t.oid),
         case t.typtype when 'd' then concat_ws(' ', format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault) end) as code
  from named t
union all
select 'CHECK ' || quote_ident(k.conname) || ' of DOMAIN ' || t.name, pg_get_constraintdef(k.oid)
  from named t join pg_constraint k on k.contypid = t.oid and k.contype = 'c'
union all
select 'CONSTRAINT ' || quote_ident(k.conname) || ' on ' || c.name, pg_get_constraintdef(k.oid)
  from tables c join pg_constraint k on k.conrelid = c.oid and k.contype in ('c', 'p', 'u', 'x')
union all
select 'INDEX ' || quote_ident(x.relname) || ' on ' || c.name, pg_get_indexdef(i.indexrelid)
  from tables c join pg_index i on i.indrelid = c.oid join pg_class x on x.oid = i.indexrelid
 where (i.indisunique or i.indexprs is not null or i.indpred is not null)
   and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
union all
select 'CAST (' || format_type(k.castsource, null) || ' AS ' || format_type(k.casttarget, null) || ')',
       concat_ws(' ', k.castfunc::regproc || '()', k.castcontext)
  from pg_cast k where k.oid >= 16384 and (k.castsource in (table types) or k.casttarget in (table types))
union all
select 'ROLE ' || quote_ident(r.rolname), concat_ws(' ', r.rolsuper, r.rolbypassrls) from pg_roles r
 where r.rolname in (table wanted)`;

/** Views, functions, policies and columns that stand in the way of a DROP or another type, since they use what has these names. */
export const IN_THE_WAY = `
with ${WANTED},
start as materialized (
  select 'pg_class'::regclass as classid, c.oid, quote_ident(c.relname) as name from pg_class c where c.relname in (table wanted) and c.oid >= 16384
  union all
  select 'pg_type'::regclass, t.oid, quote_ident(t.typname) from pg_type t where t.typname in (table wanted) and t.oid >= 16384 and t.typtype in ('d', 'e', 'r')
  union all
  select 'pg_proc'::regclass, p.oid, quote_ident(p.proname) from pg_proc p where p.proname in (table wanted) and p.oid >= 16384)
select upper(i.type) || ' ' || i.identity || ', which uses ' || s.name as what,
       string_agg(distinct d.refobjsubid::text, ' ') as code, false as calls
  from start s
  join pg_depend d on d.refclassid = s.classid and d.refobjid = s.oid and d.deptype = 'n'
  left join pg_rewrite w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
  left join pg_policy o on d.classid = 'pg_policy'::regclass and o.oid = d.objid
  left join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
  cross join lateral pg_identify_object(case when w.oid is null then d.classid else 'pg_class'::regclass end, coalesce(w.ev_class, d.objid), 0) i
 where (w.ev_class <> s.oid or o.polrelid <> s.oid or d.classid = 'pg_proc'::regclass
        or s.classid <> 'pg_class'::regclass and c.relkind in ('r', 'p', 'f') and not c.relispartition)
 group by i.type, i.identity, s.name`;

/** They wake for statements that name none of them. */
export const EVENT_TRIGGERS = `
select 'EVENT TRIGGER ' || quote_ident(evtname) as what,
       concat_ws(' ', evtfoid::regproc, '--', evtevent, evtenabled, evttags) as code, true as calls
  from pg_event_trigger`;

/** What depends on the objects of these names, and what the roles of these names own here. */
export const TAKEN_ALONG = `
with recursive ${WANTED},
start as materialized (
  select 'pg_class'::regclass as classid, c.oid, c.relname as name from pg_class c where c.relname in (table wanted) and c.oid >= 16384
  union all
  select 'pg_namespace'::regclass, n.oid, n.nspname from pg_namespace n where n.nspname in (table wanted)
  union all
  select 'pg_type'::regclass, t.oid, t.typname from pg_type t where t.typname in (table wanted) and t.oid >= 16384
  union all
  select 'pg_proc'::regclass, p.oid, p.proname from pg_proc p where p.proname in (table wanted) and p.oid >= 16384),
taken as (
  select s.name, d.classid, d.objid from start s join pg_depend d on d.refclassid = s.classid and d.refobjid = s.oid
  union
  select t.name, d.classid, d.objid from taken t join pg_depend d on d.refclassid = t.classid and d.refobjid = t.objid)
select 'what depends on ' || quote_ident(name) as what,
       string_agg(concat_ws(' ', classid::regclass, objid), ', ' order by classid, objid) as code, false as calls
  from taken group by name
union all
select distinct upper(i.type) || ' ' || i.identity || case d.deptype when 'o' then ', which ' || quote_ident(r.rolname) || ' owns'
         else ', on which ' || quote_ident(r.rolname) || ' has rights' end, d.objid::text, false
  from pg_shdepend d join pg_roles r on r.oid = d.refobjid
 cross join lateral pg_identify_object(d.classid, d.objid, d.objsubid) i
 where d.refclassid = 'pg_authid'::regclass
   and (r.rolname in (table wanted)
        or r.rolname = current_user and exists (select from wanted where name in ('current_role', 'current_user', 'session_user')))
   and d.dbid = (select oid from pg_database where datname = current_database())`;

/**
 * Names of what is meant by ALL, see `meantByAll`: of relations and routines that are neither PostgreSQL's own nor those of the runner,
 * whose ledger has the comment $2. A partition is left out where its table is meant as well.
 */
export const MEANT_BY_ALL = `
with asked as materialized (
  select * from json_to_recordset($1::text::json) as a(relkinds text, routines boolean, schemas json, tablespaces json)),
ledger as materialized (
  select c.oid, c.relnamespace, left(c.relname, 54) || '_progress' as progress from pg_class c
   where c.oid >= 16384 and c.relkind = 'r' and obj_description(c.oid, 'pg_class') = $2),
meant as materialized (
  select c.oid, c.relname as name, c.relispartition
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_tablespace t on t.oid = case c.reltablespace when 0
                              then (select dattablespace from pg_database where datname = current_database()) else c.reltablespace end
   where c.oid >= 16384 and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     and not exists (select from ledger l where l.oid = c.oid or l.relnamespace = c.relnamespace and l.progress = c.relname)
     and exists (select from asked a
                  where strpos(a.relkinds, c.relkind::text) > 0
                    and (a.schemas is null or n.nspname in (select json_array_elements_text(a.schemas)))
                    and (a.tablespaces is null or t.spcname in (select json_array_elements_text(a.tablespaces)))))
select m.name from meant m
 where not (m.relispartition and exists (select from pg_inherits i join meant p on p.oid = i.inhparent where i.inhrelid = m.oid))
union
select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where p.oid >= 16384 and n.nspname !~ '^pg_'
   and exists (select from asked a
                where a.routines and (a.schemas is null or n.nspname in (select json_array_elements_text(a.schemas))))`;
