import type { LoadedMigration } from "./files/body.ts";
import { isAsRecorded, type KeptMigration, withKeptFiles } from "./files/kept-files.ts";
import type { MigrateOptions } from "./exclusive.ts";
import { readKept } from "./ledger/read.ts";
import { isAnother } from "./renamed.ts";
import { withHistory } from "./status.ts";

/**
 * Migrations as they ran in a database whose files say something else by now, by the texts that its ledger keeps. Those in SQL
 * alone: code may go by what it imports. Reads only, and takes no lock.
 */
export async function formerMigrations(options: MigrateOptions): Promise<readonly LoadedMigration[]> {
  return await withHistory(options, async ({ database, ledger, history, found }) => {
    const rows = history.flatMap((entry) =>
      entry.standing === "edited" && !isAnother(entry) && entry.row !== undefined ? [entry.row] : [],
    );
    if (database === undefined || rows.length === 0) return [];
    const texts = await readKept(
      database,
      ledger,
      rows.map(({ version }) => version),
    );
    const kept = rows.flatMap((row): KeptMigration[] => {
      const text = texts.get(row.version);
      const isUsable = text !== undefined && text.source !== null && text.file?.endsWith(".ts") !== true;
      return isUsable && isAsRecorded(row, text) ? [{ row, kept: text }] : [];
    });
    return await withKeptFiles(kept, found.layout, options.signal, async (load) => {
      const migrations: LoadedMigration[] = [];
      for (const { row } of kept) migrations.push(await load(row));
      return migrations;
    });
  });
}
