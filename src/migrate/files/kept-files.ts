import { withTemporaryFolder } from "#files/temporary.ts";
import { ConfitureError } from "#errors/error.ts";
import { checksumOf } from "./checksum.ts";
import type { LoadedMigration } from "./body.ts";
import type { KeptText, LedgerRow } from "../ledger/ledger.ts";
import type { LayoutName } from "../layouts/names.ts";
import { loadMigration } from "./load.ts";
import { type MigrationFile, migrationId } from "./migration-file.ts";

/** A migration that is applied, as the ledger has it. */
export interface KeptMigration {
  readonly row: LedgerRow;
  readonly kept: KeptText;
}

/**
 * Reads applied migrations from the ledger's texts, which are files for the time of `work`.
 * @param layout of the folder in which their files were
 * @throws ConfitureError as `loadMigration`
 */
export async function withKeptFiles<T>(
  migrations: readonly KeptMigration[],
  layout: LayoutName,
  signal: AbortSignal | undefined,
  work: (load: (row: LedgerRow) => Promise<LoadedMigration>) => Promise<T>,
): Promise<T> {
  if (migrations.length === 0) {
    return await work(() => Promise.reject(new Error("there is no such migration")));
  }
  return await withTemporaryFolder(async ({ dir, write }) => {
    const files = new Map<LedgerRow, MigrationFile>();
    for (const { row, kept } of migrations) {
      const file = keptFile(row, kept, layout);
      // A way back that is a file of its own is all that there is of a migration whose way up is too long.
      write(file.path, kept.source ?? "");
      if (file.downPath !== undefined) write(file.downPath, kept.sourceDown ?? "");
      files.set(row, file);
    }
    return await work(async (row) => {
      const file = files.get(row);
      if (file === undefined) throw new Error("there is no such migration");
      return await loadMigration(dir, file, signal);
    });
  });
}

/** How the text of a row is to be read, and what it is called in messages. */
export function keptFile(row: LedgerRow, { file, sourceDown }: KeptText, layout: LayoutName): MigrationFile {
  const { version, name } = row;
  const id = migrationId(row).replaceAll(/[^\w.-]/g, "_");
  const isTypeScript = file?.endsWith(".ts") === true;
  return {
    version,
    name,
    layout,
    form: isTypeScript ? "typescript" : sourceDown === null ? "sql" : "sql-pair",
    path: `ledger/${id}.${isTypeScript ? "ts" : sourceDown === null ? "sql" : "up.sql"}`,
    ...(sourceDown === null ? {} : { downPath: `ledger/${id}.down.sql` }),
    // Whatever else said that it is not for a transaction went with its file.
    ...(row.statementsTotal === null ? {} : { transaction: false }),
  };
}

/** Whether the ledger's text is the one that was applied: what someone did to it by hand does not fit its checksum. */
export function isAsRecorded({ checksum }: LedgerRow, { source }: KeptText): boolean {
  return source === null || checksum === null || checksumOf(Buffer.from(source)) === checksum;
}

/** For a text that must not run. */
export function alteredText(row: LedgerRow): ConfitureError {
  const id = migrationId(row);
  return new ConfitureError(
    "text_altered",
    `The text of migration ${id} in the ledger does not fit the checksum beside it: someone changed one of them`,
    {
      hint: `Nothing was changed. Bring the file of ${id} back from version control, with the sha256 ${row.checksum}, and run the command again.`,
      data: { version: row.version },
    },
  );
}

/** For a migration that cannot be rolled back without its file. */
export function noKeptWayBack(row: LedgerRow): ConfitureError {
  return new ConfitureError(
    "migration_irreversible",
    `Migration ${migrationId(row)} has no way back in the text that the ledger keeps, and its file is not here`,
    { hint: "Nothing was changed. Write a new migration that undoes the change." },
  );
}
