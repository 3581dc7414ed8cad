import type { Database } from "#database/database.ts";
import { lookAtDocuments } from "../document-paths.ts";
import type { SyncPlan } from "../plan.ts";
import type { SyncOptions } from "./report.ts";

/**
 * Tells what a plan does that somebody may not expect.
 * @param source in no transaction
 * @throws ConfitureError `sync_source_failed`
 */
export async function tellOfPlan(
  source: Database,
  plan: SyncPlan,
  options: Pick<SyncOptions, "onEvent">,
): Promise<void> {
  for (const message of plan.warnings) options.onEvent({ type: "warning", message });
  await tellOfDocuments(source, plan, options);
}

/** Of that, what is seen in documents alone. */
export async function tellOfDocuments(
  source: Database,
  plan: SyncPlan,
  { onEvent }: Pick<SyncOptions, "onEvent">,
): Promise<void> {
  const { warnings, notes } = await lookAtDocuments(source, plan);
  for (const message of warnings) onEvent({ type: "warning", message });
  for (const message of notes) onEvent({ type: "note", message });
}
