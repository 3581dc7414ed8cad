import type { Database } from "./database.ts";

/** Sessions whose COMMIT waits for a standby; as long-lived as they are. */
const waiting = new WeakSet<Database>();

/**
 * Finds out whether a COMMIT of this session waits for a standby. What is cancelled in that wait is committed all the same, and the server goes
 * on with whatever was sent behind it.
 */
export async function learnStandbys(database: Database): Promise<void> {
  const [row] = await database.query<{ waits: boolean }>(
    `select pg_catalog.current_setting('synchronous_standby_names', true) operator(pg_catalog.<>) ''
        and pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.<>) all ('{off,local}') as waits`,
  );
  if (row?.waits === true) waiting.add(database);
}

export function waitsForStandbys(database: Database): boolean {
  return waiting.has(database);
}
