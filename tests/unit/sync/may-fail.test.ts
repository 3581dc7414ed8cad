import { expect, test } from "bun:test";
import { mayFailOnResults, mayFailOnRows } from "#sync/rules/may-fail.ts";

test.each([
  ["code::int > 5", true],
  ["CAST(code AS int) > 5", true],
  ["100 / amount > 5", true],
  ["id % part = 0", true],
  ["to_date(born, 'YYYY') < now()", true],
  ["(doc ->> 'age')::int > 18", true],
  ["created_at > now() - interval '30 days'", false],
  ["created_at > '2024-01-01'::date", false],
  ["at < '2024-01-01'::timestamp with time zone AND plan = 'free'", false],
  ["note <> '100%' and other like 'a::b/%'", false],
  ["exists (select from app.users u where u.id = user_id)", false],
  ["NOT (plan in ('free', 'pro') and lower(name) like any (array['a%', 'b%']))", false],
  ["public.refuses(email)", true],
  ['"Odd".lower(email) = email', true],
  ["amount * 1000 > 5", true],
  ["plan = (select p.name from plans p where p.id = plan_id)", true],
  ["(doc ->> 'age') = 'x' -- and so on", false],
])("%s: %p", (sql, expected) => {
  expect(mayFailOnRows(sql)).toBe(expected);
});

test.each([
  ["lower((name)::text)", false],
  ["to_tsvector('simple'::regconfig, COALESCE(body, ''::text))", false],
  ["CASE WHEN (a = 'x'::text) THEN (doc ->> 'k'::text) ELSE NULL::text END", false],
  ["public.number_of(email)", true],
  ['"Odd".number_of(email)', true],
  ["(name OPERATOR(public.===) 'x'::text)", true],
  ["(price * 100)", true],
  ["decode(body, 'hex'::text)", true],
])("computed of results, %s: %p", (sql, expected) => {
  expect(mayFailOnResults(sql)).toBe(expected);
});
