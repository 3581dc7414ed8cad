import { parseQualifiedName, quoteLiteral } from "#sql/quote.ts";

/** A table that can be filled, as PostgreSQL's catalogue has it. */
export interface TableFacts {
  readonly oid: number;
  /** Quoted where it has to be: `public.users`. */
  readonly name: string;
  readonly hasRows: boolean;
  readonly columns: readonly ColumnFacts[];
  /** Numbers of columns that a primary key, unique or exclusion constraint or unique index is over. */
  readonly uniqueColumns: readonly number[];
  readonly checks: readonly (Check & { readonly columns: readonly number[] })[];
  readonly foreignKeys: readonly {
    readonly columns: readonly number[];
    readonly references: number;
    readonly referencedName: string;
    readonly referencedColumns: readonly string[];
  }[];
  /** Of a partition: which rows it takes, as PostgreSQL writes it. */
  readonly bound: string | null;
  /** Of a partition: the columns of its parent's key. */
  readonly keyColumns: readonly string[];
}

interface Check {
  readonly name: string;
  readonly definition: string;
}

export interface ColumnFacts {
  readonly number: number;
  readonly name: string;
  /** pg_type.typname of the type, or of that under a domain. */
  readonly typeName: string;
  readonly isArray: boolean;
  /** Of varchar(n), char(n) and bit(n) the n; of numeric(p,s) the p. */
  readonly length: number | null;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  readonly identity: boolean;
  readonly generated: boolean;
  /** Of an enum. */
  readonly labels: readonly string[] | null;
  readonly domainChecks: readonly Check[] | null;
}

/** Whether a name, as `TableFacts.name`, is that of a table. Pure. */
export function isTable(shown: string, schema: string, table: string): boolean {
  const name = parseQualifiedName(shown);
  return name?.schema === schema && name.name === table;
}

const QUALIFIED = (n: string, c: string): string =>
  `pg_catalog.quote_ident(${n}.nspname) || '.' || pg_catalog.quote_ident(${c}.relname)`;

/**
 * Tables with storage; the rows of a partitioned one are in its partitions. One row each, as `TableFacts`.
 * @param names only these, as `TableFacts.name`
 */
export function readTables(names?: readonly string[]): string {
  const wanted =
    names === undefined
      ? ""
      : `and ${QUALIFIED("n", "c")} operator(pg_catalog.=) any (array[${names.map(quoteLiteral).join(", ")}]::pg_catalog.text[])`;
  return `
  with tables as (
    select c.oid, c.relname, c.relispartition, c.relpartbound, ${QUALIFIED("n", "c")} as name
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype = 'e')
       ${wanted}
  ), types as (
    select t.oid, b.oid as base, b.typname::text, b.typcategory = 'A' as is_array,
           case when t.typtype = 'd' then t.typnotnull else false end as not_null, t.typtypmod,
           (select pg_catalog.json_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = b.oid) as labels,
           (select pg_catalog.json_agg(pg_catalog.json_build_object('name', k.conname, 'definition', pg_catalog.pg_get_constraintdef(k.oid)))
              from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'c') as checks
      from pg_catalog.pg_type t
      join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then
        (with recursive up (oid, base, kind) as (
           select t.oid, t.typbasetype, t.typtype
           union all
           select u.oid, u.typbasetype, u.typtype from up join pg_catalog.pg_type u on u.oid = up.base and up.kind = 'd')
         select up.oid from up where kind <> 'd' limit 1) else t.oid end
     where t.oid in (select a.atttypid from pg_catalog.pg_attribute a join tables on tables.oid = a.attrelid)
  )
  select t.oid::pg_catalog.int8::pg_catalog.float8 as oid, t.name,
         pg_catalog.pg_relation_size(t.oid) > 0 as "hasRows",
         coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
             'number', a.attnum, 'name', a.attname, 'typeName', y.typname, 'isArray', y.is_array,
             'length', case when y.typname in ('varchar', 'bpchar') and m.mod > 4 then m.mod - 4
                            when y.typname = 'bit' and m.mod > 0 then m.mod
                            when y.typname = 'numeric' and m.mod > 4 then (m.mod - 4) >> 16 end,
             'notNull', a.attnotnull or y.not_null, 'hasDefault', a.atthasdef, 'identity', a.attidentity <> '',
             'generated', a.attgenerated <> '', 'labels', y.labels, 'domainChecks', y.checks) order by a.attnum)
            from pg_catalog.pg_attribute a join types y on y.oid = a.atttypid
            cross join lateral (select case when a.atttypmod >= 0 then a.atttypmod else y.typtypmod end as mod) m
           where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
         coalesce((select pg_catalog.json_agg(distinct k.attnum) from pg_catalog.pg_index i
            cross join lateral pg_catalog.unnest(i.indkey::pg_catalog.int2[]) k (attnum)
           where i.indrelid = t.oid and (i.indisunique or i.indisexclusion) and k.attnum > 0), '[]') as "uniqueColumns",
         coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('name', k.conname, 'columns', coalesce(k.conkey, '{}'),
             'definition', pg_catalog.pg_get_constraintdef(k.oid)))
            from pg_catalog.pg_constraint k where k.conrelid = t.oid and k.contype = 'c'), '[]') as checks,
         coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('columns', k.conkey,
             'references', k.confrelid::pg_catalog.int8, 'referencedName', ${QUALIFIED("rn", "r")},
             'referencedColumns', (select pg_catalog.json_agg(a.attname order by f.at)
                from pg_catalog.unnest(k.confkey) with ordinality f (attnum, at)
                join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = f.attnum)))
            from pg_catalog.pg_constraint k
            join pg_catalog.pg_class r on r.oid = k.confrelid join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
           where k.conrelid = t.oid and k.contype = 'f'), '[]') as "foreignKeys",
         case when t.relispartition then pg_catalog.pg_get_expr(t.relpartbound, t.oid) end as bound,
         coalesce((select pg_catalog.json_agg(a.attname)
            from pg_catalog.pg_inherits h join pg_catalog.pg_partitioned_table p on p.partrelid = h.inhparent
            cross join lateral pg_catalog.unnest(p.partattrs::pg_catalog.int2[]) k (attnum)
            join pg_catalog.pg_attribute a on a.attrelid = h.inhparent and a.attnum = k.attnum
           where h.inhrelid = t.oid and t.relispartition), '[]') as "keyColumns"
    from tables t
   order by t.name`;
}
