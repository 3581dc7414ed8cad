/**
 * SQL that is true for schemas that are not PostgreSQL's own.
 * @param namespace what `pg_namespace` is called in the query
 */
export function isOfUsers(namespace: string): string {
  return `${namespace}.nspname operator(pg_catalog.!~) '^(pg_|information_schema$)'`;
}
