import type { Database } from "#database/database.ts";
import { asFailure, ConfitureError } from "#errors/error.ts";
import { type MigrationFile, migrationId } from "./files/migration-file.ts";
import { baseFile } from "./base.ts";
import type { Direction } from "./events.ts";
import type { Edit } from "./files/edits.ts";
import { exclusively, type MigrateOptions } from "./exclusive.ts";
import type { HistoryEntry } from "./history.ts";
import { createLedger } from "./ledger/change.ts";
import type { KeptText, Ledger } from "./ledger/ledger.ts";
import { readKept } from "./ledger/read.ts";
import { deleteSql, insertSql, squashedSql, updateSql } from "./ledger/statements.ts";
import { invalidAmong, invalidInWay } from "./run/invalid-in-way.ts";
import { loadMigration, recordedOf } from "./files/load.ts";
import { editedOnTheWay, requireKnown } from "./plan.ts";
import { claimFill } from "./fill/run-fill.ts";
import { changeLedgerSurely } from "./sure-change.ts";
import { readHistory } from "./status.ts";
import { type Difference, findDifference, findOtherWayBack, type FormerFile, formerFile } from "./same-way-up.ts";
import { squashedFile } from "./files/squashed.ts";
import { compareVersions } from "./files/version.ts";

/**
 * Records migrations as applied without running them.
 * @param through the last version to record; all when undefined
 * @returns those that were not recorded before
 */
export async function baseline(options: MigrateOptions, through: string | undefined): Promise<MigrationFile[]> {
  return await exclusively(options, (database, ledger) => recordBaseline(database, ledger, options, through));
}

/** `baseline` for a caller that holds the lock and may have a transaction open. */
export async function recordBaseline(
  database: Database,
  ledger: Ledger,
  options: MigrateOptions,
  through: string | undefined,
): Promise<MigrationFile[]> {
  const history = await readHistory(database, ledger, options);
  const last = through === undefined ? undefined : requireKnown(history, through).version;
  const open = history.filter(
    ({ row, version }) => row === undefined && (last === undefined || compareVersions(version, last) <= 0),
  );
  const files = open.flatMap(({ file }) => file ?? []);
  const squashed = open.flatMap((entry) => entry.squashed ?? []);
  if (files.length + squashed.length === 0) return [];
  const created = await createLedger(database, ledger);
  const rows = files.map((file) => {
    const texts = recordedOf(options.projectDir, file);
    return insertSql(created, { ...file, ...texts }, options.toolVersion, { state: "applied", executionMs: "0" });
  });
  await changeLedgerSurely(options, database, created, {
    sql: [...squashedSql(created, squashed, options.toolVersion), ...rows].join("; "),
    isMade: (row) => [...squashed, ...files].every(({ version }) => row(version) !== undefined),
  });
  const base = baseFile(options.dir);
  return [...squashed.map((migration) => squashedFile(migration, base)), ...files];
}

/** What a request to put a record right came to. */
export interface PutRight {
  readonly entry: HistoryEntry;
  /** False where the record already said so. */
  readonly changed: boolean;
  /** The text that the ledger kept of a row that was forgotten, where no file has it. */
  readonly lost?: KeptText | undefined;
  /** The file that has it under another version. */
  readonly renamed?: MigrationFile;
}

/**
 * Puts the record of one migration right after something went wrong; runs nothing.
 * @param as "applied": all of it is there; "rolled-back": none of it is there, forget the row
 */
export async function resolveMigration(
  options: MigrateOptions,
  version: string,
  as: "applied" | "rolled-back",
): Promise<PutRight> {
  return await exclusively(options, async (database, ledger) => {
    const entry = requireKnown(await readHistory(database, ledger, options), version);
    const { file, row } = entry;
    if (entry.standing === "filling") await claimFill(database, ledger, entry.version);
    if (as === "rolled-back") {
      if (row === undefined) return { entry, changed: false };
      const kept = file === undefined ? (await readKept(database, ledger, [row.version])).get(row.version) : undefined;
      const renamed = entry.renamed?.();
      const isIn = renamed !== undefined && kept !== undefined && hasTexts(options, renamed, kept);
      await changeLedgerSurely(options, database, ledger, {
        sql: deleteSql(ledger, row.version),
        isMade: (found) => found(row.version) === undefined,
      });
      return { entry, changed: true, ...(isIn ? { renamed } : { lost: kept }) };
    }
    if (row?.state === "applied") return { entry, changed: false };
    if (row === undefined) {
      if (entry.squashed !== undefined) {
        const made = await createLedger(database, ledger);
        await changeLedgerSurely(options, database, made, {
          sql: squashedSql(made, [entry.squashed], options.toolVersion).join("; "),
          isMade: (found) => found(entry.version)?.state === "applied",
        });
        return { entry, changed: true };
      }
      if (file === undefined) throw nothingToResolve(entry, "it has no file");
      await refuseInvalid(database, options, file);
      const created = await createLedger(database, ledger);
      const texts = recordedOf(options.projectDir, file);
      await changeLedgerSurely(options, database, created, {
        sql: insertSql(created, { ...file, ...texts }, options.toolVersion, { state: "applied", executionMs: "0" }),
        isMade: (found) => found(file.version)?.state === "applied",
      });
      return { entry, changed: true };
    }
    if (file !== undefined) await refuseInvalid(database, options, file);
    await changeLedgerSurely(options, database, ledger, {
      sql: updateSql(ledger, row.version, {
        state: "applied",
        ...(file === undefined ? {} : recordedOf(options.projectDir, file)),
      }),
      isMade: (found) => found(row.version)?.state === "applied",
    });
    return { entry, changed: true };
  });
}

