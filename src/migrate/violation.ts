import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import type { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, writeIdentifier } from "#sql/quote.ts";

/** check_violation */
const VIOLATES_CHECK = "23514";

/**
 * The query that finds the rows for which a CHECK that is `NOT VALID` cannot be validated; PostgreSQL only says that there is one.
 * @returns undefined for any other error
 */
export async function hintForViolation(database: Database, { server }: ConfitureError): Promise<string | undefined> {
  if (server?.sqlstate !== VIOLATES_CHECK) return undefined;
  const { schema, table, constraint } = server;
  if (schema === undefined || table === undefined || constraint === undefined) return undefined;
  const [found] = await queryCatalogue<{ condition: string }>(
    database,
    `select pg_get_expr(k.conbin, k.conrelid) as condition
       from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = $2 and k.conname = $3 and k.contype = 'c' and not k.convalidated`,
    [schema, table, constraint],
  );
  if (found === undefined) return undefined;
  const where = `NOT (${found.condition})`;
  return `Put the rows right that violate ${quoteIdentifier(constraint)}, then run the command again. They are found by: SELECT * FROM ${writeIdentifier(schema)}.${writeIdentifier(table)} WHERE ${where};`;
}
