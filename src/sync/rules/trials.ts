import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { QueryKeys, type Subkeys } from "../keyed.ts";
import type { Trial } from "../finding.ts";
import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { typeOf } from "../query.ts";
import { expressionTrials } from "./expression-trials.ts";
import { mayFailOnResults, mayFailOnRows } from "./may-fail.ts";
import { shownTable } from "./names.ts";
import { rowsOf } from "./reference-trials.ts";
import { placeWithin } from "./place-within.ts";
import type { Reference } from "./references.ts";
import type { Place, TableRule } from "./rules.ts";
import type { Transformed, TreatmentOf } from "./treatment.ts";
import { AS_AFTER_WHERE } from "./unsafe-sql.ts";

/** What to ask of the conditions of a table's rule, and of its references. */
export function conditionTrials(table: SourceTable, rule: TableRule, references: readonly Reference[]): Trial[] {
  const shown = shownTable(table);
  const rows = `${quoteQualified(table.schema, table.name)} AS ${quoteIdentifier(table.name)}`;
  const before = `SELECT FROM ${rows} WHERE (`;
  const conditions = [
    ...(rule.rows === undefined ? [] : [{ ...rule.rows, what: `The condition for rows of ${shown}` }]),
    ...references.flatMap(({ from, where }) =>
      from === table && where !== undefined ? [{ ...where, what: "The condition of the reference" }] : [],
    ),
  ];
  return conditions.flatMap(({ what, ...condition }): Trial[] => {
    const { text, place } = condition;
    const about = { location: place.file.location(place.offset), table: shown, column: undefined };
    const parse: Trial = {
      kind: "parse",
      sql: `${before}${text}\n)`,
      finding: { rule: "invalid-sql", message: `${what} does not work`, fix: AS_AFTER_WHERE, ...about },
      columns: table.columns.map(({ name }) => name),
      locate: (offset) => {
        const within = offset - before.length;
        if (within < 0 || within > text.length) return undefined;
        const { file, offset: at } = placeWithin(condition, within);
        return file.location(at);
      },
    };
    const steady: Trial = {
      kind: "steady",
      sql: parse.sql,
      finding: { rule: "unsteady-condition", message: what, fix: undefined, ...about },
    };
    const message = `${what} fails on a row`;
    const sql = `SELECT count(*) FROM ${rows} WHERE (${text}\n)`;
    return [
      parse,
      steady,
      {
        kind: "rows",
        sql,
        ...(mayFailOnRows(text) ? {} : { ifMayFail: parse.sql }),
        finding: { rule: "fails-on-rows", message, fix: undefined, ...about },
      },
    ];
  });
}

/** What to ask of the values that the rules of a table make. */
export function columnTrials(table: SourceTable, treatmentOf: TreatmentOf, subkeys: Subkeys): Trial[] {
  const shown = shownTable(table);
  return table.columns.flatMap((column): Trial[] => {
    const treatment = treatmentOf(column);
    if (treatment?.kind !== "transform") return [];
    const { made, place, transform, elements } = treatment;
    const unfit =
      made.unfit === undefined ? [] : [...nulTrials(table, column, place), unfitTrial(table, column, treatment)];
    if (elements) return [shapeTrial(table, column, place), ...unfit];
    if (unfit.length > 0) return unfit;
    if (made.readsOthers !== true && (transform.name !== "value" || made.makesNull === true)) return [];
    const finding = {
      rule: "invalid-sql",
      message: `The rule of ${shown}.${column.name} (${column.type}) does not work`,
      fix: undefined,
      location: place.file.location(place.offset),
      table: shown,
      column: column.name,
    };
    const sql = made.expression(`source.${quoteIdentifier(column.name)}`, new QueryKeys(subkeys).of("trial"));
    if (made.readsOthers === true) {
      const nothing = table.columns.map((one) => `NULL::${typeOf(one)} AS ${quoteIdentifier(one.name)}`);
      return [
        {
          kind: "parse",
          sql: `SELECT ${sql}::${typeOf(column)} FROM (SELECT ${nothing.join(", ")}) source`,
          finding,
        },
      ];
    }
    return [{ kind: "value", sql: `SELECT ${sql}::${column.type}`, finding }];
  });
}

