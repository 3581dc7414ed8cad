import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import type { SyncPlan, SyncTable } from "./plan.ts";
import { readingFailed } from "./run/reading-failed.ts";
import { PINNED_LOCALLY } from "./run/settings.ts";

/** Some rows of a table as a copy has them, as texts; null is NULL. */
export interface Sample {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/**
 * Reads rows as a copy would.
 * @param database in no transaction
 * @throws ConfitureError `sync_source_failed`
 */
export async function sampleRows(
  database: Database,
  { settings }: SyncPlan,
  { schema, name, columns, query }: SyncTable,
  most: number,
): Promise<Sample> {
  const rows: (readonly (string | null)[])[] = [];
  try {
    await database.execute(
      `begin isolation level repeatable read read only; set local row_security = off; ${PINNED_LOCALLY}`,
    );
    for (const setting of settings) {
      await database.query("select pg_catalog.set_config($1, $2, true)", [setting.name, setting.value]);
    }
    await database.execute(`${query} LIMIT ${most}`, {
      columns() {},
      row: (values) => void rows.push([...values]),
      copied() {},
      completed() {},
      ready() {},
    });
  } catch (error) {
    throw readingFailed(error, `${schema}.${name}`);
  } finally {
    await rollback(database);
  }
  return { columns: columns.map((column) => column.name), rows };
}
