import type { SourceCatalogue } from "../source/catalogue.ts";
import { Names } from "./names.ts";
import type { PlacedText, ReferenceRule, Rules, Several, TableRule } from "./rules.ts";

/**
 * The rules with one for each table that a rule for several schemas is about: `tenant_*.users` means the table `users` of every schema
 * that begins so and has one. A table with a rule of its own keeps that. Pure.
 */
export function inSchemas(rules: Rules, catalogue: SourceCatalogue): Rules {
  const patternIn = ({ pairs }: ReferenceRule): string | undefined =>
    pairs.flatMap(({ from, to }) => patternOf(from.text) ?? patternOf(to.text) ?? [])[0];
  const { tables, references } = rules;
  if (
    tables.every(({ name }) => patternOf(name) === undefined) &&
    references.every((reference) => patternIn(reference) === undefined)
  )
    return rules;
  const names = new Names(catalogue);
  const schemas = [...new Set(catalogue.tables.map(({ schema }) => schema))];
  const own = new Set(tables.flatMap(({ name }) => (patternOf(name) === undefined ? (names.table(name) ?? []) : [])));
  return {
    ...rules,
    tables: tables.flatMap((rule): TableRule[] => {
      const pattern = patternOf(rule.name);
      if (pattern === undefined) return [rule];
      const found = schemas.filter(matching(pattern)).flatMap((schema): TableRule[] => {
        const name = inSchema(rule.name, { pattern, schema });
        const table = names.table(name);
        if (table === undefined || table.partitionOf !== null || own.has(table)) return [];
        const columns = rule.columns.map((column) => ({ ...column, several: { pattern, schema } }));
        return [{ ...rule, name, columns }];
      });
      // Without any it is told as a table that is not there.
      return found.length === 0 ? [rule] : found;
    }),
    references: references.flatMap((reference): ReferenceRule[] => {
      const pattern = patternIn(reference);
      if (pattern === undefined) return [reference];
      const found = schemas.filter(matching(pattern)).flatMap((schema): ReferenceRule[] => {
        const here = (end: PlacedText): PlacedText => ({ ...end, text: inSchema(end.text, { pattern, schema }) });
        const pairs = reference.pairs.map(({ from, to }) => ({ from: here(from), to: here(to) }));
        const isThere = pairs.every(({ from, to }) => [from, to].every(({ text }) => names.column(text) !== undefined));
        return isThere ? [{ ...reference, pairs }] : [];
      });
      return found.length === 0 ? [reference] : found;
    }),
  };
}

/** A name in a rule for several schemas: what is written with the same pattern is in the same schema. */
export function inSchema(written: string, several: Several | undefined): string {
  return several !== undefined && patternOf(written) === several.pattern
    ? several.schema + written.slice(several.pattern.length)
    : written;
}

/** Whether what a rule calls a table is, or may be, the table of that name. */
export function mayName(written: string, shown: string, names: Names): boolean {
  const table = names.table(shown);
  const pattern = patternOf(written);
  if (table === undefined) return written === shown;
  if (pattern === undefined) return names.table(written) === table;
  return matching(pattern)(table.schema) && names.table(inSchema(written, { pattern, schema: table.schema })) === table;
}

/** "tenant_*" of "tenant_*.users"; undefined for a name of one schema. */
function patternOf(written: string): string | undefined {
  const [schema = "", ...rest] = written.split(".");
  return rest.length > 0 && schema.includes("*") && !schema.includes('"') ? schema : undefined;
}

function matching(pattern: string): (schema: string) => boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  const expression = new RegExp(`^${parts.join(".*")}$`, "su");
  return (schema) => expression.test(schema);
}
