import { quoteLiteral, quoteQualified } from "#sql/quote.ts";
import type { SourceTable } from "../source/catalogue.ts";
import type { Reference } from "../rules/references.ts";

/** For which rows of its table a reference holds, in SQL over the table by its name; undefined for all of them. */
export function appliesTo({ where, fromParts }: Reference, name: string): string | undefined {
  if (where !== undefined) return `((${where.text}\n)) IS TRUE`;
  return fromParts === undefined ? undefined : isIn(`${name}.tableoid`, fromParts);
}

/** Whether a reference holds for some rows only. */
export function isPartial({ where, fromParts }: Reference): boolean {
  return where !== undefined || fromParts !== undefined;
}

/** Joins copied rows `r` to rows `t` that they refer to, by the columns of both: of a period, to each one that it overlaps. */
export function onKeys(reference: Reference, index: number, r: string, t: string): string {
  const { fromColumns, toColumns, toParts } = reference;
  const pairs = fromColumns.map((column, at) => {
    const sign = isPeriod(reference, at) ? "&&" : "=";
    return `${r}.c${column.number} ${sign} ${t}.c${toColumns[at]!.number}`;
  });
  return [
    ...pairs,
    ...(toParts === undefined ? [] : [isIn(`${t}.row_in`, toParts)]),
    ...(isPartial(reference) ? [`${r}.applies_${index}`] : []),
  ].join(" AND ");
}

/**
 * Rows that a reference may lead to, each key once: what refers with a period needs several of them, that cover all of it.
 * @param rows a set with the referenced table's columns by number
 */
export function parentsIn(reference: Reference, rows: string): string {
  const { toColumns, toParts, virtual, period } = reference;
  const keys = toColumns.map(({ number }) => `c${number}`);
  const where = toParts === undefined ? "" : ` WHERE ${isIn("row_in", toParts)}`;
  if (period === true) {
    const [own, by] = [keys.at(-1)!, keys.slice(0, -1).join(", ")];
    return `(SELECT ${by}, range_agg(${own}) AS ${own} FROM ${rows}${where} GROUP BY ${by})`;
  }
  // A key of one row, or of several that a reference of the rules does not tell apart.
  if (virtual) return `(SELECT DISTINCT ${keys.join(", ")} FROM ${rows})`;
  return toParts === undefined ? rows : `(SELECT ${keys.join(", ")} FROM ${rows}${where})`;
}

/** Joins rows to `parentsIn`, by the columns of both. */
export function onParents(reference: Reference, own: readonly string[], theirs: readonly string[]): string {
  return own.map((column, at) => `${column} ${isPeriod(reference, at) ? "<@" : "="} ${theirs[at]!}`).join(" AND ");
}

/** Whether a pair of columns is the period, which comes last. */
function isPeriod({ period, fromColumns }: Reference, at: number): boolean {
  return period === true && at === fromColumns.length - 1;
}

function isIn(tableoid: string, tables: readonly SourceTable[]): string {
  const names = tables.map(({ schema, name }) => `${quoteLiteral(quoteQualified(schema, name))}::regclass`);
  return `${tableoid} IN (${names.join(", ")})`;
}
