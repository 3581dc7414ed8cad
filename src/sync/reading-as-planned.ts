import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import type { SyncPlan } from "./plan.ts";
import { PINNED_LOCALLY } from "./run/settings.ts";

/**
 * Gives a session what queries of a plan need for the length of `work`, which only reads.
 * @param database in no transaction
 */
export async function readingAsPlanned<T>(
  database: Database,
  { settings }: Pick<SyncPlan, "settings">,
  work: () => Promise<T>,
): Promise<T> {
  await database.execute(
    `begin isolation level repeatable read read only; set local row_security = off; ${PINNED_LOCALLY}`,
  );
  try {
    for (const { name, value } of settings) {
      await database.query("select pg_catalog.set_config($1, $2, true)", [name, value]);
    }
    return await work();
  } finally {
    await rollback(database);
  }
}
