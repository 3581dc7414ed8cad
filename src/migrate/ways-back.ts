import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "./files/body.ts";
import { orSameWayUp } from "./files/edits.ts";
import type { MigrateOptions } from "./exclusive.ts";
import type { HistoryEntry } from "./history.ts";
import { alteredText, isAsRecorded, type KeptMigration, noKeptWayBack, withKeptFiles } from "./files/kept-files.ts";
import type { LayoutName } from "./layouts/names.ts";
import type { Ledger, LedgerRow } from "./ledger/ledger.ts";
import { readKept } from "./ledger/read.ts";
import { loadMigration } from "./files/load.ts";
import { tellEmpty, withRecordedVersions } from "./files/load-all.ts";
import { migrationId } from "./files/migration-file.ts";
import { type AppliedMigration, missing, planDown, type PlanDownOptions } from "./plan.ts";
import { runTheSame } from "./same-way-up.ts";
import { withHistory } from "./status.ts";

/** Where the ways back are looked for. */
interface Place {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly history: readonly HistoryEntry[];
  readonly layout: LayoutName;
}

/**
 * Loads what `down` rolls back, newest first, for the time of `work`: from the files, or from the ledger's texts where they are gone.
 * @throws ConfitureError `history_*`, `migration_*`, `text_altered`, when one of them cannot be rolled back
 */
export async function withWaysBack<T>(
  { database, ledger, history, layout }: Place,
  options: MigrateOptions,
  plan: PlanDownOptions,
  work: (migrations: readonly LoadedMigration[], rows: readonly LedgerRow[]) => Promise<T>,
): Promise<T> {
  const applied = await orSameWayUp(database, ledger, options.projectDir, history, () => planDown(history, plan));
  const isHere = (row: LedgerRow): boolean => history.some((entry) => entry.row === row && entry.file !== undefined);
  const kept = await keptOnes(database, ledger, applied, isHere);
  const inFiles = applied.flatMap(({ file, row }) => (file?.downPath === undefined ? [] : [row.version]));
  const former = await readKept(database, ledger, inFiles);
  return await withKeptFiles(kept, layout, options.signal, async (loadKept) => {
    const migrations: LoadedMigration[] = [];
    for (const { file, row } of applied) {
      if (file === undefined) options.onEvent?.({ type: "from-ledger", migration: row, isEdited: isHere(row) });
      const migration =
        file === undefined ? await loadKept(row) : await loadMigration(options.projectDir, file, options.signal);
      if (file === undefined && migration.down === undefined) throw noKeptWayBack(row);
      tellEmpty(migration, "down", options);
      if (file?.downPath !== undefined && isOther(migration.kept.sourceDown, former.get(row.version)?.sourceDown)) {
        options.onEvent?.({ type: "other-way-back", migration: file });
      }
      migrations.push(migration);
    }
    return await work(
      withRecordedVersions(migrations, applied),
      applied.map(({ row }) => row),
    );
  });
}

/** Whether a way back that is a file of its own runs something else than the one that was applied, as far as that is known. */
function isOther(now: string | null | undefined, was: string | null | undefined): boolean {
  return typeof now === "string" && typeof was === "string" && !runTheSame(now, was);
}

/**
 * The texts of those whose files are gone.
 * @throws ConfitureError `history_missing` where the ledger has none, `text_altered`
 */
async function keptOnes(
  database: Database,
  ledger: Ledger,
  applied: readonly AppliedMigration[],
  isHere: (row: LedgerRow) => boolean,
): Promise<KeptMigration[]> {
  const rows = applied.flatMap(({ file, row }) => (file === undefined ? [row] : []));
  const texts = await readKept(
    database,
    ledger,
    rows.map(({ version }) => version),
  );
  return rows.map((row) => {
    const kept = texts.get(row.version);
    if (kept === undefined || (kept.source === null && kept.sourceDown === null)) {
      throw isHere(row) ? notKept(row) : missing(row);
    }
    if (!isAsRecorded(row, kept)) throw alteredText(row);
    return { row, kept };
  });
}

function notKept(row: LedgerRow): ConfitureError {
  return new ConfitureError(
    "text_not_kept",
    `The ledger does not have the text of ${migrationId(row)} as it was applied`,
    {
      hint: "Nothing was changed. Put the file back as it was, and run `confiture migrate down`.",
      data: { version: row.version },
    },
  );
}

/**
 * Which migrations `down` would roll back, newest first. Reads only, and takes no lock.
 * @throws ConfitureError as `down`
 */
export async function lookBack(options: MigrateOptions, plan: PlanDownOptions): Promise<AppliedMigration[]> {
  return await withHistory(options, async ({ database, ledger, history }) =>
    database === undefined
      ? planDown(history, plan)
      : await orSameWayUp(database, ledger, options.projectDir, history, () => planDown(history, plan)),
  );
}
