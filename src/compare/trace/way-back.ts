import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { backfillOf, type LoadedMigration } from "#migrate/files/body.ts";
import type { ScratchRun } from "../scratch/scratch-run.ts";
import type { WayBack } from "../scratch/there-and-back.ts";
import { isOverLimit, type TimeLimit, withinLimit } from "../scratch/within-limit.ts";
import type { Meter } from "./meter.ts";
import { dependsOnRows, type RowsInTheWay } from "./rows-in-the-way.ts";

/**
 * Tries the way back of a migration that is about to be traced: in one transaction with the way there, which is taken back. Where rows stand
 * in the way of the migration itself, once more without them.
 * @returns undefined where there is none, or it cannot be tried so
 */
export async function wayBackOf(
  run: ScratchRun,
  database: Database,
  migration: LoadedMigration,
  { meter, rows, limit }: { readonly meter: Meter; readonly rows: RowsInTheWay; readonly limit: TimeLimit },
): Promise<WayBack> {
  const { file, up, down } = migration;
  if (up.kind !== "sql" || down?.kind !== "sql" || backfillOf(up) !== undefined) return undefined;
  const statements = [...up.script.statements, ...down.script.statements];
  if (statements.some((statement) => database.leavesOut?.why(statement) !== undefined)) return undefined;
  const key = `way back of ${file.path}`;
  const attempt = async (prepare: () => Promise<void>): Promise<WayBack | "rows"> => {
    if (limit.reached.has(key)) return undefined;
    let found: WayBack;
    try {
      await withinLimit(database, limit, key, async () => {
        found = await run.tryWayBack(migration, prepare);
      });
      return found;
    } catch (error) {
      // What keeps it from being applied is told of its statements.
      if (!(error instanceof ConfitureError) || (error.code !== "sql_failed" && !isOverLimit(error))) throw error;
      return dependsOnRows(error) ? "rows" : undefined;
    }
  };
  const found = await attempt(async () => {});
  if (found !== "rows") return found;
  const tables = meter.tables().filter((table) => rows.isMadeUp(table));
  const again = await attempt(() => rows.remove(database, tables));
  return again === "rows" ? undefined : again;
}
