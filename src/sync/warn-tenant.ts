import type { Database } from "#database/database.ts";
import type { LossQuery, OthersQuery, SyncPlan } from "./plan.ts";
import { othersSentences } from "./rules/tenant-others.ts";
import { readingAsPlanned } from "./reading-as-planned.ts";
import { readingFailed } from "./run/reading-failed.ts";

/**
 * Counts rows that are not the tenant's and that the plan copies, and rows of the tenant that it leaves out, and says why it does.
 * @param database in no transaction
 * @throws ConfitureError `sync_source_failed`
 */
export async function warnOfTenant(database: Database, plan: SyncPlan): Promise<string[]> {
  const { losses = [], others = [] } = plan;
  if (losses.length + others.length === 0) return [];
  return await readingAsPlanned(database, plan, async () => {
    const count = async ({ sql, table }: LossQuery | OthersQuery): Promise<Readonly<Record<string, number>>> => {
      const [counts = {}] = await database.query<Readonly<Record<string, number>>>(sql).catch((error: unknown) => {
        throw readingFailed(error, table);
      });
      return counts;
    };
    const copied: number[] = [];
    for (const query of others) copied.push((await count(query))["rows"] ?? 0);
    const warnings = othersSentences(others, copied);
    for (const query of losses) {
      const { table, tenant, causes } = query;
      const counts = await count(query);
      const every = counts["every"] ?? 0;
      for (const [index, { because, ifAll }] of causes.entries()) {
        const lost = counts[`by${index}`] ?? 0;
        if (lost === 0 || (ifAll && lost < every)) continue;
        const are = `of ${every} ${every === 1 ? "row" : "rows"} of the tenant ${lost === 1 ? "is" : "are"}`;
        warnings.push(`${tenant}: ${lost} ${are} left out of ${table}, ${because}`);
      }
    }
    return warnings;
  });
}
