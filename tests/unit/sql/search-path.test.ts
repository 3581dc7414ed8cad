import { expect, test } from "bun:test";
import { pathBehind, searchPathChange } from "#sql/search-path.ts";
import { splitStatements } from "#sql/split.ts";

test.each([
  ["SET search_path = app, public", "set"],
  ['set session "search_path" to app', "set"],
  ["SET LOCAL search_path TO app", "set"],
  ["SET SCHEMA 'app'", "set"],
  ["SET search_path = ''", "emptied"],
  ["SET search_path TO '' /* none */", "emptied"],
  ["SELECT pg_catalog.set_config('search_path', '', false)", "emptied"],
  ["select set_config('search_path', 'app', true)", "set"],
  ["RESET search_path", "reset"],
  ["RESET ALL", "reset"],
  ["DISCARD ALL", "reset"],
  ["SET search_path TO DEFAULT", "reset"],
  ["SET work_mem = ''", undefined],
  ["SELECT set_config('work_mem', '', false)", undefined],
  ["SELECT 'SET search_path'", undefined],
  ["RESET work_mem", undefined],
] as const)("%s: %s", (sql, expected) => {
  expect(searchPathChange(splitStatements(sql).statements[0]!)).toBe(expected as never);
});

test.each([
  ['SET search_path = "$user", app, "Odd, Name", public', ["app", "Odd, Name", "public"]],
  ["set local search_path to App", ["app"]],
  ["SET SCHEMA 'it''s'", ["it's"]],
  ["SELECT pg_catalog.set_config('search_path', 'app, \"B\"', false)", ["app", "B"]],
  ["SET search_path = ''", []],
  ["RESET ALL", ["public"]],
  ["SET work_mem = '1GB'", ["before"]],
  ["SELECT 1", ["before"]],
] as const)("names behind %s are looked up in %p", (sql, expected) => {
  expect(pathBehind(splitStatements(sql).statements[0]!, ["before"])).toEqual(expected);
});
