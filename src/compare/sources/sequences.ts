import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteQualified } from "#sql/quote.ts";

/** Where a sequence is that is not where it began. */
export interface SequencePlace {
  readonly schema: string;
  readonly name: string;
  readonly last: string;
  /** Whether `last` was given out; otherwise it is the next. */
  readonly isCalled: boolean;
  readonly increment: string;
}

interface Sequence {
  readonly schema: string;
  readonly name: string;
  readonly start: string;
  readonly increment: string;
}

/** So many are asked at a time. */
const AT_ONCE = 200;

/** Where the sequences are that are not where they began, in the order of their names; without those that may not be read. */
export async function readSequences(database: Database): Promise<SequencePlace[]> {
  const all = await queryCatalogue<Sequence>(database, SEQUENCES);
  const found: SequencePlace[] = [];
  for (let from = 0; from < all.length; from += AT_ONCE) {
    const some = all.slice(from, from + AT_ONCE);
    // pg_sequences does not tell where one begins that was restarted.
    const places = await queryCatalogue<{ at: number; last: string; called: boolean }>(
      database,
      some
        .map(
          ({ schema, name }, at) =>
            `select ${at} as at, last_value::text as last, is_called as called from ${quoteQualified(schema, name)}`,
        )
        .join(" union all "),
    );
    for (const { at, last, called } of places) {
      const { start, ...sequence } = some[at]!;
      if (called || last !== start) found.push({ ...sequence, last, isCalled: called });
    }
  }
  return found;
}

const SEQUENCES = `
  select n.nspname::text as schema, c.relname::text as name, s.seqstart::text as start, s.seqincrement::text as increment
    from pg_sequence s
    join pg_class c on c.oid = s.seqrelid
    join pg_namespace n on n.oid = c.relnamespace
   where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and has_schema_privilege(n.oid, 'USAGE') and case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'SELECT') end
   order by 1, 2`;
