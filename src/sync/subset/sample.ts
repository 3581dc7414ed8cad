import { quoteIdentifier } from "#sql/quote.ts";
import type { QueryKeys } from "../keyed.ts";
import type { SourceTable } from "../source/catalogue.ts";
import { shownTable } from "../rules/names.ts";
import type { Place, Problem } from "../rules/rules.ts";

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

/** What is wrong with a sample of a table whose rows nothing tells apart. */
export function sampleWithoutKey(table: SourceTable, place: Place): Problem {
  const shown = shownTable(table);
  const message = `${shown} has no primary key, so there is nothing by which the same rows are chosen each time`;
  return { rule: "sample-without-key", message, fix: "Choose rows with a condition: rows: ...", place, table: shown };
}
