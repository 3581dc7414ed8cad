import type { SourceCatalogue, SourceColumn, SourceTable } from "../source/catalogue.ts";
import { type Names, shownTable } from "./names.ts";
import type { Place, PlacedText, Problem, ReferenceRule, Rules } from "./rules.ts";

/** Rows of one table that name rows of another: a foreign key, or a reference of the rules. */
export interface Reference {
  readonly from: SourceTable;
  readonly to: SourceTable;
  /** In the order of `toColumns`. */
  readonly fromColumns: readonly SourceColumn[];
  readonly toColumns: readonly SourceColumn[];
  /** Of a foreign key of one partition, the tables with its rows: it says nothing of the rows of other partitions. */
  readonly fromParts?: readonly SourceTable[];
  /** Of a foreign key to one partition, the tables with the rows that it may refer to. */
  readonly toParts?: readonly SourceTable[];
  /** Whether the last column is a period, which rows with the same key cover together (`PERIOD`). */
  readonly period?: true;
  /** A foreign key that PostgreSQL tries on every row when the copy gets it. */
  readonly isChecked?: boolean;
  /** Of one that the rules speak of. */
  readonly virtual: boolean;
  /** For which rows it holds, in SQL. */
  readonly where: PlacedText | undefined;
  /** Of one that the rules speak of, where they name each of its first columns. */
  readonly places?: readonly Place[];
}

/** Foreign keys between tables, and the references of the rules. */
export function referencesIn(
  { tables }: SourceCatalogue,
  rules: Rules,
  names: Names,
): { readonly references: readonly Reference[]; readonly problems: readonly Problem[] } {
  const byOid = new Map(tables.map((table) => [table.oid, table]));
  const problems: Problem[] = [];
  const columnsOf = (table: SourceTable, numbers: readonly number[]): SourceColumn[] =>
    numbers.flatMap((number) => table.columns.filter((column) => column.number === number));
  const rootOf = (table: SourceTable): SourceTable => {
    const parent = table.partitionOf === null ? undefined : byOid.get(table.partitionOf);
    return parent === undefined ? table : rootOf(parent);
  };
  // Rules are those of the table that a partition is a part of.
  const inRoot = (table: SourceTable, numbers: readonly number[]): SourceColumn[] =>
    columnsOf(table, numbers).flatMap(({ name }) => rootOf(table).columns.filter((column) => column.name === name));
  const leavesOf = (table: SourceTable): SourceTable[] =>
    table.kind === "table" ? [table] : tables.filter(({ partitionOf }) => partitionOf === table.oid).flatMap(leavesOf);
  const real = tables.flatMap((table) =>
    table.foreignKeys.flatMap((key): Reference[] => {
      const other = byOid.get(key.references);
      if (other === undefined) return [];
      const ends = {
        from: rootOf(table),
        to: rootOf(other),
        isChecked: key.validated,
        virtual: false,
        where: undefined,
      };
      const columns = { fromColumns: inRoot(table, key.columns), toColumns: inRoot(other, key.referencedColumns) };
      return [
        {
          ...ends,
          ...columns,
          ...(table.partitionOf === null ? {} : { fromParts: leavesOf(table) }),
          ...(other.partitionOf === null ? {} : { toParts: leavesOf(other) }),
          ...(key.temporal ? { period: true as const } : {}),
        },
      ];
    }),
  );
  const virtual = rules.references.flatMap((rule): Reference[] => {
    const [left, right] = (["from", "to"] as const).map((end) => endIn(rule, end, names, problems));
    if (left === undefined || right === undefined) return [];
    return [
      {
        from: left.table,
        to: right.table,
        fromColumns: left.columns,
        toColumns: right.columns,
        virtual: true,
        where: rule.where,
        places: rule.pairs.map(({ from }) => from.place),
      },
    ];
  });
  return { references: [...real, ...virtual], problems };
}

/** The columns of one end of a reference of the rules, which are of one table; undefined, with what is wrong, where they are not. */
function endIn(
  { pairs }: ReferenceRule,
  end: "from" | "to",
  names: Names,
  problems: Problem[],
): { readonly table: SourceTable; readonly columns: readonly SourceColumn[] } | undefined {
  const columns: SourceColumn[] = [];
  let table: SourceTable | undefined;
  for (const { [end]: written } of pairs) {
    const found = names.column(written.text);
    if (found === undefined) {
      problems.push(unknownColumn(names, written));
      continue;
    }
    table ??= found.table;
    const fault =
      found.table !== table
        ? `The columns of one end of a reference are of one table, and "${written.text}" is not of ${shownTable(table)}`
        : columns.includes(found.column)
          ? `"${written.text}" stands twice in \`${end}\` of a reference`
          : undefined;
    if (fault === undefined) columns.push(found.column);
    else problems.push({ rule: "invalid-rule", message: fault, fix: FIX, place: written.place });
  }
  return table === undefined || columns.length < pairs.length ? undefined : { table, columns };
}

const FIX = "Write a reference for each two tables, with each column of the key once";

/** A column, and the table that it is in. */
interface Placed {
  readonly table: SourceTable;
  readonly column: SourceColumn;
}

/** What a column refers to in the end, over as many tables as it takes; itself where it refers to nothing. */
export function endOf(references: readonly Reference[], from: Placed): Placed {
  let { table, column } = from;
  for (const seen = new Set<SourceColumn>(); !seen.has(column);) {
    seen.add(column);
    const up = references.find(({ fromColumns, where }) => fromColumns.includes(column) && where === undefined);
    if (up === undefined) break;
    table = up.to;
    column = up.toColumns[up.fromColumns.indexOf(column)]!;
  }
  return { table, column };
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
