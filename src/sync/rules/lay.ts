import { nearest } from "#errors/suggest.ts";
import type { SourceTable } from "../source/catalogue.ts";
import { columnNamed, type Names, shownTable } from "./names.ts";
import type { Reference } from "./references.ts";
import type { Problem, Rules, TableRule } from "./rules.ts";
import type { Treatments } from "./treatments.ts";

/** What the rules are laid beside. */
interface Sides {
  readonly names: Names;
  readonly references: readonly Reference[];
  readonly treatments: Treatments;
  readonly rootOf: (table: SourceTable) => SourceTable;
}

/**
 * Finds the table of each rule, and tells the treatments which columns it is about.
 * @param rootOf of a partition: the table that has its rules
 */
export function layRules(
  rules: Rules,
  { names, references, treatments, rootOf }: Sides,
): { readonly ruleOf: ReadonlyMap<SourceTable, TableRule>; readonly problems: readonly Problem[] } {
  const ruleOf = new Map<SourceTable, TableRule>();
  const problems: Problem[] = [];
  for (const rule of rules.tables) {
    const { name, place } = rule;
    const table = names.table(name);
    if (table === undefined) {
      const near = names.suggestTable(name);
      const fix =
        near === undefined
          ? `${names.fixOfUnknown}, or write SCHEMA.TABLE. Views and foreign tables have no rules: none of their rows are copied`
          : `Did you mean "${near}"?`;
      const meant = near === undefined ? undefined : names.table(near);
      problems.push({
        rule: "unknown-table",
        message: `There is no table "${name}"`,
        fix,
        place,
        table: name,
        ...(meant === undefined ? {} : { explains: { table: shownTable(meant) } }),
      });
      continue;
    }
    const shown = shownTable(table);
    if (table.partitionOf !== null) {
      const root = shownTable(rootOf(table));
      const message = `${shown} is a partition: it has the rules of ${root}`;
      problems.push({ rule: "rule-of-partition", message, fix: `Write them at ${root}`, place, table: shown });
      continue;
    }
    const first = ruleOf.get(table);
    if (first !== undefined) {
      const { file, offset } = first.place;
      const message = `The table ${shown} has rules in two places; the first is ${file.file}:${file.location(offset).line}`;
      problems.push({ rule: "duplicate-rule", message, fix: "Put them in one place", place, table: shown });
      continue;
    }
    ruleOf.set(table, rule);
    if (rule.mode === "rows") treatments.add(table, rule);
    for (const { column, place: at } of rule.follow) {
      const found = columnNamed(table, column);
      const refers = references.some(({ from, fromColumns }) => from === table && fromColumns.includes(found!));
      if (refers) continue;
      const message =
        found === undefined
          ? `The table ${shown} has no column "${column}"`
          : `${shown}.${column} refers to no other table`;
      const near =
        found === undefined
          ? nearest(
              column,
              table.columns.map((one) => one.name),
            )
          : undefined;
      const otherwise = found === undefined ? names.fixOfUnknown : "Remove it";
      const fix = near === undefined ? otherwise : `Did you mean "${near}"?`;
      problems.push({ rule: "invalid-rule", message, fix, place: at, table: shown, column });
    }
  }
  return { ruleOf, problems };
}
