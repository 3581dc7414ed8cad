import type { Database } from "#database/database.ts";
import type { PlannedStatement } from "../plan/statement.ts";

/**
 * `IS DISTINCT FROM` and `NULLIF` have no form that names the schema of their operator: PostgreSQL takes the "=" that it finds on
 * the search_path, and writes them down without it.
 * @returns the statement with the schemas that have an operator for them
 */
export async function withOperators(database: Database, statement: PlannedStatement): Promise<PlannedStatement> {
  if (!NAMELESS.test(statement.sql) || statement.setting !== undefined) return statement;
  const [{ path } = { path: null }] = await database.query<{ path: string | null }>(OTHER_SCHEMAS);
  return path === null ? statement : { ...statement, setting: `search_path = ${path}, public` };
}

const NAMELESS = / IS (?:NOT )?DISTINCT FROM |\bNULLIF\(/;

const OTHER_SCHEMAS = `
  select pg_catalog.string_agg(distinct pg_catalog.quote_ident(n.nspname), ', ') as path
    from pg_catalog.pg_operator o join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) o.oprnamespace
   where o.oprname operator(pg_catalog.=) '=' and o.oid operator(pg_catalog.>=) 16384
     and n.nspname operator(pg_catalog.<>) 'public'`;
