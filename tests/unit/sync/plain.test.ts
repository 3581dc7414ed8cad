import { expect, test } from "bun:test";
import { keepEverything } from "#sync/plain.ts";
import type { SourceColumn, SourceTable } from "#sync/source/catalogue.ts";

const column = (number: number, name: string, generated = false): SourceColumn => ({
  number,
  name,
  type: "text",
  baseType: "text",
  typeSchema: "pg_catalog",
  isArray: false,
  typeKind: "b",
  length: null,
  notNull: false,
  generated,
  generation: generated ? "lower(x)" : null,
  isDomain: false,
  castType: null,
  isDeterministic: true,
  reads: [],
  domainChecks: [],
});

const table = (name: string, kind: SourceTable["kind"], columns: readonly SourceColumn[]): SourceTable => ({
  oid: 1,
  schema: "public",
  name,
  kind,
  partitionOf: null,
  columns,
  unique: [],
  indexExpressions: [],
  checks: [],
  foreignKeys: [],
  partitionKey: [],
});

test("without rules every column but generated ones is kept, of every table with rows of its own", () => {
  const plan = keepEverything({
    tables: [
      table("a b", "table", [column(1, "x"), column(2, "y", true), column(4, "Z")]),
      table("p", "partitioned", []),
    ],
  });
  expect(plan.tables.map(({ name, query, whole }) => ({ name, query, whole }))).toEqual([
    { name: "a b", query: 'SELECT source."x", source."Z" FROM ONLY "public"."a b" source WHERE (true)', whole: true },
  ]);
});
