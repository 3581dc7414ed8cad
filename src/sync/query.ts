import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { QueryKeys } from "./keyed.ts";
import type { Family, Identity, SyncColumn, SyncTable } from "./plan.ts";
import type { SourceColumn, SourceTable } from "./source/catalogue.ts";
import type { Transformed, Treatment } from "./rules/treatment.ts";
import type { Rows } from "./subset/subset.ts";
import { familyOf } from "./transforms/registry.ts";
import { aboutResults, type Inside } from "./transforms/transform.ts";

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
    return `${head}SELECT count(*) FILTER (WHERE ${kept})::float8 AS same FROM ${from}${joined}${lateral} WHERE ${where} AND ${original} IS NOT NULL AND ${original}::text NOT IN ('', '{}')`;
  };
  const outputs = list.map((output, index) =>
    output.slice(0, -` AS ${quoteIdentifier(made[index]!.column.name)}`.length),
  );
  const identity = identityOf(table, treatmentOf);
  const identified = identity?.columns.map((one) => outputs[made.findIndex(({ column }) => column.name === one)]!);
  const pair = (value: string): string =>
    `${head}SELECT ${identified === undefined ? "NULL::text" : keyText(identified)}, ${value} FROM ${from}${joined}${lateral} WHERE ${where}`;
  return {
    schema,
    name,
    mode: "rows",
    ...(identity === undefined ? {} : { identity }),
    columns: made.map(({ column, treatment, sql }, index) => {
      const own = syncColumn(column, treatment, sql);
      if (treatment.kind === "keep") return own;
      const { elements } = treatment;
      const output = outputs[index]!;
      const { proof, inside = [] } = own;
      const differs = [proof, ...inside.map((each) => each.proof)].some(({ kind }) => kind === "differs");
      return {
        ...own,
        ...(elements ? { elements } : {}),
        ...(proof.kind === "differs" && proof.chance > 0 ? { comparison: comparison(column, output, elements) } : {}),
        ...(differs
          ? { pairs: { originals: pair(`source.${quoteIdentifier(column.name)}`), results: pair(output) } }
          : {}),
      };
    }),
    query: `${head}SELECT ${list.join(", ")} FROM ${from}${joined}${lateral} WHERE ${where}`,
    whole: rows === undefined && columns.every(({ treatment }) => treatment.kind === "keep"),
    where: rows?.shown,
  };
}

/** SQL for a text that two rows have in common only if they have all of these values in common. */
export function keyText(values: readonly string[]): string {
  return `(array[${values.map((value) => `(${value})::pg_catalog.text`).join(", ")}])::pg_catalog.text`;
}

/** The first unique key that is kept, else the first one whose results are told apart. */
function identityOf(table: SourceTable, treatmentOf: (column: SourceColumn) => Treatment): Identity | undefined {
  const found = table.unique.flatMap(({ columns: numbers, isPlain }): Identity[] => {
    const columns = table.columns.filter(({ number }) => numbers.includes(number));
    // Nothing becomes of a generated one: the target computes it.
    if (columns.some(({ generated }) => generated)) return [];
    const treatments = columns.map((column) => treatmentOf(column));
    const isTold = treatments.every(
      (one) => one.kind === "keep" || (one.made.class !== "lossy" && one.made.makesNull !== true && !one.elements),
    );
    if (!isPlain || columns.length === 0 || !isTold || columns.some((one) => !one.notNull)) return [];
    return [{ columns: columns.map(({ name }) => name), isKept: treatments.every(({ kind }) => kind === "keep") }];
  });
  return found.find(({ isKept }) => isKept) ?? found[0];
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
    return `${made.expression(original, keyed)}::${typeOf(column)}`;
  }
  if (made.isConstant === true) {
    const constant = `${made.expression(original, keyed)}::${typeOf(column)}`;
    return made.makesNull === true ? constant : `CASE WHEN ${original} IS NULL THEN NULL ELSE ${constant} END`;
  }
  // Columns that have their rule from another one may have another type of numbers.
  const replaced = (value: string): string => {
    const sql = made.expression(readable(value, column), keyed);
    return familyOf(column) === "integer" ? `${sql}::${column.baseType}` : sql;
  };
  if (!elements) return replaced(original);
  const element = replaced("element.v");
  return `CASE WHEN ${original} IS NULL THEN NULL ELSE ARRAY(SELECT ${element} FROM unnest(${original}) WITH ORDINALITY element (v, n) ORDER BY element.n) END`;
}

/** The value in the type that the transform works on. */
function readable(sql: string, column: SourceColumn): string {
  const { baseType, isDeterministic, isDomain, typeSchema } = column;
  if (familyOf(column) === "text") {
    // Two spellings are one value of citext, so they are one original.
    if (baseType === "citext") return `lower(${sql}::text)`;
    // PostgreSQL looks for no pattern in a text of such a collation.
    if (!isDeterministic) return `(${sql}::text COLLATE "C")`;
    return baseType === "text" && !isDomain ? sql : `${sql}::text`;
  }
  return isDomain ? `${sql}::${quoteQualified(typeSchema, baseType)}` : sql;
}

/** Families of types whose values are written without letters, or with digits of 16. */
const HAVE_NO_TEXT: ReadonlySet<Family> = new Set(["integer", "number", "uuid", "date", "timestamp", "network"]);

function syncColumn(source: SourceColumn, treatment: Treatment, expression: string): SyncColumn {
  const { name, type } = source;
  const { file, offset } = treatment.place;
  const rule = { ruledBy: file.location(offset) };
  if (treatment.kind === "keep") {
    const kept = { treatment: "keep", class: "preserving", proof: { kind: "kept" } } as const;
    return { name, type, ...rule, expression, ...kept };
  }
  const { transform, domain, made, elements, file: ofPaths }: Transformed = treatment;
  const hasText = !HAVE_NO_TEXT.has(familyOf(source));
  const tokens = hasText ? undefined : made.tokens === undefined ? [] : [made.tokens];
  const column = `source.${quoteIdentifier(name)}`;
  const ofAll = (values: (value: string) => string): string =>
    elements
      ? `select i.v, e.n::pg_catalog.text operator(pg_catalog.||) '.' operator(pg_catalog.||) i.n from pg_catalog.unnest(${column}) with ordinality e (d, n), lateral (${values("e.d")}) i (v, n)`
      : values(column);
  const placed = <T extends Pick<Inside, "offset" | "values">>({ offset: at, values, ...rest }: T) => ({
    ...rest,
    location: ofPaths.location(at),
    values: ofAll(values),
  });
  const inside = made.inside?.map(placed);
  const kept = made.kept?.map(placed);
  const unruled =
    made.unruled === undefined || !elements
      ? made.unruled?.(column)
      : `SELECT u.* FROM unnest(${column}) e (d), LATERAL (${made.unruled("e.d")}) u`;
  return {
    name,
    type,
    treatment: "transform",
    ...rule,
    transform: transform.name,
    domain,
    expression,
    class: made.class,
    proof: made.proof,
    ...aboutResults(made, source.castType ?? undefined, tokens),
    ...(made.shape === undefined || elements ? {} : { shape: made.shape }),
    ...(made.stays === undefined ? {} : { stays: made.stays }),
    ...(inside === undefined ? {} : { inside }),
    ...(kept === undefined ? {} : { kept }),
    ...(unruled === undefined ? {} : { unruled }),
  };
}
