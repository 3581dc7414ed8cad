import type { Location } from "#errors/error.ts";
import { applyBaseline } from "./baselines.ts";
import type { Progress } from "./fill/progress.ts";
import type { LockHolder } from "./run/lock.ts";
import { type MigrationFile, migrationId, type SquashedMigration } from "./files/migration-file.ts";
import type { LedgerRow } from "./ledger/ledger.ts";
import type { Origin } from "./import/origin.ts";
import type { Marks } from "./phases/phase.ts";
import { BASE_VERSION, canonicalVersion, compareVersions, isBase, isRepeatable } from "./files/version.ts";

/**
 * How a migration stands when files and ledger are laid side by side:
 * `edited`: applied, but the file's checksum is another now; `missing`: applied, but there is no file;
 * `changed`: a repeatable one whose file is another now, so that it is to run again;
 * `covered`: not applied, and never to be, since the database began with a baseline;
 * `squashed`: applied, and its file is gone into the base; `lacking`: gone into the base, and not applied here;
 * `out-of-order`: not applied, though a later one is; `stopped`: began outside a transaction and did not finish;
 * `filling`: a backfill that has begun and goes on with the next run.
 */
export type Standing =
  | "applied"
  | "pending"
  | "edited"
  | "missing"
  | "changed"
  | "covered"
  | "squashed"
  | "lacking"
  | "out-of-order"
  | "stopped"
  | "filling";

/** A statement that a migration stopped at: several of a file may begin with the same line. */
export interface StoppedAt {
  readonly firstLine: string;
  readonly place: Location;
}

export interface HistoryEntry {
  readonly version: string;
  readonly name: string;
  readonly standing: Standing;
  readonly file: MigrationFile | undefined;
  readonly row: LedgerRow | undefined;
  /** What the base says of it, where its file is gone into that. */
  readonly squashed?: SquashedMigration;
  /** The statement it stopped at; only for a SQL migration that stopped. */
  readonly stoppedAt?: StoppedAt;
  /** That statement cannot share a transaction with its count, so it may be done all the same. */
  readonly uncertain?: boolean;
  /** What its marker says about phases; only of one that is still to be run. */
  readonly marks?: Marks | undefined;
  /** Whether its text has a word in it; only of one that is still to be run. */
  readonly mentions?: (word: string) => boolean;
  /** How far a backfill has come; only where `status` is asked. */
  readonly progress?: Progress | undefined;
  /** Whoever works on a backfill at this moment; only where `status` is asked. */
  readonly worker?: LockHolder | undefined;
  /** There is nothing to go on with: its file is gone, or runs in a transaction now. */
  readonly isOver?: boolean;
  /** Finds the file that has exactly its text under another version; only where no file of its own has that text. */
  readonly renamed?: () => MigrationFile | undefined;
}

/** What is asked about files, and only where the ledger does not settle it without. */
export interface FileFacts {
  /** Called for files that the ledger has a checksum for. */
  checksumOf(file: MigrationFile): string;
  /** Where an imported file comes from; called where a row is missing or has another checksum. */
  originOf(file: MigrationFile): Origin | undefined;
}

/**
 * Lays files and ledger side by side, in version order. A file that was imported from another tool's folder also counts
 * as the one that it was then. Pure.
 * @param base the base, where it is to be run or was
 * @param squashed what it stands for, also in a database that did not begin with it
 */
