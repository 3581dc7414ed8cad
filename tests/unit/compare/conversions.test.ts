import { describe, expect, test } from "bun:test";
import { conversionOf, mergesValues } from "#compare/plan/conversions.ts";

describe("a change of type keeps every value", () => {
  test.each([
    ["integer", "bigint"],
    ["integer", "text"],
    ["integer", "numeric"],
    ["integer", "numeric(12,2)"],
    ["integer", "double precision"],
    ["character varying(10)", "character varying(20)"],
    ["character varying(10)", "text"],
    ["character(3)", "character varying(3)"],
    ["numeric(10,2)", "numeric(12,2)"],
    ["numeric(10,2)", "numeric(12,4)"],
    ["real", "double precision"],
    ["date", "timestamp without time zone"],
    ["timestamp(3) without time zone", "timestamp without time zone"],
    ["jsonb", "json"],
    ["boolean", "integer"],
    ["cidr", "inet"],
    ["bit(8)", "bit varying"],
    ["bit(8)", "bit varying(8)"],
    ["text", "public.citext"],
    ["money", "numeric"],
    ["money", "numeric(22,3)"],
    ["integer[]", "bigint[]"],
    ["public.mood", "text"],
  ])("%s to %s", (from, to) => {
    expect(conversionOf(from, to)).toEqual({ loses: false });
  });
});

describe("a change of type cuts or rounds without an error", () => {
  test.each([
    ["character varying(200)", "character varying(10)"],
    ["text", "character varying(10)"],
    ["integer", "character varying(2)"],
    ["integer", "boolean"],
    ["inet", "cidr"],
    ["bit varying", "bit varying(8)"],
    ["numeric(10,4)", "numeric(10,2)"],
    ["bigint", "double precision"],
    ["timestamp without time zone", "timestamp(0) without time zone"],
    ["bigint[]", "real[]"],
    ["text", "name"],
    ["text", '"char"'],
    // Behind the point it may have three digits.
    ["money", "numeric(21,2)"],
    // Nobody knows what this does.
    ["public.point3", "public.point2"],
  ])("%s to %s", (from, to) => {
    expect(conversionOf(from, to)).toEqual({ loses: true });
  });
});

describe("a change of type cuts or rounds, and fails on some values", () => {
  test.each([
    ["text", "numeric(10,2)", "unreadable"],
    ["character varying", "tsvector", "unreadable"],
    ["text", "double precision", "unreadable"],
    ["text", "date", "unreadable"],
    ["text", "timestamp without time zone", "unreadable"],
    ["text", "timestamp with time zone", "unreadable"],
    ["character varying(40)", "interval", "unreadable"],
    ["text", "money", "unreadable"],
    ["text", "point", "unreadable"],
    ["text", "public.hstore", "unreadable"],
    ["numeric", "numeric(10,2)", "too-large"],
    ["money", "numeric(12,2)", "too-large"],
    ["numeric(10,4)", "numeric(8,2)", "too-large"],
    ["numeric(10,4)", "numeric(5,2)", "too-large"],
    ["numeric(10,2)", "integer", "too-large"],
    ["numeric", "real", "too-large"],
    ["double precision", "integer", "too-large"],
    ["jsonb", "numeric(10,2)", "unreadable"],
    ["jsonb", "boolean", "unreadable"],
    ["bigint", "oid", "too-large"],
    ["bit varying(64)", "integer", "too-large"],
    ["path", "polygon", "unreadable"],
    ["double precision", "real", "too-large"],
    ["real", "numeric(5,2)", "too-large"],
  ] as const)("%s to %s", (from, to, reason) => {
    expect(conversionOf(from, to)).toEqual({ loses: true, risk: { code: "ROWS", reason, type: to } });
  });
});

describe("a change of type fails on values that it cannot keep", () => {
  test.each([
    ["bigint", "integer"],
    ["numeric(10,0)", "integer"],
    ["numeric(10,2)", "numeric(5,2)"],
    ["bigint", "numeric(12,2)"],
    ["text", "uuid"],
    ["text", "public.mood"],
    ["integer", "uuid"],
    ["int4range", "int8range"],
    ["nummultirange", "int4multirange"],
  ])("%s to %s", (from, to) => {
    expect(conversionOf(from, to)).toEqual({
      loses: false,
      risk: expect.objectContaining({ code: "ROWS", reason: expect.stringMatching(/^(?:unreadable|too-large)$/) }),
    });
  });
});

test("a document whose keys may be the same is pointed out", () => {
  expect(conversionOf("json", "jsonb")).toEqual({ loses: false, risk: { code: "ROWS", reason: "json-keys" } });
  expect(conversionOf("text", "jsonb")).toEqual({
    loses: false,
    risk: { code: "ROWS", reason: "json-text", type: "jsonb" },
  });
});

test("a change of time zone is pointed out", () => {
  expect(conversionOf("timestamp without time zone", "timestamp with time zone")).toEqual({
    loses: false,
    risk: { code: "ROWS", reason: "time-zone" },
  });
  expect(conversionOf("timestamp with time zone", "date")).toEqual({
    loses: true,
    risk: { code: "ROWS", reason: "time-zone" },
  });
});

describe("a change of type can make values equal without losing any", () => {
  test.each([
    ["text", "public.citext", true],
    ["text", "integer", true],
    ["text[]", "uuid[]", true],
    ["character varying(5)", "character(5)", true],
    ["timestamp with time zone", "timestamp without time zone", true],
    ["integer", "bigint", false],
    ["character varying(5)", "text", false],
    ["integer", "text", false],
  ])("%s to %s", (from, to, expected) => {
    expect(mergesValues(from, to)).toBe(expected);
  });
});
