import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { decodeSql } from "#database/script.ts";
import type { MigrateOptions } from "./exclusive.ts";
import type { HistoryEntry } from "./history.ts";
import { isAsRecorded, keptFile } from "./files/kept-files.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { readKept } from "./ledger/read.ts";
import { cutFile } from "./layouts/cut.ts";
import type { LayoutName } from "./layouts/names.ts";
import { type MigrationFile, migrationId } from "./files/migration-file.ts";
import { requireKnown } from "./plan.ts";
import { sectionText } from "./files/section-text.ts";
import { withHistory } from "./status.ts";
import { isBase } from "./files/version.ts";

/** The text of a migration: what was applied or, of one that is not applied, what would be. */
export interface Shown {
  readonly entry: HistoryEntry;
  readonly from: "ledger" | "file";
  /** The ledger's text is not the one that was applied, by the checksum beside it. */
  readonly isAltered: boolean;
  /** The path of the file that has or had this text; null where that was not recorded. */
  readonly path: string | null;
  readonly source: string;
  /** The text of the file with its way back, where that is a file of its own. */
  readonly sourceDown: string | null;
  /** The way back as it would run; undefined where there is none. */
  wayBack(): string | undefined;
}

/**
 * Reads the text of a migration from the ledger, or from its file if that is what was applied or will be. Takes no lock.
 * @throws ConfitureError `migration_unknown`, `text_not_kept`
 */
export async function showMigration(options: MigrateOptions, version: string): Promise<Shown> {
  return await withHistory(options, async ({ database, ledger, history, found: { layout, base } }) => {
    const entry = requireKnown(withBase(history, base), version);
    const { row, file } = entry;
    const isFile = file !== undefined && (row === undefined || entry.standing === "applied");
    return (
      (await fromLedger(database, ledger, entry, layout)) ??
      (isFile ? fromFile(options.projectDir, entry, file) : raiseNotKept(entry))
    );
  });
}

/** A database that did not begin with the base has no entry for it; its file can be read all the same. */
function withBase(history: readonly HistoryEntry[], base: MigrationFile | undefined): readonly HistoryEntry[] {
  if (base === undefined || history.some(({ version }) => isBase(version))) return history;
  return [{ version: base.version, name: base.name, standing: "covered", file: base, row: undefined }, ...history];
}

async function fromLedger(
  database: Database | undefined,
  ledger: Ledger,
  entry: HistoryEntry,
  layout: LayoutName,
): Promise<Shown | undefined> {
  const { row } = entry;
  if (database === undefined || row === undefined) return undefined;
  const kept = (await readKept(database, ledger, [row.version])).get(row.version);
  if (kept === undefined || kept.source === null) return undefined;
  const { file: path, source, sourceDown } = kept;
  const file = keptFile(row, kept, layout);
  const wayBack = (): string | undefined => wayBackOf(file, source, sourceDown);
  return { entry, from: "ledger", isAltered: !isAsRecorded(row, kept), path, source, sourceDown, wayBack };
}

function fromFile(projectDir: string, entry: HistoryEntry, file: MigrationFile): Shown {
  const read = (path: string): string => decodeSql(path, readRegularFile(`${projectDir}/${path}`, path));
  const { path, downPath } = file;
  const source = read(path);
  const sourceDown = downPath === undefined ? null : read(downPath);
  const wayBack = (): string | undefined => wayBackOf(file, source, sourceDown);
  return { entry, from: "file", isAltered: false, path, source, sourceDown, wayBack };
}

/** @throws ConfitureError `usage` where it is no SQL */
function wayBackOf(file: MigrationFile, source: string, sourceDown: string | null): string | undefined {
  if (sourceDown !== null) return sourceDown;
  if (file.form === "typescript" || file.form === "foreign") {
    throw new ConfitureError("usage", `${migrationId(file)} is no SQL: its way back is a part of its code`, {
      hint: "Leave --down out to see all of it.",
    });
  }
  const { down } = cutFile(file, { file: file.path, text: source }, "up");
  return down === undefined ? undefined : sectionText(file.path, source, down);
}

function raiseNotKept(entry: HistoryEntry): never {
  const { row, file } = entry;
  throw new ConfitureError(
    "text_not_kept",
    `The ledger does not have the text of migration ${migrationId(entry)}, and ${file === undefined ? "its file is not here" : `${file.path} is not what was applied`}`,
    {
      hint: `Texts are kept up to 1 MB, by versions that can, and the ledger of a copy of another database has none. The commit that it was applied from has it${row === undefined || row.checksum === null ? "" : `: a file with the sha256 ${row.checksum}`}.`,
      location: file === undefined ? undefined : { file: file.path },
    },
  );
}
