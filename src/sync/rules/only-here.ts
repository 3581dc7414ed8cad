import type { SourceCatalogue } from "../source/catalogue.ts";
import { columnNamed, Names } from "./names.ts";
import type { Rules, TableRule } from "./rules.ts";
import { inSchemas } from "./schemas.ts";

/**
 * The rules without those of tables and columns that are not in one state of a database and are in another one. Pure.
 * @param others the other states
 */
export function onlyHere(written: Rules, here: SourceCatalogue, others: readonly SourceCatalogue[]): Rules {
  if (others.length === 0) return written;
  const rules = inSchemas(written, here);
  const names = new Names(here);
  const elsewhere = others.map((other) => new Names(other));
  const isColumnElsewhere = (table: string, column: string): boolean =>
    elsewhere.some((other) => {
      const found = other.table(table);
      return found !== undefined && columnNamed(found, column) !== undefined;
    });
  return {
    ...rules,
    tables: rules.tables.flatMap((rule): TableRule[] => {
      const table = names.table(rule.name);
      if (table === undefined) {
        return elsewhere.some((other) => other.table(rule.name) !== undefined) ? [] : [rule];
      }
      const isHere = ({ column }: { readonly column: string }): boolean =>
        columnNamed(table, column) !== undefined || !isColumnElsewhere(rule.name, column);
      return [{ ...rule, columns: rule.columns.filter(isHere), follow: rule.follow.filter(isHere) }];
    }),
    references: rules.references.filter(({ pairs }) =>
      pairs
        .flatMap(({ from, to }) => [from.text, to.text])
        .every(
          (text) => names.column(text) !== undefined || elsewhere.every((other) => other.column(text) === undefined),
        ),
    ),
  };
}
