import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import type { ScratchRun } from "../runs/scratch-run.ts";
import type { WayBack } from "../runs/there-and-back.ts";
import { isOverLimit, limitingCode, type TimeLimit, withinLimit } from "../runs/within-limit.ts";
import type { Meter } from "./meter.ts";
import { inOneTransaction } from "./one-transaction.ts";
import { dependsOnRows, type RowsInTheWay } from "./rows-in-the-way.ts";

interface WayBackOptions {
  readonly meter: Meter;
  readonly rows: RowsInTheWay;
  readonly limit: TimeLimit;
  readonly signal: AbortSignal | undefined;
}

/**
 * Tries the way back of a migration that is about to be traced: in one transaction with the way there, which is taken back, also where
 * the runner would use none or several (`inOneTransaction`). Where rows stand in the way of the migration itself, once more without them.
 * @returns undefined where there is none, or it cannot be tried so
 */
export async function wayBackOf(
  run: ScratchRun,
  database: Database,
  migration: LoadedMigration,
  { meter, rows, limit, signal }: WayBackOptions,
): Promise<WayBack> {
  const { file } = migration;
  if (migration.down === undefined || limit.reached.has(file.path)) return undefined;
  const whole = await asOne(migration, limit, signal);
  if (whole?.up.kind !== "sql" || whole.down?.kind !== "sql") return undefined;
  const { up, down } = whole;
  const statements = [...up.script.statements, ...down.script.statements];
  if (statements.some((statement) => database.leavesOut?.why(statement) !== undefined)) return undefined;
  const key = `way back of ${file.path}`;
  const attempt = async (prepare: () => Promise<void>): Promise<WayBack | "rows"> => {
    if (limit.reached.has(key)) return undefined;
    let found: WayBack;
    try {
      await withinLimit(database, limit, key, async () => {
        found = await run.tryWayBack(whole, prepare);
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

/** Code that does not end is told where its statements are. */
async function asOne(
  migration: LoadedMigration,
  limit: TimeLimit,
  signal: AbortSignal | undefined,
): Promise<LoadedMigration | undefined> {
  try {
    return await limitingCode(migration.file, limit, signal, (within) => inOneTransaction(migration, within));
  } catch (error) {
    if (isOverLimit(error)) return undefined;
    throw error;
  }
}
