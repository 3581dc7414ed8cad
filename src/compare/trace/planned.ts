/** Statements for which PostgreSQL's planner decides how rows are read; code runs such. */
export const CODE_OR_QUERY: ReadonlySet<string> = new Set([
  "SELECT",
  "INSERT",
  "UPDATE",
  "DELETE",
  "MERGE",
  "WITH",
  "DO",
  "CALL",
]);
