import type { MigrateOptions } from "./exclusive.ts";
import { type Loss, lossesOf } from "./losses.ts";
import { loadAll } from "./load-all.ts";
import { planUp, type PlanUpOptions } from "./plan.ts";
import { status } from "./status.ts";

/**
 * What `up` would take away. Reads files and ledger, takes no lock: somebody who is asked may think for a while.
 * @throws ConfitureError as `up`, for everything that would stop it before the first migration
 */
export async function pendingLosses(options: MigrateOptions, plan: PlanUpOptions): Promise<Loss[]> {
  const { history } = await status(options);
  return await lossesOf(await loadAll(planUp(history, plan), "up", { ...options, onEvent: undefined }));
}
