import { quoteLiteral, quoteQualified } from "#sql/quote.ts";
import { CATALOGUE_PATH, lookingInside, queryCatalogue } from "./catalogue.ts";
import type { Database } from "./database.ts";

/** How many sequences one question is about. */
const AT_ONCE = 200;

/** Where a sequence is. */
export interface Sequence {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly increment: string;
  /** Whether it begins anew where it has come to its end. */
  readonly cycles: boolean;
  /** Whether the role may set it. */
  readonly settable: boolean;
  /** The columns that get its numbers, by a default, as an identity or as its owner, and whose values can be asked for. */
  readonly columns: readonly NumberedColumn[];
  /** Whether numbers of it go elsewhere as well: to no column that is known, or to one that cannot be asked. */
  readonly goesElsewhere: boolean;
  /** What it gives out first. */
  readonly start: string;
  /** What it gave out last, or, if it was not called, what it gives out next. */
  readonly last: string;
  readonly isCalled: boolean;
}

interface NumberedColumn {
  /** The table and the column, as SQL. */
  readonly table: string;
  readonly column: string;
  /** For people. */
  readonly name: string;
}

/** How its questions are asked. */
type Query = <Row extends object>(sql: string) => Promise<Row[]>;

/** All that the role may read, but for temporary ones and those of extensions. The session is in no transaction. */
export async function sequences(database: Database): Promise<Sequence[]> {
  return await askFor((sql) => queryCatalogue(database, sql));
}

/** The same in an open transaction of the session, which stays open. */
export async function sequencesInside(database: Database): Promise<Sequence[]> {
  return await lookingInside(database, () => askFor((sql) => database.query(sql)));
}

async function askFor(query: Query): Promise<Sequence[]> {
  const all = await query<Omit<Sequence, "last" | "isCalled">>(SEQUENCES);
  const found: Sequence[] = [];
  for (let from = 0; from < all.length; from += AT_ONCE) {
    const some = all.slice(from, from + AT_ONCE);
    const places = await query<{ at: number; last: string; called: boolean }>(
      some
        .map(
          ({ schema, name }, at) =>
            `select ${at} as at, last_value::text as last, is_called as called from ${quoteQualified(schema, name)}`,
        )
        .join(" union all "),
    );
    for (const { at, last, called } of places) found.push({ ...some[at]!, last, isCalled: called });
  }
  return found;
}

/** The number that it gives out next, if its end allows. */
export function nextOf({ last, isCalled, increment }: Pick<Sequence, "last" | "isCalled" | "increment">): bigint {
  return BigInt(last) + (isCalled ? BigInt(increment) : 0n);
}

/** Whether a number comes before another one, as a sequence counts. */
export function isBehind(one: bigint, other: bigint, { increment }: Pick<Sequence, "increment">): boolean {
  return increment.startsWith("-") ? one > other : one < other;
}

/** The query that sets a sequence to where it was. */
export function settingOf({ schema, name, last, isCalled }: Sequence): string {
  return `setval(${quoteLiteral(quoteQualified(schema, name))}, ${last}, ${isCalled})`;
}

/** Sets sequences to where they were, but for one that has come further meanwhile: nobody is given a number twice. */
export async function setForward(database: Database, were: readonly Sequence[]): Promise<void> {
  if (were.length === 0) return;
  const each = were.map((was) => {
    const isLess = was.increment.startsWith("-") ? ">" : "<";
    return `select pg_catalog.${settingOf(was)} from ${quoteQualified(was.schema, was.name)}
             where last_value + case when is_called then ${was.increment}::numeric else 0 end ${isLess} ${nextOf(was)}`;
  });
  await database.execute(`begin; ${CATALOGUE_PATH}; ${each.join("; ")}; commit`);
}

const SEQUENCES = `
  select c.oid::int8::float8 as oid, n.nspname::text as schema, c.relname::text as name,
         s.seqincrement::text as increment, s.seqcycle as cycles,
         case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'update') end as settable,
         s.seqstart::text as start, coalesce(used.columns, '[]') as columns,
         used.columns is null or used.asked < used.all_of_them as "goesElsewhere"
    from pg_sequence s
    join pg_class c on c.oid = s.seqrelid
    join pg_namespace n on n.oid = c.relnamespace
    left join lateral (
           select json_agg(json_build_object('table', format('%I.%I', tn.nspname, t.relname), 'column', quote_ident(a.attname),
                                             'name', format('%s.%s.%s', tn.nspname, t.relname, a.attname))
                           order by t.relispartition, tn.nspname, t.relname, a.attnum) filter (where can.be_asked) as columns,
                  count(*) filter (where can.be_asked) as asked, count(*) as all_of_them
             from (select d.refobjid as relation, d.refobjsubid as at from pg_depend d
                    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
                      and d.refobjsubid > 0 and d.deptype in ('a', 'i')
                    union
                   select f.adrelid, f.adnum from pg_depend d join pg_attrdef f on f.oid = d.objid
                    where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid) u
             join pg_class t on t.oid = u.relation
             join pg_namespace tn on tn.oid = t.relnamespace
             join pg_attribute a on a.attrelid = t.oid and a.attnum = u.at
            cross join lateral (
                   select a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
                          and t.relkind in ('r', 'p') and tn.nspname !~ '^pg_temp'
                          and has_schema_privilege(tn.oid, 'usage') and has_table_privilege(t.oid, 'select')
                          and not row_security_active(t.oid)
                          and not exists (
                                select from pg_depend e
                                 where e.classid = 'pg_class'::regclass and e.objid = t.oid and e.deptype = 'e') as be_asked) can
         ) used on true
   where n.nspname !~ '^pg_(toast|temp)' and has_schema_privilege(n.oid, 'usage')
     and case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'select') end
     and not exists (
           select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
   order by n.nspname, c.relname`;
