import type { MigrateOptions } from "../exclusive.ts";
import { beginningsOf } from "../beginnings.ts";
import { type Loss, lossesOf } from "./losses.ts";
import { loadAll } from "../files/load-all.ts";
import { planUp, type PlanUpOptions } from "../plan.ts";
import { withHistory } from "../status.ts";

/**
 * What `up` would take away. Reads files and ledger, takes no lock: somebody who is asked may think for a while.
 * @throws ConfitureError as `up`, for everything that would stop it before the first migration
 */
export async function pendingLosses(options: MigrateOptions, plan: PlanUpOptions): Promise<Loss[]> {
  return await withHistory(options, async ({ database, history }) => {
    const migrations = await loadAll(planUp(history, plan), "up", { ...options, onEvent: undefined });
    return await lossesOf(migrations, await beginningsOf(history, migrations, options), database);
  });
}
