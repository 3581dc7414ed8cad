import type { Facts } from "../engine/facts.ts";
import type { ColumnId } from "./numbers-kept.ts";

/**
 * A statement that reads columns, so that row security hides none of their rows: where it holds for the owner as well, PostgreSQL
 * refuses the statement instead (manual, "Row Security Policies", on `row_security`). Pure.
 */
export function readingAll(sql: string, columns: readonly ColumnId[], from: Facts, to: Facts): string[] {
  const isHidden = columns.some((column) => isForced(column, from) || isForced(column, to));
  return isHidden ? ["SET row_security = off", sql, "RESET row_security"] : [sql];
}

function isForced({ schema, table }: ColumnId, facts: Facts): boolean {
  const { rowSecurity, forceRowSecurity } = facts.get({ kind: "table", schema, name: table })?.payload ?? {};
  return rowSecurity === true && forceRowSecurity === true;
}
