import { heldBack, isAskedFor } from "./held.ts";
import type { HistoryEntry } from "../history.ts";
import { type PlanUpOptions, requireKnown } from "../plan.ts";
import { compareVersions } from "../files/version.ts";
import type { HeldMigration } from "../run/report.ts";

/** What waits, of all that this run was asked for. */
export function heldWithin(history: readonly HistoryEntry[], plan: PlanUpOptions): HeldMigration[] {
  const to = plan.to === undefined ? undefined : requireKnown(history, plan.to).version;
  return [...heldBack(history, plan).values()].flatMap(({ entry, why }) => {
    const { file, version } = entry;
    if (file === undefined || (to !== undefined && compareVersions(version, to) > 0)) return [];
    return [{ migration: file, why, isAskedFor: isAskedFor(entry, plan.contracts ?? []) }];
  });
}
