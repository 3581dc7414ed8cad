import type { ObjectId } from "../engine/object-id.ts";
import type { PlannedStatement } from "./statement.ts";

/** The column that a statement makes a plain one, with the values that it was computed to have. Pure. */
export function plainFrom({ sql, needs: [column] }: PlannedStatement): ObjectId | undefined {
  return sql.endsWith(" DROP EXPRESSION") && column?.kind === "column" ? column : undefined;
}

/**
 * A generated column becomes a plain one before the columns change that it is computed from: PostgreSQL changes no type under its
 * expression, and without the column its values would be gone. Pure.
 */
export function expressionsFirst(statements: readonly PlannedStatement[]): PlannedStatement[] {
  const early = statements.filter((statement) => plainFrom(statement) !== undefined);
  const isLater = new Set(early);
  const others = statements.filter((statement) => !isLater.has(statement));
  return others
    .flatMap((statement) => {
      const before = early.filter((one) => isLater.has(one) && isOnTableOf(statement, plainFrom(one)!));
      for (const one of before) isLater.delete(one);
      return [...before, statement];
    })
    .concat(early.filter((one) => isLater.has(one)));
}

/** Whether a statement is about a column of the same table. */
function isOnTableOf({ makes, needs, removes }: PlannedStatement, column: ObjectId): boolean {
  return [...makes, ...needs, ...removes].some(
    (id) =>
      (id.kind === "column" || id.kind === "default") &&
      column.kind === "column" &&
      id.schema === column.schema &&
      id.table === column.table,
  );
}
