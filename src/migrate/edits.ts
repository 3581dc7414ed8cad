import type { Database } from "#database/database.ts";
import type { HistoryEntry } from "./history.ts";
import { type Ledger, readKept } from "./ledger.ts";
import { isAsRecorded } from "./kept-files.ts";
import { recordedOf } from "./load.ts";

/** The text of an edited migration: as it was applied, and as its file is now. */
export interface Edit {
  readonly version: string;
  /** The file, also one that is gone. */
  readonly path: string;
  /** Undefined where the ledger does not have it. */
  readonly before: string | undefined;
  /** Undefined where it is no text, or too long. */
  readonly after: string | undefined;
  /** The ledger's text does not fit the checksum beside it. */
  readonly isAltered?: boolean;
}

/** Reads both texts of every migration whose file is not as it was applied; of one whose file is gone, where its text was altered. */
export async function readEdits(
  database: Database,
  ledger: Ledger,
  history: readonly HistoryEntry[],
  projectDir: string,
): Promise<Edit[]> {
  const edited = history.flatMap(({ standing, version, file, row }) =>
    (standing === "edited" || standing === "changed" || standing === "missing") && row !== undefined
      ? [{ version, file, row }]
      : [],
  );
  const texts = await readKept(
    database,
    ledger,
    edited.map(({ row }) => row.version),
  );
  return edited.flatMap(({ version, file, row }) => {
    const kept = texts.get(row.version);
    const isAltered = kept !== undefined && !isAsRecorded(row, kept);
    if (file === undefined && !isAltered) return [];
    const after = file === undefined ? undefined : (recordedOf(projectDir, file).kept.source ?? undefined);
    const [path, before] = [file?.path ?? kept?.file ?? version, kept?.source ?? undefined];
    return [{ version, path, before, after, ...(isAltered && { isAltered }) }];
  });
}
