import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier } from "#sql/quote.ts";

/** A database of its own for one comparison: the embedded engine in memory, gone afterwards. */
export async function withScratch<T>(work: (database: Database) => Promise<T>): Promise<T> {
  return await withDatabase({ engine: "embedded" }, {}, work);
}

/** 42704 is undefined_object, which a missing role is. */
const MISSING_ROLE = /role "([^"]+)" does not exist/;

/**
 * Runs `work`, creating roles that it misses and trying again: roles belong to a server, not to a schema, so
 * schema files and migrations may take them for granted.
 * @param work must leave nothing behind when it fails
 */
export async function withMissingRoles<T>(database: Database, work: () => Promise<T>): Promise<T> {
  const created = new Set<string>();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const server = error instanceof ConfitureError ? error.server : undefined;
      const role = server?.sqlstate === "42704" ? MISSING_ROLE.exec(server.message)?.[1] : undefined;
      if (role === undefined || created.has(role)) throw error;
      created.add(role);
      await database.execute(`create role ${quoteIdentifier(role)}`);
    }
  }
}
