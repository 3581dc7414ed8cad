import { expect, test } from "bun:test";
import { loadParser } from "#sql/parser.ts";
import { withMoment } from "#sync/rules/one-moment.ts";
import { conditionFault, expressionFault } from "#sync/rules/sql-reach.ts";

const COLUMNS = new Map(["first", "last", "tags", "select"].map((name) => [name, undefined]));

const GOOD = [
  `to_tsvector('simple', source."first" || ' ' || last)`,
  `case when first ~ 'a' then upper(last) else coalesce(last, 'x')::varchar end`,
  "extract(year from '2024-01-01'::date) || trim(last)",
  "json_build_object('a', first, 'b', tags[1])",
  "substring(first from 1 for 2) || 'it''s -- no comment' || E'\\'(select 1)'",
  `"select" || $a$ (select 1) $a$ -- (select 2)`,
  "first = any(array['a']) or last in ('a', 'b') or first like '%x%'",
  "first at time zone 'UTC'",
  "pg_catalog.lower(first)",
];

const BAD: readonly (readonly [string, string])[] = [
  ["(SELECT string_agg(email) FROM users)", "no other rows"],
  ["first || /* ' */ (select 1) /* ' */", "no other rows"],
  ["E'\\'' || (select 1) || ''", "no other rows"],
  ["$a$ ' $a$ || (table users)", "no other rows"],
  ["array(select email from users)::text", "no other rows"],
  ["first) FROM users WHERE (true", "reads no tables"],
  ["1); SELECT (2", "reads no tables"],
  ["query_to_xml('select email from users', true, true, '')", "query_to_xml()"],
  ["table_to_xml('users', true, true, '')::text", "table_to_xml()"],
  ["pg_read_file('/etc/passwd')", "pg_read_file()"],
  ["upper(current_setting('confiture_sync.i0'))", "current_setting()"],
  ["public.leak(first)", "public.leak()"],
  ["my_function(first)", "my_function()"],
  ["first operator(public.+) last", "operator public.+"],
  ["source.*", "no column"],
  ["users", "no column"],
  ["subkeys.i0", "no column"],
  ["encode(i0, 'hex')", "no column"],
  ["ctid::text", "no column"],
  ["(first).leak", "by its name"],
  ["'users'::regclass::text", "regclass"],
  ["first || now()", "another one each time"],
  ["first || random()", "another one each time"],
  ["gen_random_uuid()::text", "another one each time"],
  ["age(first::date)::text", "another one each time"],
  ["current_user || first", "tell of production"],
  ["current_date::text", "tell of production"],
  ["'now'::timestamp::text", "another one in each run"],
  ["first || date 'today'", "another one in each run"],
  ["first ||", "syntax error"],
  ["first) || (last", "has to be SQL: syntax error"],
];

const CONDITIONS: readonly (readonly [string, string | undefined])[] = [
  ["created_at > now() - interval '30 days'", undefined],
  ["id in (select user_id from public.orders where total > 3) and is_internal(id)", undefined],
  ["true) UNION SELECT email FROM users WHERE (true", "nothing comes after it"],
  ["true) ORDER BY (1", "nothing comes after it"],
  ["true); DELETE FROM users WHERE (true", "nothing comes after it"],
  ["exists (with d as (delete from x returning 1) select from d)", "changes nothing"],
  ["id = any (array(select user_id from public.orders for update))", "locks no rows"],
  ["id in (with o as (select id from x for key share of x skip locked) select id from o)", "locks no rows"],
  ["exists (select 1 into x from y)", "makes no table"],
  ["pg_read_file('x') is null", "pg_read_file()"],
  ["id in (select dblink_send(email) from users)", "dblink_send()"],
  ["created_at > 'now'::timestamptz - interval '1 day'", "write now()"],
  ["day >= date 'today'", "write now()"],
  ["note = 'today'::text or day > date '2024-01-01'", undefined],
  ["random() < 0.3", "sample: 10%"],
  ["id in (select id from orders tablesample system (10))", "sample: 10%"],
  ["id >", "syntax error"],
  ["id = $1", "no parameters, such as $1"],
  ["true) OR (true", "has to be SQL: syntax error"],
];

test("an expression computes something of the columns of its row and reads nothing else", async () => {
  const parser = await loadParser();
  for (const sql of GOOD) expect([sql, expressionFault(parser, sql, COLUMNS)]).toEqual([sql, undefined]);
  for (const [sql, why] of BAD) {
    expect([sql, expressionFault(parser, sql, COLUMNS)]).toEqual([sql, expect.stringContaining(why)]);
  }
});

test("a condition chooses rows and does nothing else", async () => {
  const parser = await loadParser();
  for (const [sql, why] of CONDITIONS) {
    const fault = why === undefined ? undefined : expect.stringContaining(why);
    expect([sql, conditionFault(parser, sql)]).toEqual([sql, fault]);
  }
});

test("a condition asks for the time once in a copy, in whatever way it is written", async () => {
  const parser = await loadParser();
  for (const [written, fixed] of [
    ["a > now() - interval '1 day'", "a > (M) - interval '1 day'"],
    [`"ä" > PG_CATALOG.Now ( ) or b > "now"()`, `"ä" > (M) or b > (M)`],
    ["a > transaction_timestamp()", "a > (M)"],
    [
      "a > CURRENT_TIMESTAMP and b < current_timestamp(3)",
      "a > (M::pg_catalog.timestamptz) and b < (M::pg_catalog.timestamptz(3))",
    ],
    ["d = current_date or t > localtimestamp (0)", "d = (M::pg_catalog.date) or t > (M::pg_catalog.timestamp(0))"],
    ["current_time > localtime", "(M::pg_catalog.timetz) > (M::pg_catalog.time)"],
    ["exists (select from o where o.at > now())", "exists (select from o where o.at > (M))"],
    ["note = 'now()' and app.now() > a and now_at > b /* now() */", undefined],
    ["a > now(", undefined],
  ] as const)
    expect(withMoment(parser, written, "M")).toBe(fixed ?? written);
});
