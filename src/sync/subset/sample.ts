import { quoteIdentifier } from "#sql/quote.ts";
import type { QueryKeys } from "../keyed.ts";
import type { SourceTable } from "../plan.ts";

/** The condition for a share of a table's rows, the same ones each time; undefined without a key by which to choose them. */
export function sampleCondition(
  table: SourceTable,
  share: number,
  keys: QueryKeys,
): { readonly sql: string; readonly shown: string } | undefined {
  const key = table.unique.find(
    ({ isPlain, columns }) =>
      isPlain &&
      columns.length > 0 &&
      columns.every((number) => table.columns.find((one) => one.number === number)?.notNull === true),
  );
  if (key === undefined) return undefined;
  const name = quoteIdentifier(table.name);
  const columns = key.columns.map((number) => table.columns.find((one) => one.number === number)!);
  const text = columns.map((column) => `${name}.${quoteIdentifier(column.name)}::text`).join(" || ',' || ");
  const digest = keys.alone(`sample:${table.schema}.${table.name}`, text);
  const limit = Math.round(share * 2 ** 32);
  return {
    sql: `(('x' || left(encode(${digest}, 'hex'), 8))::bit(32)::int8 & 4294967295 < ${limit})`,
    shown: `a sample of ${share * 100}%`,
  };
}
