import type { Database } from "#database/database.ts";
import { quoteQualified, reportedName } from "#sql/quote.ts";
import type { SyncPlan } from "../plan.ts";
import { readingAsPlanned } from "../reading-as-planned.ts";
import type { TableSize } from "./pieces.ts";
import { readingFailed } from "./reading-failed.ts";

/**
 * The sizes, with the rows of each table of which some are left out: PostgreSQL's estimate, or counted where it has none.
 * @param database may be in a transaction
 */
export async function withRowsThere(
  database: Database,
  { tables }: SyncPlan,
  sizes: readonly TableSize[],
): Promise<TableSize[]> {
  const cut = new Set(
    tables.flatMap((table) => (table.where === undefined ? [] : [quoteQualified(table.schema, table.name)])),
  );
  const all: TableSize[] = [];
  for (const size of sizes) {
    const name = quoteQualified(size.schema, size.name);
    const isKnown = size.rows !== null && (size.rows > 0 || size.bytes === 0);
    all.push(isKnown || !cut.has(name) ? size : { ...size, rows: await countIn(database, `only ${name}`) });
  }
  return all;
}

/**
 * How many rows of each table of which some are left out are copied, by its name for people.
 * @param database in no transaction
 * @throws ConfitureError `sync_source_failed`
 */
export async function countChosen(database: Database, plan: SyncPlan): Promise<ReadonlyMap<string, number>> {
  return await readingAsPlanned(database, plan, async () => {
    const chosen = new Map<string, number>();
    for (const { schema, name, where, query } of plan.tables) {
      if (where === undefined) continue;
      const shown = reportedName(schema, name);
      const rows = await countIn(database, `(${query}) chosen`).catch((error: unknown) => {
        throw readingFailed(error, shown);
      });
      chosen.set(shown, rows);
    }
    return chosen;
  });
}

async function countIn(database: Database, rows: string): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `select pg_catalog.count(*)::pg_catalog.float8 as count from ${rows}`,
  );
  return row?.count ?? 0;
}
