import { quoteLiteral } from "#sql/quote.ts";
import { JOINING, SEPARATORS, SIGNS } from "./characters.ts";
import { matches } from "./unescaped.ts";

/** Which parts of a row of numbers may be one. */
interface Window {
  /** Digits. */
  readonly least: number;
  readonly most: number;
  /** Rows that are one number and hold no other, which nearly all are: a pattern. */
  readonly single: string;
  /**
   * SQL for a condition over how many digits a part has, `c.own`, how many stand before it and from it on, `c.before` and `c.rest`, and
   * whether nothing but a dash or dot parts it from a digit, `c.is_joined`.
   */
  readonly condition: string;
}

/** What stands before a part that is joined to a digit: it does not begin as a number of its own does. */
export const JOINED = "-";

/**
 * SQL for numbers of which a row of digits, with separators between, may consist: whatever begins and ends beside a separator. Nobody
 * knows where one number ends and the next begins.
 */
export function windowsIn(row: string, { least, most, single, condition }: Window): string {
  const isSingle = matches(row, single);
  return `select ${row} where ${isSingle} union all select c.token from (
      select case when w.joined[1] or coalesce(w.joined[j operator(pg_catalog.+) 1], false) then '${JOINED}' else '' end
            operator(pg_catalog.||) ${begun("pg_catalog.array_to_string(w.texts[1:j], '')")} as token,
          w.ends[j] operator(pg_catalog.-) w.before as own, w.before, w.total operator(pg_catalog.-) w.before as rest,
          w.joined[1] or coalesce(w.joined[j operator(pg_catalog.+) 1], false) as is_joined
        from (select pg_catalog.array_agg(q.text) over following as texts, pg_catalog.array_agg(q.until) over following as ends,
              pg_catalog.array_agg(q.is_joined) over following as joined, q.until operator(pg_catalog.-) q.size as before, q.total
            from (select p.f[1] operator(pg_catalog.||) p.f[2] as text, pg_catalog.length(p.f[2]) as size, p.n,
                  ${matches("p.f[1]", `^[${JOINING}]$`)} as is_joined, pg_catalog.sum(pg_catalog.length(p.f[2])) over (order by p.n) as until,
                  pg_catalog.sum(pg_catalog.length(p.f[2])) over () as total
                from pg_catalog.regexp_matches(${row}, '([^0-9]*)([0-9]+)', 'g') with ordinality p (f, n) where not ${isSingle}) q
            window following as (order by q.n rows between current row and ${most} following)) w,
          pg_catalog.generate_series(1, pg_catalog.cardinality(w.texts)) j
        where w.ends[j] operator(pg_catalog.-) w.before operator(pg_catalog.>=) ${least}
          and w.ends[j] operator(pg_catalog.-) w.before operator(pg_catalog.<=) ${most}) c
      where ${condition}`;
}

/** SQL for a number without separators that stand before it. */
export function begun(text: string): string {
  return `pg_catalog.regexp_replace(${text}, ${quoteLiteral(`^[^0-9${SIGNS}]+`)}, '')`;
}

/** What an account number begins with: a country and two check digits. */
const HEAD = "[A-Za-z]{2}[0-9]{2}";
/** Characters of the longest (ISO 13616). */
const MOST_IBAN = 34;
/** Heads that the longest may hold behind its own, four characters each. */
const MOST_HEADS = 8;

/** More than one account number may begin in what the pattern says. */
export const SEVERAL_HEADS = `[${SEPARATORS}]${HEAD}`;

/** SQL for the account numbers in a row of letters and digits, with separators between: any that begins behind one. */
export function accountsIn(row: string): string {
  const characters = `pg_catalog.left(pg_catalog.regexp_replace(s.text, '[^A-Za-z0-9]', '', 'g'), ${MOST_IBAN})`;
  const parts = `pg_catalog.regexp_split_to_table(${row}, ${quoteLiteral(`[${SEPARATORS}]+(?=${HEAD})`)}) with ordinality s (text, n)`;
  return `select pg_catalog.string_agg(${characters}, '') over (order by s.n rows between current row and ${MOST_HEADS} following) from ${parts}`;
}

/** SQL for the addresses in what looks like one: the sentence after it may begin without a blank, or another domain. */
export function addressesIn(token: string): string {
  const labels = `pg_catalog.string_to_array(pg_catalog.split_part(${token}, '@', 2), '.')`;
  return `select ${token} union all
    select pg_catalog.split_part(${token}, '@', 1) operator(pg_catalog.||) '@' operator(pg_catalog.||) pg_catalog.array_to_string(d.labels[1:j], '.')
      from (select ${labels}) d (labels), pg_catalog.generate_series(2, pg_catalog.cardinality(d.labels) operator(pg_catalog.-) 1) j`;
}
