import type { SourceCatalogue, SourceColumn, SourceTable } from "../plan.ts";
import { type Names, shownTable } from "./names.ts";
import type { PlacedText, Problem, Rules } from "./rules.ts";

/** Rows of one table that name rows of another: a foreign key, or a reference of the rules. */
export interface Reference {
  readonly from: SourceTable;
  readonly to: SourceTable;
  /** In the order of `toColumns`. */
  readonly fromColumns: readonly SourceColumn[];
  readonly toColumns: readonly SourceColumn[];
  /** Of one that the rules speak of. */
  readonly virtual: boolean;
  /** For which rows it holds, in SQL. */
  readonly where: PlacedText | undefined;
}

/** Foreign keys between tables, those of partitions apart, and the references of the rules. */
export function referencesIn(
  { tables }: SourceCatalogue,
  rules: Rules,
  names: Names,
): { readonly references: readonly Reference[]; readonly problems: readonly Problem[] } {
  const byOid = new Map(tables.map((table) => [table.oid, table]));
  const problems: Problem[] = [];
  const columnsOf = (table: SourceTable, numbers: readonly number[]): SourceColumn[] =>
    numbers.flatMap((number) => table.columns.filter((column) => column.number === number));
  const real = tables
    .filter(({ partitionOf }) => partitionOf === null)
    .flatMap((from) =>
      from.foreignKeys.flatMap((key): Reference[] => {
        const to = byOid.get(key.references);
        if (to === undefined) return [];
        const fromColumns = columnsOf(from, key.columns);
        return [
          { from, to, fromColumns, toColumns: columnsOf(to, key.referencedColumns), virtual: false, where: undefined },
        ];
      }),
    );
  const virtual = rules.references.flatMap(({ from, to, where }): Reference[] => {
    const ends = [from, to].map((end) => {
      const found = names.column(end.text);
      if (found === undefined) problems.push(unknownColumn(names, end));
      return found;
    });
    const [left, right] = ends;
    if (left === undefined || right === undefined) return [];
    return [
      {
        from: left.table,
        to: right.table,
        fromColumns: [left.column],
        toColumns: [right.column],
        virtual: true,
        where,
      },
    ];
  });
  return { references: [...real, ...virtual], problems };
}

function unknownColumn(names: Names, { text, place }: PlacedText): Problem {
  const table = names.table(text.slice(0, Math.max(0, text.lastIndexOf("."))));
  const column = text.slice(text.lastIndexOf(".") + 1);
  const message =
    table === undefined
      ? `There is no table for "${text}"`
      : `The table ${shownTable(table)} has no column "${column}"`;
  return { rule: "unknown-column", message, fix: names.suggestColumn(text), place };
}
