import { inOrder } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";

/** The session's prepared statements of this kind, and the size of a table that grows with every object. */
const STATE = `
  select coalesce((select array_to_string(array_agg(name), ' ') from pg_catalog.pg_prepared_statements where name like 'confiture\\_%'), '') as names,
         pg_catalog.pg_relation_size('pg_catalog.pg_attribute')::pg_catalog.float8 as bytes`;

/** A catalogue that has grown this many times calls for other plans. */
const GROWN = 2;

/** How large the catalogue was when the session's plans were made. */
const sessions = new WeakMap<Database, { bytes: number }>();

/**
 * Makes what runs the queries of one reading of the catalogue. Most of a reading's time is PostgreSQL's for planning
 * them, so they become prepared statements, whose plans the session keeps for the next reading. On a server they do so
 * from the second reading on: a database in use is read once. Behind a pooler, which could hand out another session
 * for each reading, they never do.
 * Called, and used, inside the transaction of that reading.
 */
export async function readingQueries(database: Database): Promise<(sql: string) => Promise<object[]>> {
  const session = sessions.get(database) ?? { bytes: 0 };
  const isFirst = !sessions.has(database);
  sessions.set(database, session);
  if (database.pooled || (isFirst && database.engine === "server")) return (sql) => database.query(sql);

  const [state] = await database.query<{ names: string; bytes: number }>(STATE);
  const { names, bytes } = state!;
  // Whatever ran in the session may have discarded some of them, or all.
  const prepared = new Set(names.split(" ").filter((name) => name !== ""));
  if (bytes > session.bytes * GROWN) {
    session.bytes = bytes;
    if (prepared.size > 0) await database.execute([...prepared].map((name) => `deallocate ${name}`).join("; "));
    prepared.clear();
  }
  return async (sql) => {
    const name = `confiture_${Bun.hash(sql).toString(16)}`;
    if (prepared.has(name)) return await database.query(`execute ${name}`);
    prepared.add(name);
    const preparing = database.execute(`prepare ${name} as ${sql}`);
    const answer = database.query(`execute ${name}`);
    await inOrder([preparing, answer]);
    return await answer;
  };
}
