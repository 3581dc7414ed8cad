import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import { discoverMigrations } from "./discover.ts";
import type { MigrateOptions } from "./exclusive.ts";
import { type HistoryEntry, joinHistory } from "./history.ts";
import { findLedger, type Ledger, readLedger } from "./ledger.ts";
import { checksumOf } from "./load.ts";

export interface Status {
  readonly history: readonly HistoryEntry[];
  /** SQL files in the folder whose names are no migration's. */
  readonly ignored: readonly string[];
  readonly ledger: Ledger;
}

/** Lays files and ledger side by side. Reads only: takes no lock and creates nothing. */
export async function status(options: MigrateOptions): Promise<Status> {
  const { ignored } = discoverMigrations(options.projectDir, options.dir);
  return await withDatabase(options.target, { ...options.connect, signal: options.signal }, async (database) => {
    const ledger = await findLedger(database, options.table);
    return { history: await readHistory(database, ledger, options), ignored, ledger };
  });
}

/** Lays files and ledger side by side over a session that is open. */
export async function readHistory(
  database: Database,
  ledger: Ledger,
  options: MigrateOptions,
): Promise<HistoryEntry[]> {
  const rows = await readLedger(database, ledger);
  const { migrations } = discoverMigrations(options.projectDir, options.dir);
  return joinHistory(migrations, rows, (file) => checksumOf(options.projectDir, file));
}
