import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, reportedName } from "#sql/quote.ts";
import { isOfUsers } from "./schemas-of-users.ts";

/** Where a sequence stands; the value is too large for a number. */
export interface SequenceState {
  readonly schema: string;
  readonly name: string;
  readonly value: string;
  readonly called: boolean;
}

export interface Sequences {
  readonly states: readonly SequenceState[];
  /** Those that the role may not read, quoted; they begin anew. */
  readonly unreadable: readonly string[];
}

const AT_ONCE = 200;

/** Sequences are outside every snapshot: read after the rows, they are never behind them. */
export async function readSequences(database: Database): Promise<Sequences> {
  const rows = await database.query<{ schema: string; name: string; readable: boolean }>(
    `select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name,
            coalesce(pg_catalog.has_sequence_privilege(c.oid, 'select'), false) as readable
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
      where c.relkind operator(pg_catalog.=) 'S' and c.relpersistence operator(pg_catalog.<>) 't'
        and ${isOfUsers("n")}
        and not exists (select from pg_catalog.pg_depend d where d.objid operator(pg_catalog.=) c.oid
              and d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype operator(pg_catalog.=) 'e')
      order by 1, 2`,
  );
  const readable = rows.filter((row) => row.readable);
  const states: SequenceState[] = [];
  for (let i = 0; i < readable.length; i += AT_ONCE) {
    const some = readable.slice(i, i + AT_ONCE);
    const values = await database.query<{ at: number; value: string; called: boolean }>(
      some
        .map(
          ({ schema, name }, at) =>
            `select ${at} as at, last_value::pg_catalog.text as value, is_called as called from ${quoteQualified(schema, name)}`,
        )
        .join(" union all "),
    );
    for (const { at, value, called } of values) states.push({ ...some[at]!, value, called });
  }
  return {
    states,
    unreadable: rows.filter((row) => !row.readable).map(({ schema, name }) => quoteQualified(schema, name)),
  };
}

/** Sets the sequences of a copy to where they stood. */
export async function setSequences(database: Database, states: readonly SequenceState[]): Promise<void> {
  for (let i = 0; i < states.length; i += AT_ONCE) {
    const calls = states.slice(i, i + AT_ONCE).map(({ schema, name, value, called }) => {
      const sequence = quoteQualified(schema, name).replaceAll("'", "''");
      return `pg_catalog.setval('${sequence}'::pg_catalog.regclass, ${value}, ${called})`;
    });
    await database.execute(`select ${calls.join(", ")}`);
  }
}

/** A sequence that was set beyond numbers that a rule made. */
export interface MovedSequence {
  /** "public.users.id" */
  readonly column: string;
  /** How many numbers it has left. */
  readonly left: number;
}

/** A column whose sequence has not come to its numbers yet. */
interface Behind {
  readonly schema: string;
  readonly name: string;
  readonly column: string;
  readonly isReplaced: boolean;
  readonly largest: string;
}

/**
 * Sets sequences beyond the numbers that rules made in their columns: the next row would get one that is taken.
 * @param isReplaced whether a rule makes the values of a column; of a partitioned table, those of a partition
 * @returns these, and columns that are kept and were ahead of their sequence on the source: rows were written with numbers of their own
 */
export async function moveSequences(
  database: Database,
  isReplaced: (schema: string, table: string, column: string) => boolean,
): Promise<{ readonly moved: readonly MovedSequence[]; readonly behind: readonly string[] }> {
  const all = await readBehind(database, isReplaced);
  const left = new Map<Behind, number>();
  // Of columns that share a sequence, the one with the largest number decides.
  const replaced = all
    .filter((one) => one.isReplaced)
    .toSorted((a, b) => (BigInt(a.largest) < BigInt(b.largest) ? -1 : 1));
  for (const one of replaced) {
    const { schema, name, largest } = one;
    const sequence = quoteLiteral(quoteQualified(schema, name));
    const [row] = await database.query<{ left: number }>(
      `select pg_catalog.div((q.seqmax operator(pg_catalog.-) pg_catalog.setval(q.seqrelid::pg_catalog.regclass, least(q.seqmax, ${largest}::pg_catalog.int8))::pg_catalog.numeric),
              q.seqincrement::pg_catalog.numeric)::pg_catalog.float8 as left
         from pg_catalog.pg_sequence q where q.seqrelid operator(pg_catalog.=) ${sequence}::pg_catalog.regclass`,
    );
    left.set(one, row?.left ?? 0);
  }
  const moved = all.filter((one) => one.isReplaced).map((one) => ({ column: one.column, left: left.get(one) ?? 0 }));
  return { moved, behind: all.flatMap((one) => (one.isReplaced ? [] : [one.column])) };
}