/** What a path leads to may be something else than its rule is for. */
function unfitTrial(table: SourceTable, column: SourceColumn, { made, place, file, elements }: Transformed): Trial {
  const unfit = made.unfit!;
  const shown = `${shownTable(table)}.${column.name}`;
  const value = `source.${quoteIdentifier(column.name)}`;
  const found = elements
    ? `SELECT f.* FROM unnest(${value}) element (v) CROSS JOIN LATERAL (${unfit("element.v")}) f`
    : unfit(value);
  return {
    kind: "count",
    sql: `SELECT coalesce(sum(f.n), 0)::float8 AS refused,
        json_agg(f ORDER BY f.n DESC, f.path, f.what)::text AS found
      FROM (SELECT l.path, l.what, count(*) AS n FROM ${rowsOf(table)} source
        CROSS JOIN LATERAL (SELECT DISTINCT path, what FROM (${found}) l (path, what)) l GROUP BY 1, 2) f`,
    finding: {
      rule: "unfit-value",
      message: `${shown} has values that its paths have no rule for, and that would be lost`,
      fix: undefined,
      location: place.file.location(place.offset),
      table: shownTable(table),
      column: column.name,
    },
    paths: (made.paths ?? []).map(({ path, rule, offset }) => ({ path, rule, location: file.location(offset) })),
  };
}

/** A path looks into a document as `jsonb`, which cannot hold what `json` can write. */
function nulTrials(table: SourceTable, column: SourceColumn, place: Place): Trial[] {
  if (column.baseType !== "json") return [];
  const shown = `${shownTable(table)}.${column.name}`;
  const has = `source.${quoteIdentifier(column.name)}::text ~ '(^|[^\\\\])(\\\\\\\\)*\\\\u0000'`;
  return [
    {
      kind: "count",
      sql: `SELECT count(*)::float8 AS refused FROM ${rowsOf(table)} source WHERE ${has}`,
      finding: {
        rule: "unfit-value",
        message: `${shown} (${column.type}) has \\u0000 in a document, which jsonb cannot hold, so that no path leads into it`,
        fix: "Take it out of these documents, leave the rows out (`rows`), or write `{ value: null }` for the column",
        location: place.file.location(place.offset),
        table: shownTable(table),
        column: column.name,
      },
    },
  ];
}

/** Elements are replaced in a row: what is no list that is counted from 1 would lose its shape. */
function shapeTrial(table: SourceTable, column: SourceColumn, place: Place): Trial {
  const name = quoteIdentifier(column.name);
  const shown = shownTable(table);
  return {
    kind: "count",
    sql: `SELECT count(*)::float8 AS refused FROM ${rowsOf(table)} WHERE array_ndims(${name}) > 1 OR array_lower(${name}, 1) <> 1`,
    finding: {
      rule: "array-shape",
      message: `${shown}.${column.name} has arrays of more than one dimension, or that do not begin at 1, which would become plain lists`,
      fix: "Give it a value, or an expr",
      location: place.file.location(place.offset),
      table: shown,
      column: column.name,
    },
  };
}

/**
 * What to ask of the constraints of a table, whose columns have the rules of its root.
 * @param query of its rows as they are copied
 */
