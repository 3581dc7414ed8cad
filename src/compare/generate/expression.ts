import { writeIdentifier } from "#sql/quote.ts";

/** An expression over columns of one table, which can be written for wherever it stands. */
export interface Expression {
  /** The columns that it reads. */
  readonly columns: readonly string[];
  /** Whether it needs no parentheses beside an operator. */
  readonly isSimple: boolean;
  /** @param row what goes before a column: nothing in an UPDATE or a CHECK, "NEW." or "OLD." in a trigger */
  sql(row: string): string;
}

/** A column as it is. */
export function columnOf(name: string): Expression {
  return { columns: [name], isSimple: true, sql: (row) => row + writeIdentifier(name) };
}

/** A column as another type. */
export function castOf(name: string, type: string): Expression {
  return { columns: [name], isSimple: true, sql: (row) => `${row}${writeIdentifier(name)}::${type}` };
}

/** As an operand. Pure. */
export function operand(expression: Expression, row: string): string {
  const sql = expression.sql(row);
  return expression.isSimple ? sql : `(${sql})`;
}
