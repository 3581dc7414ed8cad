import type { Database } from "#database/database.ts";
import type { HistoryEntry } from "./history.ts";
import { type Ledger, readKept } from "./ledger.ts";
import { recordedOf } from "./load.ts";

/** The text of an edited migration: as it was applied, and as its file is now. */
export interface Edit {
  readonly version: string;
  /** The file. */
  readonly path: string;
  /** Undefined where the ledger does not have it. */
  readonly before: string | undefined;
  /** Undefined where it is no text, or too long. */
  readonly after: string | undefined;
}

/** Reads both texts of every migration whose file is not as it was applied. */
export async function readEdits(
  database: Database,
  ledger: Ledger,
  history: readonly HistoryEntry[],
  projectDir: string,
): Promise<Edit[]> {
  const edited = history.flatMap(({ standing, version, file, row }) =>
    (standing === "edited" || standing === "changed") && file !== undefined && row !== undefined
      ? [{ version, file, row }]
      : [],
  );
  const texts = await readKept(
    database,
    ledger,
    edited.map(({ row }) => row.version),
  );
  return edited.map(({ version, file, row }) => ({
    version,
    path: file.path,
    before: texts.get(row.version)?.source ?? undefined,
    after: recordedOf(projectDir, file).kept.source ?? undefined,
  }));
}
