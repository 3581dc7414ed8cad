import { lookingInside } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteLiteral, quoteQualified, reportedName } from "#sql/quote.ts";

/** How many sequences one question is about. */
const AT_ONCE = 200;

/** Where a sequence is that gives a column its numbers. */
export interface OwnedSequence {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** The table and the column, as SQL. */
  readonly table: string;
  readonly column: string;
  /** For people. */
  readonly owner: string;
  readonly increment: string;
  /** What it gave out last, or, if it was not called, what it gives out next. */
  readonly last: string;
  readonly isCalled: boolean;
}

/** A sequence whose next numbers its column has already. */
export interface TakenNumbers {
  /** For people, as `owner`. */
  readonly name: string;
  readonly owner: string;
  readonly next: string;
  /** The furthest value of the column. */
  readonly furthest: string;
}

/** As the open transaction of the session sees them, which stays open; without those that the role may not read. */
export async function ownedSequencesInside(database: Database): Promise<OwnedSequence[]> {
  return await lookingInside(database, async () => {
    const all = await database.query<Omit<OwnedSequence, "last" | "isCalled">>(SEQUENCES);
    const found: OwnedSequence[] = [];
    for (let from = 0; from < all.length; from += AT_ONCE) {
      const some = all.slice(from, from + AT_ONCE);
      const places = await database.query<{ at: number; last: string; called: boolean }>(
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
  });
}

/** Those that give out numbers again that they gave out before. Pure. */
export function setBack(
  before: readonly OwnedSequence[],
  after: readonly OwnedSequence[],
): { readonly was: OwnedSequence; readonly now: OwnedSequence }[] {
  const earlier = new Map(before.map((sequence) => [sequence.oid, sequence]));
  return after.flatMap((now) => {
    const was = earlier.get(now.oid);
    return was !== undefined && isBehind(nextOf(now), nextOf(was), now) ? [{ was, now }] : [];
  });
}

/** Those of them that come to numbers that are in their columns. */
export async function takenNumbersInside(
  database: Database,
  sequences: readonly OwnedSequence[],
): Promise<TakenNumbers[]> {
  if (sequences.length === 0) return [];
  return await lookingInside(database, async () => {
    const found: TakenNumbers[] = [];
    for (const sequence of sequences) {
      const { schema, name, owner, table, column, increment } = sequence;
      const furthest = increment.startsWith("-") ? "min" : "max";
      const [row] = await database.query<{ value: string | null }>(
        `select trunc(${furthest}(${column}))::text as value from ${table}`,
      );
      const next = nextOf(sequence);
      const value = row?.value ?? undefined;
      if (value === undefined || isBehind(BigInt(value), next, sequence)) continue;
      found.push({ name: reportedName(schema, name), owner, next: String(next), furthest: value });
    }
    return found;
  });
}

/** Puts sequences back to where they were, which rolling back a `setval` does not. */
export async function putBackInside(database: Database, sequences: readonly OwnedSequence[]): Promise<void> {
  for (const { schema, name, last, isCalled } of sequences) {
    const sequence = quoteLiteral(quoteQualified(schema, name));
    await database.query(`select pg_catalog.setval(${sequence}, ${last}, ${isCalled})`);
  }
}

function nextOf({ last, isCalled, increment }: OwnedSequence): bigint {
  return BigInt(last) + (isCalled ? BigInt(increment) : 0n);
}

/** Whether a number comes before another one, as a sequence counts. */
function isBehind(one: bigint, other: bigint, { increment }: OwnedSequence): boolean {
  return increment.startsWith("-") ? one > other : one < other;
}

const SEQUENCES = `
  select c.oid::int8::float8 as oid, n.nspname::text as schema, c.relname::text as name,
         format('%I.%I', tn.nspname, t.relname) as "table", quote_ident(a.attname) as "column",
         format('%s.%s.%s', tn.nspname, t.relname, a.attname) as owner, s.seqincrement::text as increment
    from pg_sequence s
    join pg_class c on c.oid = s.seqrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
                    and d.refobjsubid > 0 and d.deptype in ('a', 'i')
    join pg_class t on t.oid = d.refobjid
    join pg_namespace tn on tn.oid = t.relnamespace
    join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
   where a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
     and n.nspname !~ '^pg_(toast|temp)' and not s.seqcycle
     and has_schema_privilege(n.oid, 'usage') and has_schema_privilege(tn.oid, 'usage')
     and case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'select') end
     and has_table_privilege(t.oid, 'select') and not row_security_active(t.oid)
     and not exists (
           select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid in (c.oid, t.oid) and e.deptype = 'e')
   order by n.nspname, c.relname`;
