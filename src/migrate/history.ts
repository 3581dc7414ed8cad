import { applyBaseline } from "./baselines.ts";
import type { MigrationFile } from "./migration-file.ts";
import type { LedgerRow } from "./ledger.ts";
import { canonicalVersion, compareVersions, isRepeatable } from "./version.ts";

/**
 * How a migration stands when files and ledger are laid side by side:
 * `edited`: applied, but the file's checksum is another now; `missing`: applied, but there is no file;
 * `changed`: a repeatable one whose file is another now, so that it is to run again;
 * `covered`: not applied, and never to be, since the database began with a baseline;
 * `out-of-order`: not applied, though a later one is; `stopped`: began outside a transaction and did not finish.
 */
export type Standing =
  | "applied"
  | "pending"
  | "edited"
  | "missing"
  | "changed"
  | "covered"
  | "out-of-order"
  | "stopped";

export interface HistoryEntry {
  readonly version: string;
  readonly name: string;
  readonly standing: Standing;
  readonly file: MigrationFile | undefined;
  readonly row: LedgerRow | undefined;
  /** The first line of the statement it stopped at; only for a SQL migration that stopped. */
  readonly stoppedAt?: string;
  /** That statement cannot share a transaction with its count, so it may be done all the same. */
  readonly uncertain?: boolean;
}

/**
 * Lays files and ledger side by side, in version order. Pure.
 * @param checksumOf called for files that the ledger has a checksum for, and only for those
 */
export function joinHistory(
  files: readonly MigrationFile[],
  rows: readonly LedgerRow[],
  checksumOf: (file: MigrationFile) => string,
): HistoryEntry[] {
  const unmatched = new Map(rows.map((row) => [canonicalVersion(row.version), row]));
  const newest = rows.reduce<string | undefined>(
    (max, row) =>
      !isRepeatable(row.version) && (max === undefined || compareVersions(row.version, max) > 0) ? row.version : max,
    undefined,
  );
  const { files: current, covered } = applyBaseline(files, rows, checksumOf);
  const entries: HistoryEntry[] = current.map((file) => {
    const row = unmatched.get(canonicalVersion(file.version));
    unmatched.delete(canonicalVersion(file.version));
    return { version: file.version, name: file.name, standing: standingOf(file, row), file, row };
  });
  for (const file of covered) {
    entries.push({ version: file.version, name: file.name, standing: "covered", file, row: undefined });
  }
  for (const row of unmatched.values()) {
    const standing = row.state === "applied" ? "missing" : "stopped";
    entries.push({ version: row.version, name: row.name, standing, file: undefined, row });
  }
  return entries.toSorted((a, b) => compareVersions(a.version, b.version));

  function standingOf(file: MigrationFile, row: LedgerRow | undefined): Standing {
    if (row === undefined) {
      if (newest === undefined || isRepeatable(file.version)) return "pending";
      return compareVersions(file.version, newest) < 0 ? "out-of-order" : "pending";
    }
    if (row.state !== "applied") return "stopped";
    if (row.checksum === null || row.checksum === checksumOf(file)) return "applied";
    return isRepeatable(file.version) ? "changed" : "edited";
  }
}
