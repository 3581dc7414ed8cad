-- A hash of what decides what a trigger does, and of the rows that say so (oid, xmin): one that was disabled, dropped or
-- replaced for a while is another one, since it may have missed something. pg_get_triggerdef is left out: its text differs between versions.
-- tgtype is made of ROW 1, BEFORE 2, INSERT 4, UPDATE 16 (pg_trigger.h); triggers fire in the order of their names.
select t.tgname::text as name,
       t.tgenabled in ('O', 'A') as enabled,
       md5(concat_ws(' ', t.oid, t.xmin, p.oid, p.xmin, t.tgtype, t.tgattr, encode(t.tgargs, 'hex'), t.tgqual is null, p.pronamespace::regnamespace,
                     p.proname, p.prosecdef, p.proconfig, p.prosrc)) as fingerprint,
       case when l.lanname = 'plpgsql' then p.prosrc end as source,
       (select coalesce(json_agg(b.tgname order by b.tgname::text collate "C"), '[]')
          from pg_trigger b
         where b.tgrelid = t.tgrelid and not b.tgisinternal and b.tgenabled in ('O', 'A')
           and b.tgtype & 3 = 3 and b.tgtype & 20 <> 0 and t.tgtype & 3 = 3
           and b.tgname::text collate "C" > t.tgname::text collate "C") as behind
  from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_language l on l.oid = p.prolang
 where t.tgrelid = $1::int8::oid and not t.tgisinternal
 order by t.tgname
