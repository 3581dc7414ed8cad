import type { SourceColumn } from "../source/catalogue.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import { type Follow, TABLE_KEYS, type TableRule } from "./rules.ts";
import { yamlKey } from "./yaml-key.ts";

/**
 * What to do so that a column has another rule: a second one beside that which is there would be refused.
 * @param rule of the column's table
 * @param value what stands behind the column's name: "{ value: null }"
 */
export function lineInstead(rule: TableRule | undefined, { name }: SourceColumn, value: string): string {
  const there = rule?.columns.find(({ column }) => isNamed(name, column));
  if (there !== undefined) return lineInPlace(name, value, there.node === undefined);
  return `write ${lineOf(name, value)}${whereFor(name)}`;
}

/**
 * The same for a column that has a rule.
 * @param isListed whether that is `keep: [...]`, where its name stands among others
 */
export function lineInPlace(name: string, value: string, isListed: boolean): string {
  return isListed
    ? `take ${name} out of \`keep\` and write ${lineOf(name, value)}${whereFor(name)}`
    : `write ${lineOf(name, value)} in place of its rule`;
}

function lineOf(name: string, value: string): string {
  return `\`${yamlKey(name)}: ${value}\``;
}

function whereFor(name: string): string {
  return TABLE_KEYS.includes(name) ? " below `columns:`" : "";
}

/** The same for how references are followed, by their columns: a table has one `follow`. */
export function followLine(
  rule: TableRule | undefined,
  columns: readonly SourceColumn[],
  direction: Follow = "down",
): string {
  const lines = [...new Set(columns.map(({ name }) => `${yamlKey(name)}: ${direction}`))].join(", ");
  const follow = rule?.follow ?? [];
  if (follow.length === 0) return `write \`follow: { ${lines} }\``;
  const isThere = follow.some(({ column }) => columns.some(({ name }) => isNamed(name, column)));
  return `write \`${lines}\` into \`follow\`${isThere ? ", in place of what is there" : ""}`;
}

/** The same for a condition, of which a table has one as well. */
export function rowsLine(rule: TableRule | undefined, condition: string): string {
  const there = rule?.rows?.shown ?? rule?.rows?.text;
  if (there === undefined) return `write \`rows: ${yamlSql(condition)}\``;
  const both = `(${there.trim()}) AND (${condition})`;
  // What is written over lines, or ends with a comment, is not written again.
  return /\n|--/.test(there)
    ? `add to \`rows\`, behind brackets around what is there, \`AND (${condition})\``
    : `write \`rows: ${yamlSql(both)}\` in place of its condition`;
}

/** The line of the tenant, with what is known of it. */
export function tenantLine(column = "tenant_id", value = "7"): string {
  return `tenant: { column: ${yamlKey(column)}, value: ${/^\d+$/.test(value) ? value : yamlKey(value)} }`;
}

function isNamed(name: string, written: string): boolean {
  return written === name || written === quoteIdentifier(name);
}

/** SQL as a value of YAML; quotes of SQL are in quotes of YAML. */
function yamlSql(sql: string): string {
  return /["\\]/.test(sql) ? `'${sql.replaceAll("'", "''")}'` : `"${sql}"`;
}
