import type { Database } from "#database/database.ts";

/** The encoding of a database; `SQL_ASCII` holds any bytes, and says of none outside ASCII what character it is. */
export async function encodingOf(database: Database): Promise<string> {
  const [row] = await database.query<{ encoding: string }>(
    "select pg_catalog.current_setting('server_encoding') as encoding",
  );
  return row!.encoding;
}
