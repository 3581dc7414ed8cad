import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteQualified, reportedName } from "#sql/quote.ts";
import type { SyncPlan, SyncTable } from "./plan.ts";
import { readingAsPlanned } from "./reading-as-planned.ts";
import { readingFailed } from "./run/reading-failed.ts";

/**
 * Looks for paths of rules that no row of the source has, and says of each that it may be misspelt.
 * @param database in no transaction
 * @throws ConfitureError `sync_source_failed`
 */
export async function warnUnmatchedPaths(database: Database, plan: SyncPlan): Promise<string[]> {
  try {
    return await readingAsPlanned(database, plan, async () => {
      const warnings: string[] = [];
      for (const table of plan.tables) {
        for (const { name, inside = [] } of table.columns) {
          const value = `source.${quoteIdentifier(name)}`;
          for (const { path, transform, values } of inside) {
            if (await matchesNothing(database, table, value, values))
              warnings.push(unmatchedPath(`${reportedName(table.schema, table.name, name)} ${path}`, transform));
          }
        }
      }
      return warnings;
    });
  } catch (error) {
    throw readingFailed(error);
  }
}

/** What to say of a path that no row has. */
export function unmatchedPath(shown: string, transform: string): string {
  return `${shown} (${transform}): this path matched no row of the source; is it misspelt?`;
}

/** Whether there are documents, and none has a value at a path. */
export async function matchesNothing(
  source: Database,
  table: SyncTable,
  value: string,
  values: string,
): Promise<boolean> {
  const from = `from only ${quoteQualified(table.schema, table.name)} source`;
  const [row] = await source.query<{ nothing: boolean }>(
    `select exists (select ${from} where ${value} is not null)
        and not exists (select ${from}, lateral (${values}) each (v) where each.v is not null) as nothing`,
  );
  return row?.nothing === true;
}
