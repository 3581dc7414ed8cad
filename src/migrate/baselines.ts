import type { LedgerRow } from "./ledger/ledger.ts";
import type { MigrationFile } from "./files/migration-file.ts";
import { canonicalVersion, compareVersions } from "./files/version.ts";

/** Migrations with what a baseline stands for set apart. Both in version order. */
export interface Baselined {
  readonly files: readonly MigrationFile[];
  /** Not recorded, and not to be: the baseline did what they do. */
  readonly covered: readonly MigrationFile[];
}

/**
 * An empty database begins with the newest baseline instead of the migrations up to its version; any other database
 * passes baselines over. One that was run has a row with its checksum. Pure.
 * @param files in version order
 */
export function applyBaseline(
  files: readonly MigrationFile[],
  rows: readonly LedgerRow[],
  checksumOf: (file: MigrationFile) => string,
): Baselined {
  const baselines = files.filter(({ baseline }) => baseline === true);
  if (baselines.length === 0) return { files, covered: [] };
  const others = files.filter(({ baseline }) => baseline !== true);
  const recorded = new Map(rows.map((row) => [canonicalVersion(row.version), row]));
  const wasRun = (file: MigrationFile): boolean => {
    const row = recorded.get(canonicalVersion(file.version));
    if (row === undefined) return false;
    const twin = others.some((other) => compareVersions(other.version, file.version) === 0);
    return !twin || row.checksum === checksumOf(file);
  };
  const inForce = rows.length === 0 ? baselines.at(-1) : baselines.findLast(wasRun);
  if (inForce === undefined) return { files: others, covered: [] };
  const isCovered = ({ version }: MigrationFile): boolean =>
    compareVersions(version, inForce.version) <= 0 && !recorded.has(canonicalVersion(version));
  const isTwin = ({ version }: MigrationFile): boolean => compareVersions(version, inForce.version) === 0;
  const rest = others.filter((file) => !isCovered(file) && !isTwin(file));
  return {
    files: [...rest, inForce].toSorted((a, b) => compareVersions(a.version, b.version)),
    covered: others.filter((file) => isCovered(file) && !isTwin(file)),
  };
}

/** The migrations that lead from nothing to where all of them lead: a baseline only where what it stands for is gone. */
export function fromNothing(files: readonly MigrationFile[]): readonly MigrationFile[] {
  const newest = files.findLast(({ baseline }) => baseline === true);
  if (newest === undefined) return files;
  const others = files.filter(({ baseline }) => baseline !== true);
  const isWhole = others.some(({ version }) => compareVersions(version, newest.version) <= 0);
  return isWhole ? others : files.filter((file) => file === newest || file.baseline !== true);
}
