import { inOrder, LOOK_UP } from "./catalogue.ts";
import type { Database } from "./database.ts";
import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";

/** Runs one of the queries of a reading; with a text for `$1` where it has one. */
export type Reading = (sql: string, parameter?: string) => Promise<object[]>;

/** What the names of prepared statements of this kind begin with. */
const PREFIX = "confiture_read_";
/** And those of all that the tool prepares: whoever watches locks has some as well. */
const OURS = "confiture_";

/** The session's prepared statements of this kind, and the size of a table that grows with every object. */
const STATE = `
  select coalesce((select array_to_string(array_agg(name), ' ') from pg_catalog.pg_prepared_statements where pg_catalog.starts_with(name, '${PREFIX}')), '') as names,
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
export async function readingQueries(database: Database): Promise<Reading> {
  const session = sessions.get(database) ?? { bytes: 0 };
  const isFirst = !sessions.has(database);
  sessions.set(database, session);
  if (database.pooled || (isFirst && database.engine === "server")) {
    return (sql, parameter) => database.query(sql, parameter === undefined ? [] : [parameter]);
  }

  const [state] = await database.query<{ names: string; bytes: number }>(STATE);
  const { names, bytes } = state!;
  // Whatever ran in the session may have discarded some of them, or all.
  const prepared = new Set(names.split(" ").filter((name) => name !== ""));
  if (bytes > session.bytes * GROWN) {
    session.bytes = bytes;
    if (prepared.size > 0) await database.execute([...prepared].map((name) => `deallocate ${name}`).join("; "));
    prepared.clear();
  }
  return async (sql, parameter) => {
    const name = `${PREFIX}${Bun.hash(sql).toString(16)}`;
    const execute = `execute ${name}${parameter === undefined ? "" : ` (${quoteLiteral(parameter)})`}`;
    if (prepared.has(name)) return await database.query(execute);
    prepared.add(name);
    const preparing = database.execute(`prepare ${name} as ${sql}`);
    const answer = database.query(execute);
    await inOrder([preparing, answer]);
    return await answer;
  };
}

/** A short reading of ours: queries whose texts are the same each time, in a transaction of their own. */
export async function inReading<T>(database: Database, read: (query: Reading) => Promise<T>): Promise<T> {
  await database.execute(LOOK_UP);
  try {
    return await read(await readingQueries(database));
  } finally {
    await database.execute("commit");
  }
}

/** Gives up what others have prepared in the session. */
export async function deallocateOthers(database: Database): Promise<void> {
  const others = await database.query<{ name: string }>(
    `select name from pg_catalog.pg_prepared_statements where not pg_catalog.starts_with(name, '${OURS}') and from_sql`,
  );
  if (others.length > 0) {
    await database.execute(others.map(({ name }) => `deallocate ${quoteIdentifier(name)}`).join("; "));
  }
}
