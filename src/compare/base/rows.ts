import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import type { SequencePlace } from "../sources/sequences.ts";
import type { TableCells } from "./cells.ts";

/** How a cell is written, as SQL. */
export type WriteCell = (table: TableCells, column: number, value: string | null) => string;

/** The value that is there. */
export const asItIs: WriteCell = (_table, _column, value) => (value === null ? "NULL" : quoteLiteral(value).trim());

/** Statements, without semicolons, that put rows into tables again, and sequences to where they were. Pure. */
export function insertStatements(
  tables: readonly TableCells[],
  sequences: readonly SequencePlace[],
  write: WriteCell,
): string[] {
  return [
    ...tables.map((table) => {
      // No column that anything is written into: only how many rows there are is known.
      if (table.columns.length === 0)
        return `INSERT INTO ${quoteQualified(table.schema, table.table)} SELECT FROM pg_catalog.generate_series(1, ${table.rows.length})`;
      const rows = table.rows.map((row) => `(${row.map((value, column) => write(table, column, value)).join(", ")})`);
      const columns = table.columns.map(({ name }) => quoteIdentifier(name)).join(", ");
      return `INSERT INTO ${quoteQualified(table.schema, table.table)} (${columns}) OVERRIDING SYSTEM VALUE VALUES\n  ${rows.join(",\n  ")}`;
    }),
    ...sequences.map(
      ({ schema, name, last, isCalled }) =>
        `SELECT pg_catalog.setval(${quoteLiteral(quoteQualified(schema, name))}, ${last}${isCalled ? "" : ", false"})`,
    ),
  ];
}
