import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { progressTable } from "#migrate/fill/progress.ts";
import type { SourceCatalogue, SourceTable } from "./catalogue.ts";

/**
 * Columns that something reads: those that pg_depend knows of, which sees into expressions and conditions.
 * @param object the oid of an index or constraint
 */
const columnsOf = (catalogue: string, object: string, table: string): string => `
  (select coalesce(pg_catalog.json_agg(distinct d.refobjsubid), '[]') from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.${catalogue}'::pg_catalog.regclass and d.objid = ${object}
      and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = ${table} and d.refobjsubid > 0)`;

/** One row a table, as `SourceTable`. Before version 15, a generated column itself depends on what its expression reads. */
const READ = `
  with recursive tables as (
    select c.oid, n.nspname::text as schema, c.relname::text as name, c.relkind
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and not exists (select from pg_catalog.pg_depend d
            where d.objid = c.oid and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype = 'e')
  ), domains (oid, at, kind, base, typmod) as (
    select t.oid, t.oid, t.typtype, t.typbasetype, t.typtypmod from pg_catalog.pg_type t where t.typtype = 'd'
    union all
    select d.oid, t.oid, t.typtype, t.typbasetype, case when t.typtype = 'd' and t.typtypmod >= 0 then t.typtypmod else d.typmod end
      from domains d join pg_catalog.pg_type t on t.oid = d.base where d.kind = 'd'
  ), types as (
    select t.oid, b.oid as base, d.typmod from pg_catalog.pg_type t
      left join domains d on d.oid = t.oid and d.kind <> 'd'
      join pg_catalog.pg_type b on b.oid = coalesce(d.at, t.oid)
  )
  select t.oid::pg_catalog.int8::pg_catalog.float8 as oid, t.schema, t.name,
    case t.relkind when 'p' then 'partitioned' else 'table' end as kind,
    (select h.inhparent::pg_catalog.int8::pg_catalog.float8 from pg_catalog.pg_inherits h join pg_catalog.pg_class c on c.oid = h.inhrelid
      where h.inhrelid = t.oid and c.relispartition) as "partitionOf",
    coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
        'number', a.attnum, 'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
        'baseType', e.typname, 'typeSchema', n.nspname, 'isArray', b.typcategory = 'A', 'typeKind', e.typtype,
        'length', case when e.typname in ('varchar', 'bpchar') and greatest(a.atttypmod, y.typmod) > 4
                       then greatest(a.atttypmod, y.typmod) - 4 end,
        'notNull', a.attnotnull or exists (select from domains d join pg_catalog.pg_type q on q.oid = d.at
                                            where d.oid = a.atttypid and q.typnotnull),
        'generated', a.attgenerated <> '',
        'generation', (select pg_catalog.pg_get_expr(x.adbin, x.adrelid) from pg_catalog.pg_attrdef x
            where a.attgenerated <> '' and x.adrelid = a.attrelid and x.adnum = a.attnum),
        'reads', (select coalesce(pg_catalog.json_agg(distinct d.refobjsubid), '[]') from pg_catalog.pg_attrdef x
            join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = a.attrelid and d.refobjsubid > 0
              and (d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.objid = x.oid
                or d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = a.attrelid and d.objsubid = a.attnum)
            where a.attgenerated <> '' and x.adrelid = a.attrelid and x.adnum = a.attnum and d.refobjsubid <> a.attnum), 'isDomain', y.base <> a.atttypid,
        'castType', (select case when m.nspname = 'pg_catalog' then pg_catalog.format_type(a.atttypid, a.atttypmod)
                                 when a.atttypmod < 0 then pg_catalog.format('%I.%I', m.nspname, o.typname) end
            from pg_catalog.pg_type o join pg_catalog.pg_namespace m on m.oid = o.typnamespace where o.oid = a.atttypid),
        'isDeterministic', coalesce((select l.collisdeterministic from pg_catalog.pg_collation l where l.oid = a.attcollation), true),
        'domainChecks', (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', k.conname,
              'expression', pg_catalog.pg_get_expr(k.conbin, 0))), '[]')
            from domains d join pg_catalog.pg_constraint k on k.contypid = d.at and k.contype = 'c'
           where d.oid = a.atttypid)) order by a.attnum)
      from pg_catalog.pg_attribute a join types y on y.oid = a.atttypid
      join pg_catalog.pg_type b on b.oid = y.base
      join pg_catalog.pg_type e on e.oid = case when b.typcategory = 'A' and b.typelem <> 0 then
          (select z.base from types z where z.oid = b.typelem) else b.oid end
      join pg_catalog.pg_namespace n on n.oid = e.typnamespace
     where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
    coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('name', c.relname,
        'columns', (select coalesce(pg_catalog.json_agg(distinct u.at), '[]') from (
            select k.at::pg_catalog.int4 from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality k (at, place)
             where k.at > 0 and k.place <= i.indnkeyatts
            union select d.refobjsubid from pg_catalog.pg_depend d
             where (i.indexprs is not null or i.indpred is not null) and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
               and d.objid = i.indexrelid and d.refobjid = t.oid and d.refobjsubid > 0) u),
        'computed', case when i.indexprs is not null or i.indpred is not null then pg_catalog.json_build_object(
            'keys', (select pg_catalog.json_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k.at, true) order by k.at)
                       from pg_catalog.generate_series(1, i.indnkeyatts) k (at)),
            'condition', pg_catalog.pg_get_expr(i.indpred, i.indrelid)) end,
        'isPrimary', i.indisprimary, 'isPlain', i.indexprs is null and i.indpred is null and i.indisvalid)
        order by i.indisprimary desc, c.relname)
      from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
     where i.indrelid = t.oid and (i.indisunique or i.indisexclusion)), '[]') as unique,
    coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('name', c.relname, 'columns', ${columnsOf("pg_class", "i.indexrelid", "t.oid")},
        'expressions', pg_catalog.concat_ws(', ', pg_catalog.pg_get_expr(i.indexprs, i.indrelid), pg_catalog.pg_get_expr(i.indpred, i.indrelid))) order by c.relname)
      from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
     where i.indrelid = t.oid and (i.indexprs is not null or i.indpred is not null)), '[]') as "indexExpressions",
    coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('name', k.conname, 'columns', ${columnsOf("pg_constraint", "k.oid", "t.oid")},
        'expression', pg_catalog.pg_get_expr(k.conbin, k.conrelid)) order by k.conname)
      from pg_catalog.pg_constraint k where k.conrelid = t.oid and k.contype = 'c' and k.convalidated), '[]') as checks,
    coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('name', k.conname, 'columns', k.conkey,
        'validated', k.convalidated, 'references', k.confrelid::pg_catalog.int8, 'referencedColumns', k.confkey,
        'temporal', coalesce((pg_catalog.to_jsonb(k) ->> 'conperiod')::pg_catalog.bool, false)) order by k.conname)
      from pg_catalog.pg_constraint k
     where k.conrelid = t.oid and k.contype = 'f' and k.conparentid = 0), '[]') as "foreignKeys",
    coalesce((select pg_catalog.json_agg(distinct d.objsubid) from pg_catalog.pg_depend d
      where t.relkind = 'p' and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = t.oid and d.objsubid > 0
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = t.oid and d.refobjsubid = 0
        and d.deptype = 'i'), '[]') as "partitionKey"
  from tables t order by t.schema collate "C", t.name collate "C"`;

/**
 * Reads which tables there are.
 * @param ledgers tables of the tool's own; those of progress, which stand beside them, are left out as well
 */
export async function readSource(
  database: Database,
  ledgers: readonly { readonly schema: string; readonly table: string }[] = [],
): Promise<SourceCatalogue> {
  const tables = await queryCatalogue<SourceTable>(database, READ);
  const isOneOf =
    (own: readonly { readonly schema: string; readonly table: string }[]) =>
    ({ schema, name }: SourceTable): boolean =>
      own.some((one) => one.schema === schema && one.table === name);
  const isOwn = isOneOf([...ledgers, ...ledgers.map(progressTable)]);
  return { tables: tables.filter((table) => !isOwn(table)), ledgers: tables.filter(isOneOf(ledgers)) };
}
