import { expect, test } from "bun:test";
import { searchPathChange } from "#sql/search-path.ts";
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
