import type { Database } from "#database/database.ts";
import type { SyncPlan } from "./plan.ts";
import { readingAsPlanned } from "./reading-as-planned.ts";
import { readingFailed } from "./run/reading-failed.ts";

/**
 * Counts rows of the tenant that the plan leaves out, and says why it does.
 * @param database in no transaction
 * @throws ConfitureError `sync_source_failed`
 */
export async function warnOfLosses(database: Database, plan: SyncPlan): Promise<string[]> {
  const { losses = [] } = plan;
  if (losses.length === 0) return [];
  return await readingAsPlanned(database, plan, async () => {
    const warnings: string[] = [];
    for (const { table, tenant, sql, causes } of losses) {
      const [counts] = await database.query<Readonly<Record<string, number>>>(sql).catch((error: unknown) => {
        throw readingFailed(error, table);
      });
      const every = counts?.["every"] ?? 0;
      for (const [index, { because, ifAll }] of causes.entries()) {
        const lost = counts?.[`by${index}`] ?? 0;
        if (lost === 0 || (ifAll && lost < every)) continue;
        const are = `of ${every} ${every === 1 ? "row" : "rows"} of the tenant ${lost === 1 ? "is" : "are"}`;
        warnings.push(`${tenant}: ${lost} ${are} left out of ${table}, ${because}`);
      }
    }
    return warnings;
  });
}
