import type { Facts } from "../engine/facts.ts";
import type { ColumnId } from "./numbers-kept.ts";

/**
 * A statement that reads columns, so that row security hides none of their rows: where it holds for the owner as well, PostgreSQL
 * refuses the statement instead (manual, "Row Security Policies", on `row_security`). It stays so, as `up` begins; RESET would go back to
 * passing over them. Pure.
 */
export function readingAll(sql: string, columns: readonly ColumnId[], from: Facts, to: Facts): string[] {
  const isHidden = columns.some((column) => isForced(column, from) || isForced(column, to));
  return isHidden ? ["SET row_security = off", sql] : [sql];
}

function isForced({ schema, table }: ColumnId, facts: Facts): boolean {
  const { rowSecurity, forceRowSecurity } = facts.get({ kind: "table", schema, name: table })?.payload ?? {};
  return rowSecurity === true && forceRowSecurity === true;
}
