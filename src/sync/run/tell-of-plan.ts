import type { Database } from "#database/database.ts";
import { type DocumentPaths, lookAtDocuments } from "../document-paths.ts";
import type { SyncPlan } from "../plan.ts";
import type { SyncOptions } from "./report.ts";

/**
 * What a plan does that somebody may not expect.
 * @param source in no transaction
 * @throws ConfitureError `sync_source_failed`
 */
export async function aboutPlan(source: Database, plan: SyncPlan): Promise<DocumentPaths> {
  const { warnings, notes } = await lookAtDocuments(source, plan);
  return { warnings: [...plan.warnings, ...warnings], notes };
}

/** Tells it while a run goes on, but for what was told before. */
export function tell(
  { warnings, notes }: DocumentPaths,
  { onEvent, told }: Pick<SyncOptions, "onEvent" | "told">,
): void {
  for (const message of warnings) if (told?.warnings.includes(message) !== true) onEvent({ type: "warning", message });
  for (const message of notes) if (told?.notes.includes(message) !== true) onEvent({ type: "note", message });
}
