import { quoteIdentifier } from "#sql/quote.ts";
import { QueryKeys, Subkeys } from "../keyed.ts";
import type { Trial } from "../finding.ts";
import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { mayFailOnRows } from "./may-fail.ts";
import { shownTable } from "./names.ts";
import { rowsOf } from "./reference-trials.ts";
import type { Treatment } from "./treatment.ts";

/** What an `expr` computes is computed of every row once, before the first one is copied: it may fail, or be too long. */
export function expressionTrials(
  column: SourceColumn,
  treatment: Treatment | undefined,
  { table, own, results }: { readonly table: SourceTable; readonly own: string; readonly results: string },
): Trial[] {
  if (treatment?.kind !== "transform" || treatment.made.readsOthers !== true) return [];
  const { made, place } = treatment;
  const value = `${own}.${quoteIdentifier(column.name)}`;
  const shown = `${shownTable(table)}.${column.name}`;
  const about = { location: place.file.location(place.offset), table: shownTable(table), column: column.name };
  const written = made.expression("", NO_KEY);
  const trials: Trial[] = [
    {
      kind: "count",
      sql: `SELECT count((${value})::text)::float8 * 0 AS refused FROM ${results}`,
      ...(mayFailOnRows(written) ? {} : { ifMayFail: `SELECT (${written}\n) FROM ${rowsOf(table)} source` }),
      finding: {
        rule: "fails-on-rows",
        message: `The expression for ${shown} fails on a row`,
        fix: undefined,
        ...about,
      },
    },
  ];
  if (column.length !== null) {
    const long = column.isArray
      ? `EXISTS (SELECT FROM unnest(${value}) element (v) WHERE length(rtrim(element.v::text)) > ${column.length})`
      : `length(rtrim((${value})::text)) > ${column.length}`;
    trials.push({
      kind: "count",
      sql: `SELECT count(*)::float8 AS refused FROM ${results} WHERE ${long}`,
      finding: {
        rule: "too-long",
        message: `The expression for ${shown} (${column.type}) makes results of more than ${column.length} characters`,
        fix: `Cut them, if that is meant: left(..., ${column.length})`,
        ...about,
      },
    });
  }
  return trials;
}

/** An expression has no digests in it. */
const NO_KEY = new QueryKeys(new Subkeys(Buffer.alloc(32))).of("none");
