import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { ApprovedPlan } from "../approval/approved-plan.ts";
import { isAskedFor, isDoneContract, requireContracts, WAITING } from "./held.ts";
import type { HistoryEntry } from "../history.ts";
import { type MigrationFile, migrationId } from "../files/migration-file.ts";
import { canonicalVersion } from "../files/version.ts";

/** The contracts that were asked for, when it was planned or now. */
export function withApproved(
  history: readonly HistoryEntry[],
  {
    approved,
    contracts,
  }: { readonly approved?: ApprovedPlan | undefined; readonly contracts?: readonly string[] | undefined },
): readonly string[] | undefined {
  if (approved === undefined) return contracts;
  const planned = new Set(approved.migrations.map(({ version }) => canonicalVersion(version)));
  const theirs = history.filter(
    ({ version, marks, standing }) =>
      marks?.phase === "contract" && WAITING.has(standing) && planned.has(canonicalVersion(version)),
  );
  return [...(contracts ?? []), ...theirs.map(({ version }) => version)];
}

/**
 * Without those that are done: whoever asks once more, not knowing how the last run ended, gets what was asked for.
 * @param options undefined where this run itself may have done them
 */
export function stillPending(
  history: readonly HistoryEntry[],
  contracts: readonly string[] = [],
  options?: { readonly projectDir: string },
): readonly string[] {
  return contracts.filter((name) => {
    try {
      requireContracts(history, [name]);
      return true;
    } catch {
      return options !== undefined && !isDoneContract(history, options.projectDir, name);
    }
  });
}

/** For a contract that somebody asked for and that waits for something else: a run that leaves it out has not done what it was to do. */
export function refuseHeldContract(
  held: readonly { readonly migration: MigrationFile; readonly why: string; readonly isAskedFor?: boolean }[],
  asked: readonly string[] | undefined,
): ConfitureError | undefined {
  const one = held.find((waiting) => waiting.isAskedFor === true);
  if (one === undefined || asked === undefined) return undefined;
  const { migration, why } = one;
  return new ConfitureError("contract_refused", `${migrationId(migration)} was asked for and waits: ${why}`, {
    location: { file: migration.path },
    hint: `It runs once nothing that it waits for is left out or under way: confiture migrate up --contract ${shellWord(asked.join(","))}`,
    data: { version: migration.version, why },
  });
}

/** For a contract that somebody asked for, and before which the time of the run was over. */
export function refuseUnreached(
  asked: readonly MigrationFile[] = [],
  results: readonly { readonly migration: MigrationFile; readonly outcome: string }[],
): ConfitureError | undefined {
  const first = asked.find(({ version }) => {
    return !results.some(({ migration, outcome }) => migration.version === version && outcome === "done");
  });
  if (first === undefined) return undefined;
  return new ConfitureError(
    "contract_refused",
    `${migrationId(first)} was asked for and has not run: the time was over before its turn came`,
    {
      location: { file: first.path },
      hint: "What was done stays. The same command goes on from there; --for gives it more time.",
      data: { version: first.version },
    },
  );
}

/** Those of some files that were asked for. Pure. */
export function askedAmong(
  files: readonly MigrationFile[],
  history: readonly HistoryEntry[],
  contracts: readonly string[] = [],
): readonly MigrationFile[] {
  const asked = new Set(history.filter((entry) => isAskedFor(entry, contracts)).map(({ version }) => version));
  return files.filter(({ version }) => asked.has(version));
}
