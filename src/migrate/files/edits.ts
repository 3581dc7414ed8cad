import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { HistoryEntry } from "../history.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { readKept } from "../ledger/read.ts";
import { isAsRecorded } from "./kept-files.ts";
import { recordedOf } from "./load.ts";
import { findDifference, formerFile } from "../same-way-up.ts";

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

/**
 * Does what refuses edited migrations. Where one still runs what was applied, the refusal says how to record it as it is
 * now.
 * @throws ConfitureError as `plan`
 */
export async function orSameWayUp<T>(
  database: Database,
  ledger: Ledger,
  projectDir: string,
  history: readonly HistoryEntry[],
  plan: () => T,
): Promise<T> {
  try {
    return plan();
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code !== "history_edited") throw error;
    const entry = history.find(({ version }) => version === error.data?.["version"]);
    if (entry?.file === undefined) throw error;
    const [edit] = await readEdits(database, ledger, [entry], projectDir);
    if (edit?.before === undefined || edit.after === undefined) throw error;
    const applied = formerFile(projectDir, entry.file, edit.before);
    if (findDifference(entry.file, applied, edit.after) !== undefined) throw error;
    throw error.with({
      hint: `It still runs what was applied: only comments, white space or its way back are different. Record it as it is now: confiture migrate accept ${shellWord(entry.version)}`,
    });
  }
}
