import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { QueryKeys } from "./keyed.ts";
import type { SourceColumn, SourceTable, SyncColumn, SyncTable } from "./plan.ts";
import type { Transformed, Treatment } from "./rules/treatments.ts";
import type { Rows } from "./subset/subset.ts";
import { familyOf } from "./transforms/registry.ts";

/** The table of a plan, with its query. */
export function syncTable(
  table: SourceTable,
  treatmentOf: (column: SourceColumn) => Treatment,
  rows: Rows | undefined,
  keys: QueryKeys,
): SyncTable {
  const { schema, name } = table;
  const columns = table.columns
    .filter(({ generated }) => !generated)
    .map((column) => ({ column, treatment: treatmentOf(column) }));
  const made = columns.map(({ column, treatment }) => ({ column, treatment, sql: resultOf(column, treatment, keys) }));
  const later = made.filter(({ treatment }) => readsOthers(treatment));
  // What an expression reads has one value, whether it is an output as well or not.
  const list = made.map(({ column, treatment, sql }) => {
    const output = quoteIdentifier(column.name);
    if (later.length === 0) return `${sql} AS ${output}`;
    return readsOthers(treatment)
      ? `(SELECT ${sql} FROM (SELECT results.*) source) AS ${output}`
      : `results.${output} AS ${output}`;
  });
  const lateral = later.length === 0 ? "" : ` CROSS JOIN LATERAL (SELECT ${results(table, made)} OFFSET 0) results`;
  const from = rows?.from ?? `ONLY ${quoteQualified(schema, name)} source`;
  const parts = [...(keys.isUsed ? [keys.part] : []), ...(rows?.with ?? [])];
  const head = parts.length === 0 ? "" : `WITH ${rows?.recursive === true ? "RECURSIVE " : ""}${parts.join(", ")} `;
  const joined = keys.isUsed ? " CROSS JOIN subkeys" : "";
  const where = rows?.where ?? "(true)";
  const comparison = (column: SourceColumn, output: string, elements: boolean): string => {
    const original = `source.${quoteIdentifier(column.name)}`;
    const kept = elements
      ? `EXISTS (SELECT FROM unnest(${original}, ${output}) pair (a, b) WHERE a::text = b::text AND a::text <> '')`
      : `(${output})::text = ${original}::text`;
    return `${head}SELECT count(*)::float8 AS rows, count(*) FILTER (WHERE ${kept})::float8 AS same FROM ${from}${joined}${lateral} WHERE ${where} AND ${original} IS NOT NULL AND ${original}::text NOT IN ('', '{}')`;
  };
  return {
    schema,
    name,
    mode: "rows",
    columns: made.map(({ column, treatment, sql }, index) => {
      const own = syncColumn(column, treatment, sql);
      if (treatment.kind === "keep") return own;
      const { elements } = treatment;
      const output = list[index]!.slice(0, -` AS ${quoteIdentifier(column.name)}`.length);
      return {
        ...own,
        ...(elements ? { elements } : {}),
        ...(own.proof.kind === "differs" ? { comparison: comparison(column, output, elements) } : {}),
      };
    }),
    query: `${head}SELECT ${list.join(", ")} FROM ${from}${joined}${lateral} WHERE ${where}`,
    whole: rows === undefined && columns.every(({ treatment }) => treatment.kind === "keep"),
    where: rows?.shown,
  };
}

/** Every column of the table, so that no name in an expression leads to an original: NULL where there is no result to read. */
function results(
  { columns }: SourceTable,
  made: readonly { readonly column: SourceColumn; readonly treatment: Treatment; readonly sql: string }[],
): string {
  const sql = new Map(made.filter(({ treatment }) => !readsOthers(treatment)).map((one) => [one.column, one.sql]));
  return columns
    .map((column) => `${sql.get(column) ?? `NULL::${typeOf(column)}`} AS ${quoteIdentifier(column.name)}`)
    .join(", ");
}

function readsOthers(treatment: Treatment): boolean {
  return treatment.kind === "transform" && treatment.made.readsOthers === true;
}

/** The type without a length: a cast to one with a length cuts without a word. */
export function typeOf({ typeSchema, baseType, isArray }: SourceColumn): string {
  return `${quoteQualified(typeSchema, baseType)}${isArray ? "[]" : ""}`;
}

function resultOf(column: SourceColumn, treatment: Treatment, keys: QueryKeys): string {
  const original = `source.${quoteIdentifier(column.name)}`;
  if (treatment.kind === "keep") return original;
  const { made, domain, elements } = treatment;
  const keyed = keys.of(domain);
  if (made.readsOthers === true) {
    const sql = made.expression(original, keyed);
    return column.length === null ? `${sql}::${typeOf(column)}` : `left(${sql}::text, ${column.length})`;
  }
  if (made.isConstant === true) {
    const constant = `${made.expression(original, keyed)}::${typeOf(column)}`;
    return made.makesNull === true ? constant : `CASE WHEN ${original} IS NULL THEN NULL ELSE ${constant} END`;
  }
  if (!elements) return made.expression(readable(original, column), keyed);
  const element = made.expression(readable("element.v", column), keyed);
  return `CASE WHEN ${original} IS NULL THEN NULL ELSE ARRAY(SELECT ${element} FROM unnest(${original}) WITH ORDINALITY element (v, n) ORDER BY element.n) END`;
}

/** The value in the type that the transform works on. */
function readable(sql: string, column: SourceColumn): string {
  const { baseType, isDomain, typeSchema } = column;
  if (familyOf(column) === "text") {
    // Two spellings are one value of citext, so they are one original.
    if (baseType === "citext") return `lower(${sql}::text)`;
    return baseType === "text" && !isDomain ? sql : `${sql}::text`;
  }
  return isDomain ? `${sql}::${quoteQualified(typeSchema, baseType)}` : sql;
}

function syncColumn({ name, type }: SourceColumn, treatment: Treatment, expression: string): SyncColumn {
  if (treatment.kind === "keep") {
    return { name, type, treatment: "keep", expression, class: "preserving", proof: { kind: "kept" } };
  }
  const { transform, domain, made, elements }: Transformed = treatment;
  const column = `source.${quoteIdentifier(name)}`;
  const inside = made.inside?.map(({ values, ...each }) => ({
    ...each,
    values: elements
      ? `select i.v from pg_catalog.unnest(${column}) e (d), lateral (${values("e.d")}) i (v)`
      : values(column),
  }));
  return {
    name,
    type,
    treatment: "transform",
    transform: transform.name,
    domain,
    expression,
    class: made.class,
    proof: made.proof,
    ...(made.tokens === undefined ? {} : { tokens: made.tokens }),
    ...(made.shape === undefined || elements ? {} : { shape: made.shape }),
    ...(inside === undefined ? {} : { inside }),
  };
}
