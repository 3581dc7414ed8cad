import { ConfitureError } from "#errors/error.ts";
import type { HistoryEntry } from "../history.ts";
import { marksOf } from "../files/marks-of.ts";
import type { Marks } from "./phase.ts";
import { migrationId } from "../files/migration-file.ts";
import { canonicalVersion, compareVersions } from "../files/version.ts";

/** What `up` leaves out for the time being. */
export interface HoldOptions {
  /** Contracts that somebody asked for, by change, version or name. */
  readonly contracts?: readonly string[] | undefined;
  /** Whether contracts run without being asked for. */
  readonly contractsByThemselves?: boolean | undefined;
  /** `without` leaves backfills out, `only` everything else. */
  readonly backfills?: "without" | "only" | undefined;
  /** Backfills that another runner works on. */
  readonly busy?: ReadonlySet<string> | undefined;
}

/** A migration that is not run for the time being. */
export interface Held {
  readonly entry: HistoryEntry;
  /** Completes "NAME waits: ". */
  readonly why: string;
}

/** How a migration stands that `up` is to run. */
export const WAITING: ReadonlySet<string> = new Set(["pending", "out-of-order", "changed", "filling"]);

/**
 * Which of the migrations that are to be run have to wait, by version. What does not say what it comes behind waits for
 * everything before it that waits, but for contracts: those may wait for weeks. Pure but for what `mentions` reads.
 * @throws ConfitureError `migration_invalid` for an `after` that names no migration before it
 */
export function heldBack(history: readonly HistoryEntry[], options: HoldOptions): ReadonlyMap<string, Held> {
  const held = new Map<string, Held>();
  const waiting = history.filter(({ standing }) => WAITING.has(standing));
  let blocker: HistoryEntry | undefined;
  for (const entry of waiting) {
    const why = reasonFor(entry);
    if (why === undefined) continue;
    held.set(canonicalVersion(entry.version), { entry, why });
    // It is in nobody's list of what comes before, so what comes behind it may build on it.
    if (entry.marks === undefined) blocker ??= entry;
  }
  return held;

  function reasonFor(entry: HistoryEntry): string | undefined {
    const { marks, version } = entry;
    for (const after of marks?.after ?? []) {
      const before = requireBefore(entry, after);
      const heldBefore = held.get(after);
      if (heldBefore !== undefined) return `after ${migrationId(before)}`;
    }
    const sameChange =
      marks?.change === undefined
        ? undefined
        : [...held.values()].find((other) => other.entry.marks?.change === marks.change);
    if (sameChange !== undefined) return `after ${migrationId(sameChange.entry)}, of the same change`;
    const runsByItself = options.contractsByThemselves === true;
    if (marks?.phase === "contract" && !runsByItself && !isAskedFor(entry, options.contracts ?? [])) {
      const ask = `(confiture migrate up --contract ${marks.change ?? version})`;
      return isReady(entry, marks)
        ? `the new release can go out; when the old one is gone, somebody has to ask for it ${ask}`
        : `until somebody asks for it ${ask}`;
    }
    if (marks?.backfill !== undefined) {
      if (options.busy?.has(canonicalVersion(version)) === true) return "another runner works on it";
      if (options.backfills === "without") return "--no-backfill leaves it out";
      if (options.backfills === "only") {
        const first = waiting.find(
          (other) =>
            compareVersions(other.version, version) < 0 &&
            other.marks?.backfill === undefined &&
            other.marks?.phase !== "contract",
        );
        if (first !== undefined) return `after ${migrationId(first)}, which --only-backfill leaves out`;
      }
    } else if (options.backfills === "only") return "--only-backfill leaves it out";
    if (blocker !== undefined && marks === undefined) return `after ${migrationId(blocker)}`;
    if (marks === undefined) {
      const filled = [...held.values()].find(({ entry: { marks: other } }) => {
        return other?.backfill !== undefined && entry.mentions?.(other.backfill.table.name) !== false;
      });
      if (filled !== undefined) return `after ${migrationId(filled.entry)}, since it names the same table`;
    }
    return undefined;
  }

  /** Whether all that a contract comes behind is done, so that both releases may work. */
  function isReady({ version }: HistoryEntry, { change, after }: Marks): boolean {
    return !history.some(
      (other) =>
        other.standing !== "applied" &&
        compareVersions(other.version, version) < 0 &&
        (other.marks === undefined ||
          (change !== undefined && other.marks.change === change) ||
          after.includes(canonicalVersion(other.version))),
    );
  }

  function requireBefore(entry: HistoryEntry, after: string): HistoryEntry {
    const before = history.find((other) => canonicalVersion(other.version) === after);
    if (before !== undefined && compareVersions(before.version, entry.version) < 0) return before;
    throw new ConfitureError(
      "migration_invalid",
      `${migrationId(entry)} is to run after ${after}, ${before === undefined ? "which does not exist" : "which does not come before it"}`,
      {
        location: entry.file === undefined ? undefined : { file: entry.file.path },
        hint: "Correct after: on its marker.",
      },
    );
  }
}

/** Whether a contract is one of those that somebody named, by change, version or name. */
export function isAskedFor({ marks, version, name }: HistoryEntry, contracts: readonly string[]): boolean {
  if (marks?.phase !== "contract") return false;
  return contracts.some(
    (asked) =>
      asked === marks?.change ||
      asked === name ||
      asked === migrationId({ version, name }) ||
      (/^\d/.test(asked) && canonicalVersion(asked) === canonicalVersion(version)),
  );
}

/** Whether somebody asks for a contract that has run. Reads the marks of files. */
export function isDoneContract(history: readonly HistoryEntry[], projectDir: string, asked: string): boolean {
  return history.some((entry) => {
    if (entry.standing !== "applied" || entry.file === undefined) return false;
    const marks = marksOf(projectDir, entry.file);
    return marks?.phase === "contract" && isAskedFor({ ...entry, marks }, [asked]);
  });
}

/** @throws ConfitureError `migration_unknown` for a contract that was asked for and is not there, or done */
export function requireContracts(history: readonly HistoryEntry[], asked: readonly string[]): void {
  const contracts = history.filter(({ marks, standing }) => marks?.phase === "contract" && WAITING.has(standing));
  for (const name of asked) {
    if (contracts.some((entry) => isAskedFor(entry, [name]))) continue;
    const known = contracts.map(({ marks, version }) => marks?.change ?? version);
    throw new ConfitureError("migration_unknown", `There is no pending contract "${name}"`, {
      hint: known.length === 0 ? "No contract is pending." : `Pending contracts: ${known.join(", ")}`,
    });
  }
}
