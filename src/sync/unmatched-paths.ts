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
      for (const table of plan.tables) warnings.push(...(await unmatchedPaths(database, table)));
      return warnings;
    });
  } catch (error) {
    throw readingFailed(error);
  }
}

/**
 * What to say of the paths of a table that no row has.
 * @param source set up for the queries of the plan
 */
export async function unmatchedPaths(source: Database, table: SyncTable): Promise<string[]> {
  const warnings: string[] = [];
  for (const { name, inside = [], kept = [] } of table.columns) {
    const value = `source.${quoteIdentifier(name)}`;
    for (const { path, transform, values } of [...inside, ...kept.map((each) => ({ ...each, transform: "keep" }))]) {
      if (!(await matchesNothing(source, table, value, values))) continue;
      const shown = `${reportedName(table.schema, table.name, name)} ${path}`;
      warnings.push(`${shown} (${transform}): this path matched no row of the source; is it misspelt?`);
    }
  }
  return warnings;
}

/** Whether there are documents, and none has a value at a path. */
async function matchesNothing(source: Database, table: SyncTable, value: string, values: string): Promise<boolean> {
  const from = `from only ${quoteQualified(table.schema, table.name)} source`;
  const [row] = await source.query<{ nothing: boolean }>(
    `select exists (select ${from} where ${value} is not null)
        and not exists (select ${from}, lateral (${values}) each (v) where each.v is not null) as nothing`,
  );
  return row?.nothing === true;
}
