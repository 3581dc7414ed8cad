import { expect, test } from "bun:test";
import { keepsEveryValue } from "#compare/trace/wider-types.ts";

test.each([
  ["character varying(20)", "character varying(40)", true],
  ["character varying(20)", "character varying", true],
  ["character varying", "character varying(40)", false],
  ["character varying(40)", "character varying(20)", false],
  ["text", "character varying(40)", false],
  ["integer", "bigint", true],
  ["bigint", "integer", false],
  ["bigint", "numeric", true],
  ["bigint", "numeric(10,0)", false],
  ["numeric(10,2)", "numeric(12,2)", true],
  ["numeric(10,2)", "numeric(12,6)", false],
  ["numeric(10,2)", "numeric", true],
  ["double precision", "real", false],
  ["timestamp(3) without time zone", "timestamp without time zone", true],
  ["timestamp without time zone", "timestamp(0) without time zone", false],
  ["timestamp without time zone", "timestamp with time zone", false],
  ["integer[]", "bigint", false],
  ["text", "jsonb", false],
])("%s to %s: %p", (from, to, keeps) => {
  expect(keepsEveryValue(from, to)).toBe(keeps);
});