/** Whether a file has all that the ledger has kept of a migration. */
function hasTexts({ projectDir }: MigrateOptions, file: MigrationFile, { source, sourceDown }: KeptText): boolean {
  const { kept } = recordedOf(projectDir, file);
  return kept.source === source && (sourceDown === null || kept.sourceDown === sourceDown);
}

/** An index that is there and invalid was not made. */
async function refuseInvalid(database: Database, { projectDir }: MigrateOptions, file: MigrationFile): Promise<void> {
  if (file.form !== "sql" && file.form !== "sql-pair") return;
  const { up } = await loadMigration(projectDir, file);
  if (up.kind !== "sql") return;
  const invalid = await invalidAmong(database, up.script.statements);
  if (invalid.length > 0) throw invalidInWay(invalid, "this migration is not applied as long as it is");
}

/** How an edited migration is accepted. */
export interface AcceptOptions {
  /** Although what runs is not what ran. */
  readonly different?: boolean;
  /**
   * Tells what two texts of a migration leave that is not the same, where their statements are not the same; throws what
   * keeps it from being told. Without it, ways back are not looked at.
   */
  readonly prove?: (applied: FormerFile, now: MigrationFile, way: Direction) => Promise<readonly string[]>;
  /** Told both texts before it is decided. */
  readonly onEdit?: (edit: Edit) => void;
}

/**
 * Records the file as it is now as the one that was applied.
 * @throws ConfitureError `accept_refused` where it does something else than what was applied, or nobody can tell
 */
export async function acceptEdited(
  options: MigrateOptions,
  version: string,
  { different = false, prove, onEdit }: AcceptOptions = {},
): Promise<PutRight & { readonly proven: readonly Direction[] }> {
  return await exclusively(options, async (database, found) => {
    const entry = requireKnown(await readHistory(database, found, options), version);
    const { file, row } = entry;
    if (entry.standing === "applied") return { entry, changed: false, proven: [] };
    if (entry.standing !== "edited" || file === undefined || row === undefined) throw notEdited(entry);
    if (different && row.state === "applying") throw editedOnTheWay(entry).with({ code: "accept_refused" });
    const now = recordedOf(options.projectDir, file);
    const before = (await readKept(database, found, [row.version])).get(row.version)?.source ?? undefined;
    const after = now.kept.source ?? undefined;
    onEdit?.({ version: entry.version, path: file.path, before, after });
    const applied = before === undefined ? undefined : formerFile(options.projectDir, file, before);
    const proven: Direction[] = [];
    for (const [way, find] of [["up", findDifference] as const, ["down", findOtherWayBack] as const]) {
      const difference = different ? undefined : find(file, applied, after ?? null);
      if (difference === undefined || (way === "down" && prove === undefined)) continue;
      await requireProof(difference, applied, file, (...texts) => prove?.(...texts, way));
      proven.push(way);
    }
    const ledger = await createLedger(database, found);
    await changeLedgerSurely(options, database, ledger, {
      sql: updateSql(ledger, row.version, { ...now, name: file.name }),
      isMade: (recorded) => recorded(row.version)?.checksum === now.checksum,
    });
    return { entry, changed: true, proven };
  });
}

/** @throws ConfitureError `accept_refused` with what differs, where that is not proven to come to the same */
async function requireProof(
  { error, isProvable }: Difference,
  applied: FormerFile | undefined,
  file: MigrationFile,
  prove: (applied: FormerFile, now: MigrationFile) => Promise<readonly string[]> | undefined,
): Promise<void> {
  if (!isProvable || applied === undefined) throw error;
  let differing: readonly string[] | undefined;
  try {
    differing = await prove(applied, file);
  } catch (cause) {
    const { message } = asFailure(cause);
    throw error.with({
      message: `${error.message}\nWhether it does the same to the schema could not be proven: ${message}`,
      cause,
    });
  }
  if (differing === undefined) throw error;
  if (differing.length === 0) return;
  const lines = differing.map((line) => `  ${line}`).join("\n");
  throw error.with({
    message: `${error.message}\nTried in a scratch database, that comes to something else:\n${lines}`,
  });
}

/** Why there is no edit to accept. */
function notEdited(entry: HistoryEntry): ConfitureError {
  switch (entry.standing) {
    case "missing":
      return nothingToResolve(entry, "its file is gone");
    case "squashed":
    case "lacking":
      return nothingToResolve(entry, "it was squashed into the base, and has no file");
    case "stopped":
      return nothingToResolve(entry, "it stopped half way, and waits for `confiture migrate resolve`");
    case "changed":
      return nothingToResolve(entry, "it runs again with the next `confiture migrate up`, because its file changed");
    default:
      return nothingToResolve(entry, "it was never applied here, so its file may still change");
  }
}

/** For a request to put right what is not wrong. */
export function nothingToResolve(entry: HistoryEntry, why: string): ConfitureError {
  return new ConfitureError("migration_unknown", `There is nothing to do for migration ${migrationId(entry)}: ${why}`, {
    hint: "`confiture migrate status` shows how each migration stands.",
  });
}
