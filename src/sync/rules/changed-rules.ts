import { parseYaml } from "#files/yaml-tree.ts";
import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { columnNamed, type Names } from "./names.ts";
import { RuleFile } from "./rule-file.ts";
import type { ColumnRule, Rules } from "./rules.ts";
import { yamlKey } from "./yaml-key.ts";

/** Another rule for a column, as YAML; undefined: none, so that it follows what it refers to. */
export interface Change {
  readonly table: SourceTable;
  readonly column: SourceColumn;
  readonly value: string | undefined;
}

/** The rule of a column itself; undefined where it has none. */
export function columnRuleOf(
  rules: Rules,
  names: Names,
  table: SourceTable,
  column: SourceColumn,
): ColumnRule | undefined {
  const rule = rules.tables.find(({ name }) => names.table(name) === table);
  return rule?.columns.find((one) => columnNamed(table, one.column) === column);
}

/**
 * The rules as they would be with some changes.
 * @param rules of single schemas
 */
export async function withChanges(rules: Rules, names: Names, changes: readonly Change[]): Promise<Rules> {
  let { tables } = rules;
  for (const { table, column, value } of changes) {
    const changed = value === undefined ? [] : [await columnRule(column, value)];
    tables = tables.map((rule) =>
      names.table(rule.name) === table
        ? {
            ...rule,
            columns: [...rule.columns.filter((one) => columnNamed(table, one.column) !== column), ...changed],
          }
        : rule,
    );
  }
  return { ...rules, tables };
}

async function columnRule({ name }: SourceColumn, value: string): Promise<ColumnRule> {
  const file = new RuleFile("advice.yaml", `${yamlKey(name)}: ${value}\n`);
  const [entry] = (await parseYaml(file, [])).entries.values();
  return { column: name, node: entry!.value, place: { file, offset: entry!.offset } };
}
