import { expect, test } from "bun:test";
import { withoutNeedlessCasts } from "#sql/needless-casts.ts";

const DEFAULTS: readonly (readonly [given: string, expected: string])[] = [
  ["CREATE TABLE t (a text DEFAULT 'x'::text)", "CREATE TABLE t (a text DEFAULT 'x')"],
  [
    "CREATE TABLE t (a character varying(20) NOT NULL DEFAULT 'x'::character varying, b text[] DEFAULT '{}'::text[] NOT NULL)",
    "CREATE TABLE t (a character varying(20) NOT NULL DEFAULT 'x', b text[] DEFAULT '{}' NOT NULL)",
  ],
  [
    "CREATE TABLE t (a timestamp(3) with time zone DEFAULT '2026-01-01 00:00:00+00'::timestamp with time zone)",
    "CREATE TABLE t (a timestamp(3) with time zone DEFAULT '2026-01-01 00:00:00+00')",
  ],
  [
    `CREATE TABLE t (a text COLLATE "C" DEFAULT 'a, b)'::text, CONSTRAINT c CHECK (a <> ''::text))`,
    `CREATE TABLE t (a text COLLATE "C" DEFAULT 'a, b)', CONSTRAINT c CHECK (a <> ''::text))`,
  ],
  ["ALTER TABLE t ADD COLUMN a jsonb DEFAULT '{}'::jsonb", "ALTER TABLE t ADD COLUMN a jsonb DEFAULT '{}'"],
];

test.each(DEFAULTS)("%s", (given, expected) => {
  expect(withoutNeedlessCasts(given)).toBe(expected);
});

test.each([
  // Another type than that of the column, a type that somebody made, and what is more than a value.
  "CREATE TABLE t (a character(3) DEFAULT 'abc'::bpchar)",
  "CREATE TABLE t (a public.named DEFAULT 'x'::text)",
  "CREATE TABLE t (a public.named DEFAULT 'x'::public.named)",
  "CREATE TABLE t (a text[] DEFAULT 'x'::text)",
  "CREATE TABLE t (a text DEFAULT ('x'::text || 'y'::text))",
  "CREATE TABLE t (a text DEFAULT 'x'::text || 'y'::text)",
  "CREATE TABLE t (a integer DEFAULT '1'::integer)",
  "ALTER TABLE t ALTER COLUMN a SET DEFAULT 'x'::text",
])("stays: %s", (sql) => {
  expect(withoutNeedlessCasts(sql)).toBe(sql);
});