export function constraintTrials(
  table: SourceTable,
  query: string,
  root: SourceTable,
  treatmentOf: TreatmentOf,
): Trial[] {
  const inRoot = (column: SourceColumn): SourceColumn => root.columns.find((one) => one.name === column.name) ?? column;
  const placeOf = (column: SourceColumn): Place | undefined => {
    const treatment = treatmentOf(inRoot(column));
    return treatment?.kind === "transform" ? treatment.place : undefined;
  };
  const generated = table.columns.filter(({ generation }) => generation !== null);
  const own = quoteIdentifier(table.name);
  const results =
    generated.length === 0
      ? `(${query}) AS ${own}`
      : `(SELECT ${own}.*, ${generated.map((one) => `(${one.generation}) AS ${quoteIdentifier(one.name)}`).join(", ")} FROM (${query}) AS ${own}) AS ${own}`;
  const changed = table.columns.filter((column) => placeOf(column) !== undefined);
  const [first] = changed;
  if (first === undefined) return [];
  const trial = (column: SourceColumn, sql: string, message: string, fix: string): Trial => {
    const place = placeOf(column)!;
    const location = place.file.location(place.offset);
    return {
      kind: "count",
      sql,
      finding: { rule: "check-violated", message, fix, location, table: shownTable(table), column: column.name },
    };
  };
  const checks = table.checks.flatMap(({ name: check, columns, expression }): Trial[] => {
    const read = table.columns.filter(({ number }) => columns.includes(number));
    // A generated column may come of a transformed one.
    const column = changed.find((one) => read.includes(one)) ?? (read.some((one) => one.generated) ? first : undefined);
    if (column === undefined) return [];
    const message = `The constraint "${check}" of ${shownTable(table)} does not allow what the rules make: ${expression}`;
    return [
      trial(
        column,
        `SELECT count(*)::float8 AS refused FROM ${results} WHERE NOT ${expression}`,
        message,
        "Use a transform whose results it allows, a value, or skip the table",
      ),
    ];
  });
  const fix = "Use a transform of whose results it can be computed, a value, or skip the table";
  const columnRead = (numbers: readonly number[]): SourceColumn | undefined =>
    changed.find(({ number }) => numbers.includes(number)) ??
    changed.find(({ number }) => generated.some((one) => numbers.includes(one.number) && one.reads.includes(number)));
  const computed = generated.flatMap((one): Trial[] => {
    const column = columnRead(one.reads);
    const expression = one.generation!;
    if (column === undefined || (one.length === null && !one.notNull && !mayFailOnResults(expression))) return [];
    const name = quoteIdentifier(one.name);
    // A cast to a type with a length would cut, which the column does not.
    const long = `length((${expression.replace(/::character(?: varying)?\(\d+\)$/, "::text")})::text) > ${one.length}`;
    const refused = [...(one.notNull ? [`${name} IS NULL`] : []), ...(one.length === null ? [] : [long]), "false"];
    return [
      trial(
        column,
        `SELECT (count(${name}::text) * 0 + count(*) FILTER (WHERE ${refused.join(" OR ")}))::float8 AS refused FROM ${results}`,
        `The generated column ${shownTable(table)}.${one.name} cannot be computed of what the rules make: ${expression}`,
        fix,
      ),
    ];
  });
  const indexes = table.indexExpressions.flatMap(({ name, columns, expressions }): Trial[] => {
    const column = columnRead(columns);
    if (column === undefined || !mayFailOnResults(expressions)) return [];
    return [
      trial(
        column,
        `SELECT count((ROW(${expressions}))::text)::float8 * 0 AS refused FROM ${results}`,
        `The index "${name}" of ${shownTable(table)} cannot be made of what the rules make: ${expressions}`,
        fix,
      ),
    ];
  });
  const unique = table.unique.flatMap(({ name, columns, computed: index }): Trial[] => {
    const column = columnRead(columns);
    if (index === null || column === undefined) return [];
    const keys = index.keys.map((key) => `(${key})`);
    const conditions = [
      ...(index.condition === null ? [] : [`(${index.condition})`]),
      ...keys.map((key) => `${key} IS NOT NULL`),
    ];
    return [
      trial(
        column,
        `SELECT coalesce(sum(d.n), 0)::float8 AS refused FROM (SELECT count(*) - 1 AS n FROM ${results} WHERE ${conditions.join(" AND ")} GROUP BY ${keys.join(", ")} HAVING count(*) > 1) d`,
        `The unique index "${name}" of ${shownTable(table)} has rows with the same key (${index.keys.join(", ")}) in what the rules make`,
        "Use a transform whose results differ in it, keep what it is computed from, or skip the table",
      ),
    ];
  });
  const expressions = changed.flatMap((column) =>
    expressionTrials(column, treatmentOf(inRoot(column)), { table, own, results }),
  );
  const domains = changed
    .filter(({ isDomain }) => isDomain)
    .map((column): Trial => {
      const message = `The type ${column.type} of ${shownTable(table)}.${column.name} does not allow what its rule makes`;
      return trial(
        column,
        `SELECT count((${own}.${quoteIdentifier(column.name)})::${column.type})::float8 * 0 AS refused FROM ${results}`,
        message,
        "Use a transform whose results it allows, or a value",
      );
    });
  return [...expressions, ...checks, ...computed, ...indexes, ...unique, ...domains];
}
