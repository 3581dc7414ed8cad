import type { Database } from "#database/database.ts";
import { quoteLiteral } from "#sql/quote.ts";

interface Row {
  readonly name: string;
  readonly last: string;
  readonly called: boolean;
  readonly step: string;
}

/** Where sequences are: the value that each gives next, and whether it counts up or down. */
type Places = ReadonlyMap<string, { readonly next: bigint; readonly isUp: boolean }>;

/** @param names as `Relation.name`; those that the role may not read are left out */
export async function readPlaces(database: Database, names: readonly string[]): Promise<Places> {
  if (names.length === 0) return new Map();
  const readable = await database.query<{ name: string }>(
    `select s.name from pg_catalog.unnest(array[${names.map(quoteLiteral).join(", ")}]::pg_catalog.text[]) s (name)
      where case when pg_catalog.to_regclass(s.name) is null then false
                 else pg_catalog.has_sequence_privilege(pg_catalog.to_regclass(s.name), 'SELECT') end`,
  );
  if (readable.length === 0) return new Map();
  const each = readable.map(
    ({ name }) =>
      `select ${quoteLiteral(name)} as name, s.last_value::pg_catalog.text as last, s.is_called as called,
              (select q.seqincrement::pg_catalog.text from pg_catalog.pg_sequence q
                where q.seqrelid = ${quoteLiteral(name)}::pg_catalog.regclass) as step from ${name} s`,
  );
  const rows = await database.query<Row>(each.join(" union all "));
  return new Map(
    rows.map(({ name, last, called, step }) => {
      const by = BigInt(step);
      return [name, { next: BigInt(last) + (called ? by : 0n), isUp: by > 0n }];
    }),
  );
}

/** Those that go on from another value. Pure. */
export function moved(before: Places, after: Places): string[] {
  return [...before].flatMap(([name, { next }]) => {
    const now = after.get(name)?.next;
    return now !== undefined && now !== next ? [name] : [];
  });
}

/** Those that give values again which they have given already. Pure. */
export function setBack(before: Places, after: Places): string[] {
  return [...before].flatMap(([name, { next, isUp }]) => {
    const now = after.get(name)?.next;
    return now !== undefined && (isUp ? now < next : now > next) ? [name] : [];
  });
}
