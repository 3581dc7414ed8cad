import type { SourceColumn } from "../plan.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import { type Follow, TABLE_KEYS, type TableRule } from "./rules.ts";
import { yamlKey } from "./yaml-key.ts";

/**
 * What to do so that a column has another rule: a second one beside that which is there would be refused.
 * @param rule of the column's table
 * @param value what stands behind the column's name: "{ value: null }"
 */
export function lineInstead(rule: TableRule | undefined, { name }: SourceColumn, value: string): string {
  const isOf = (written: string): boolean => written === name || written === quoteIdentifier(name);
  const there = rule?.columns.find(({ column }) => isOf(column));
  const line = `\`${yamlKey(name)}: ${value}\``;
  const where = TABLE_KEYS.includes(name) ? " below `columns:`" : "";
  if (there === undefined) return `write ${line}${where}`;
  return there.node === undefined
    ? `take ${name} out of \`keep\` and write ${line}${where}`
    : `write ${line} in place of its rule`;
}

/** The same for how references are followed, by their columns: a table has one `follow`. */
export function followLine(
  rule: TableRule | undefined,
  columns: readonly SourceColumn[],
  direction: Follow = "down",
): string {
  const lines = [...new Set(columns.map(({ name }) => `${yamlKey(name)}: ${direction}`))].join(", ");
  return rule === undefined || rule.follow.length === 0
    ? `write \`follow: { ${lines} }\``
    : `write \`${lines}\` into \`follow\``;
}
