import { quoteIdentifier } from "#sql/quote.ts";

/** The end of a statement that makes a role the owner. Pure. */
export function ownerTo(role: string): string {
  return ` OWNER TO ${quoteIdentifier(role)}`;
}

/**
 * A migration runs as another role than the one that built the files, which need not be there: whoever runs it owns what it
 * makes, as whoever builds does. Pure.
 */
export function ofWhoeverRuns(sql: string, builder: string | undefined): string {
  if (builder === undefined) return sql;
  if (sql.endsWith(ownerTo(builder))) return `${sql.slice(0, -ownerTo(builder).length)} OWNER TO CURRENT_USER`;
  const authorization = ` AUTHORIZATION ${quoteIdentifier(builder)}`;
  return sql.startsWith("CREATE SCHEMA ") && sql.endsWith(authorization) ? sql.slice(0, -authorization.length) : sql;
}
