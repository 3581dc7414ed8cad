import type { Database } from "#database/database.ts";
import type { BeyondQuery, LossQuery, OthersQuery, SyncPlan } from "./plan.ts";
import { beyondSentences } from "./rules/beyond-condition.ts";
import { othersSentences } from "./rules/tenant-others.ts";
import { readingAsPlanned } from "./reading-as-planned.ts";
import { readingFailed } from "./run/reading-failed.ts";

/** What a plan has to say without a look at rows: of what they come to, what may be. */
export function uncountedWarnings({ warnings, others = [], beyond = [] }: SyncPlan): string[] {
  return [...warnings, ...beyondSentences(beyond), ...othersSentences(others)];
}

/**
 * What a plan has to say: rows are counted that conditions do not take and that the plan copies all the same, that are not the tenant's,
 * and that are the tenant's and left out.
 * @param database in no transaction
 * @throws ConfitureError `sync_source_failed`
 */
export async function countedWarnings(database: Database, plan: SyncPlan): Promise<string[]> {
  const { losses = [], others = [], beyond = [] } = plan;
  if (losses.length + others.length + beyond.length === 0) return [...plan.warnings];
  return await readingAsPlanned(database, plan, async () => {
    const count = async ({
      sql,
      table,
    }: LossQuery | OthersQuery | BeyondQuery): Promise<Readonly<Record<string, number>>> => {
      const [counts = {}] = await database.query<Readonly<Record<string, number>>>(sql).catch((error: unknown) => {
        throw readingFailed(error, table);
      });
      return counts;
    };
    const rowsOf = async (queries: readonly (OthersQuery | BeyondQuery)[]): Promise<number[]> => {
      const rows: number[] = [];
      for (const query of queries) rows.push((await count(query))["rows"] ?? 0);
      return rows;
    };
    const warnings = [
      ...plan.warnings,
      ...beyondSentences(beyond, await rowsOf(beyond)),
      ...othersSentences(others, await rowsOf(others)),
    ];
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