export function joinHistory(
  files: readonly MigrationFile[],
  allRows: readonly LedgerRow[],
  facts: FileFacts,
  base?: MigrationFile,
  squashed: readonly SquashedMigration[] = [],
): HistoryEntry[] {
  const rows = allRows.filter(({ version }) => !isBase(version));
  const { files: current, covered } = applyBaseline(files, rows, (file) => facts.checksumOf(file));
  const { rowOf, unmatched } = matchRows(current, rows, facts);
  // What ran again before it was imported has a number since, and was behind all others in every run.
  const inOrder = [...rowOf].flatMap(([file, row]) => (isRepeatable(row.version) ? [] : [file]));
  const newest = [...inOrder, ...unmatched].reduce<string | undefined>(
    (max, { version }) =>
      !isRepeatable(version) && (max === undefined || compareVersions(version, max) > 0) ? version : max,
    undefined,
  );
  // The newest migration that a baseline stood for which is gone since: a database that began with it has no others.
  let begunAt: string | undefined;
  const entries: HistoryEntry[] = current.map((file) => {
    const row = rowOf.get(file);
    return { version: file.version, name: file.name, standing: standingOf(file, row), file, row };
  });
  for (const file of covered) {
    entries.push({ version: file.version, name: file.name, standing: "covered", file, row: undefined });
  }
  const gone = new Set(squashed);
  const names = namesOf(squashed);
  for (const row of unmatched) {
    const { version, name } = row;
    const known = (names.get(canonicalVersion(version)) ?? []).filter(({ inBase }) => gone.has(inBase));
    const same = known.find(({ checksum }) => row.checksum === null || row.checksum === checksum);
    const taken = same ?? known[0];
    if (taken !== undefined) gone.delete(taken.inBase);
    const standing = row.state !== "applied" ? "stopped" : same !== undefined ? "squashed" : "missing";
    entries.push({ version, name, standing, file: undefined, row, ...(same && { squashed: same.inBase }) });
  }
  const begun = allRows.find(({ version }) => isBase(version));
  // A database that begins now begins with all of them.
  for (const inBase of begun === undefined && base !== undefined ? [] : gone) {
    const { version, name } = inBase;
    entries.push({ version, name, standing: "lacking", file: undefined, row: undefined, squashed: inBase });
  }
  return [
    ...(begun === undefined && base === undefined ? [] : [beginning(base, begun)]),
    ...entries.map(withBaseline).map(withRenamed),
  ].toSorted((a, b) => compareVersions(a.version, b.version));

  function standingOf(file: MigrationFile, row: LedgerRow | undefined): Standing {
    if (row === undefined) {
      if (newest === undefined || isRepeatable(file.version)) return "pending";
      if (compareVersions(file.version, newest) >= 0) return "pending";
      return isRepeatable(facts.originOf(file)?.before?.version ?? "") ? "pending" : "out-of-order";
    }
    if (row.state !== "applied") return "stopped";
    if (row.checksum === null || row.checksum === facts.checksumOf(file)) return "applied";
    const origin = facts.originOf(file);
    if (origin?.isAsWritten === true) {
      if (row.checksum === origin.before?.checksum) return "applied";
      if (origin.baselines.some(({ checksum }) => checksum === row.checksum)) {
        begunAt = file.version;
        return "applied";
      }
    }
    return isRepeatable(row.version) && (origin === undefined || origin.isAsWritten) ? "changed" : "edited";
  }

  function withBaseline(entry: HistoryEntry): HistoryEntry {
    const isBefore = begunAt !== undefined && compareVersions(entry.version, begunAt) < 0;
    return isBefore && entry.row === undefined && entry.standing === "out-of-order"
      ? { ...entry, standing: "covered" }
      : entry;
  }

  function withRenamed(entry: HistoryEntry): HistoryEntry {
    const { row, standing } = entry;
    if (standing !== "edited" && standing !== "missing") return entry;
    if (row === undefined || row.checksum === null || isRepeatable(row.version)) return entry;
    const renamed = (): MigrationFile | undefined => {
      const open = current.filter((file) => !rowOf.has(file) && !isRepeatable(file.version));
      const same = open.filter((file) => facts.checksumOf(file) === row.checksum);
      return same.find(({ name }) => name === row.name) ?? (same.length === 1 ? same[0] : undefined);
    };
    return { ...entry, renamed };
  }
}

/** Squashed migrations by the versions that ledgers have for them: their own, then those from before they were imported. */
function namesOf(squashed: readonly SquashedMigration[]): ReadonlyMap<string, readonly SquashedName[]> {
  const own = squashed.map((inBase): SquashedName => ({ inBase, version: inBase.version, checksum: inBase.checksum }));
  const former = squashed.flatMap((inBase): SquashedName[] =>
    inBase.formerly === undefined ? [] : [{ inBase, ...inBase.formerly }],
  );
  return Map.groupBy([...own, ...former], ({ version }) => canonicalVersion(version));
}

interface SquashedName extends Pick<SquashedMigration, "version" | "checksum"> {
  readonly inBase: SquashedMigration;
}

/** Migrations that stopped half way, by their ids. Pure. */
export function stoppedIn(history: readonly HistoryEntry[]): string[] {
  return history.filter(({ standing }) => standing === "stopped").map(migrationId);
}

/** The command that runs what is open. One that is older than what ran has to be asked for. */
export function upCommand(history: readonly HistoryEntry[]): string {
  const isLate = history.some(({ standing }) => standing === "out-of-order");
  return `confiture migrate up${isLate ? " --allow-out-of-order" : ""}`;
}

/** The row of each file: that of its version, or of the version that it had before it was imported. */
function matchRows(
  files: readonly MigrationFile[],
  rows: readonly LedgerRow[],
  facts: FileFacts,
): { readonly rowOf: ReadonlyMap<MigrationFile, LedgerRow>; readonly unmatched: readonly LedgerRow[] } {
  const unmatched = new Map(rows.map((row) => [canonicalVersion(row.version), row]));
  const rowOf = new Map<MigrationFile, LedgerRow>();
  const match = (file: MigrationFile, version: string | undefined): void => {
    const row = version === undefined || rowOf.has(file) ? undefined : unmatched.get(canonicalVersion(version));
    if (row === undefined) return;
    rowOf.set(file, row);
    unmatched.delete(canonicalVersion(row.version));
  };
  for (const file of files) match(file, file.version);
  if (unmatched.size === 0) return { rowOf, unmatched: [] };
  for (const file of files) {
    if (rowOf.has(file)) continue;
    const origin = facts.originOf(file);
    match(file, origin?.before?.version);
    for (const { version } of origin?.baselines ?? []) match(file, version);
  }
  return { rowOf, unmatched: [...unmatched.values()] };
}

/** It may move forward, or go, after a database has begun with it: that is none of that database's concern. */
function beginning(file: MigrationFile | undefined, row: LedgerRow | undefined): HistoryEntry {
  const standing = row === undefined ? "pending" : row.state === "applied" ? "applied" : "stopped";
  return { version: BASE_VERSION, name: "", standing, file, row };
}