/**
 * Columns of numbers and the sequences that they are filled from: their own, or one that their default names. A partition is filled as
 * its table is, whatever it says itself. A default may name a sequence by a text, which nothing depends on.
 */
const USED = `
  with used (sequence, relation, name) as (
    select d.objid, d.refobjid, a.attname from pg_catalog.pg_depend d
      join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) d.refobjid and a.attnum operator(pg_catalog.=) d.refobjsubid
     where d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype operator(pg_catalog.=) any ('{a,i}')
    union
    select s.oid, f.adrelid, a.attname from pg_catalog.pg_attrdef f
      join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) f.adrelid and a.attnum operator(pg_catalog.=) f.adnum
      cross join lateral (
        select d.refobjid from pg_catalog.pg_depend d
         where d.classid operator(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.objid operator(pg_catalog.=) f.oid
           and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        union all
        select pg_catalog.to_regclass(pg_catalog.substring(pg_catalog.pg_get_expr(f.adbin, f.adrelid), $$nextval\\(\\(?'([^']+)'$$))::pg_catalog.oid) s (oid)
     where a.attgenerated operator(pg_catalog.=) ''
  )
  select distinct sn.nspname::pg_catalog.text as schema, s.relname::pg_catalog.text as name, tn.nspname::pg_catalog.text as table_schema,
         t.relname::pg_catalog.text as "table", a.attname::pg_catalog.text as "column",
         pn.nspname::pg_catalog.text as part_schema, p.relname::pg_catalog.text as part
    from used u
    join pg_catalog.pg_class s on s.oid operator(pg_catalog.=) u.sequence and s.relkind operator(pg_catalog.=) 'S'
    join pg_catalog.pg_namespace sn on sn.oid operator(pg_catalog.=) s.relnamespace
    join pg_catalog.pg_class r on r.oid operator(pg_catalog.=) u.relation and r.relkind operator(pg_catalog.=) any ('{r,p}')
    join pg_catalog.pg_class t on t.oid operator(pg_catalog.=) case when r.relispartition then pg_catalog.pg_partition_root(r.oid)::pg_catalog.oid else r.oid end
    join pg_catalog.pg_namespace tn on tn.oid operator(pg_catalog.=) t.relnamespace
    join pg_catalog.pg_class p on p.oid operator(pg_catalog.=) coalesce((select l.relid::pg_catalog.oid
           from pg_catalog.pg_partition_tree(t.oid::pg_catalog.regclass) l where l.isleaf limit 1), t.oid)
    join pg_catalog.pg_namespace pn on pn.oid operator(pg_catalog.=) p.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) t.oid and a.attname operator(pg_catalog.=) u.name
    join pg_catalog.pg_sequence q on q.seqrelid operator(pg_catalog.=) s.oid and q.seqincrement operator(pg_catalog.>) 0
   where a.atttypid operator(pg_catalog.=) any ('{int2,int4,int8}'::pg_catalog.regtype[])
     and ${isOfUsers("tn")}
   order by 1, 2, 3, 4, 5`;

async function readBehind(
  database: Database,
  isReplaced: (schema: string, table: string, column: string) => boolean,
): Promise<Behind[]> {
  const used = await database.query<{
    schema: string;
    name: string;
    table_schema: string;
    table: string;
    column: string;
    part_schema: string;
    part: string;
  }>(USED);
  const behind: Behind[] = [];
  for (const { schema, name, table_schema: tableSchema, table, column, part_schema: partSchema, part } of used) {
    const [row] = await database.query<{ largest: string }>(
      `select m.n::pg_catalog.text as largest
         from (select pg_catalog.max(${quoteIdentifier(column)}) as n from ${quoteQualified(tableSchema, table)}) m
        where m.n operator(pg_catalog.>) (select last_value from ${quoteQualified(schema, name)})`,
    );
    if (row === undefined) continue;
    const shown = reportedName(tableSchema, table, column);
    behind.push({ schema, name, column: shown, isReplaced: isReplaced(partSchema, part, column), ...row });
  }
  return behind;
}
