import type { Database } from "#database/database.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { quoteQualified } from "#sql/quote.ts";
import { fillsByMaking } from "./filled-by-making.ts";
import type { Replay, Replayed } from "./replayed.ts";
import { rowStatements } from "./row-statements.ts";
import { hashesOf, hasMoreRows, readRowHashes, readTables, type Rows } from "./rows.ts";
import { NO_CODE, writingCode } from "./writing-functions.ts";

/**
 * Which of the open migrations may have changed rows of a database in use that a replay does not have: what they make may be there, and
 * they may have run on these rows or not. The database is only read.
 * @param range of the open migrations: from the first number to the one before the second
 */
export async function rowsNotCompared(
  { database, ledger }: { readonly database: Database; readonly ledger: Ledger },
  { options, load }: Replay,
  { states, fixed, remade }: Replayed,
  [first, end]: readonly [number, number],
): Promise<readonly MigrationFile[]> {
  const { open, written } = await load();
  const may: MigrationFile[] = [];
  const catalogue = states.get(end)?.catalogue;
  const code = catalogue === undefined ? NO_CODE : writingCode(catalogue, open);
  const domains = new Set(
    catalogue?.facts
      .facts()
      .flatMap(({ id, payload }) => (id.kind === "domain" && typeof payload["default"] === "string" ? [id.name] : [])),
  );
  const { signal } = options;
  for (const [index, migration] of open.slice(first, end).entries()) {
    const isOnRows = (await rowStatements(migration, code, options.signal)).length > 0;
    if (isOnRows || remade.has(first + index) || (await fillsByMaking(migration, database, { domains, signal })))
      may.push(migration.file);
  }
  if (may.length === 0) return [];
  const replayed: Rows = states.get(end)?.rows ?? new Map();
  // Tables in use are large; a replay knows few of their rows.
  for (const table of await readTables(database, ledger)) {
    if (table.isView) continue;
    const known = replayed.get(quoteQualified(table.schema, table.table)) ?? new Map<string, number>();
    if (
      await hasMoreRows(
        database,
        table,
        known.values().reduce((sum, times) => sum + times, 0),
      )
    )
      return may;
  }
  const rows = await readRowHashes(database, ledger, { written, chance: { fixed } });
  for (const [table, there] of rows) {
    if (there.entries().some(([key, times]) => times > hashesOf(replayed, table, key))) return may;
  }
  return [];
}
