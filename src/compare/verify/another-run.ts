import type { Database } from "#database/database.ts";
import { mayHoldChance } from "../contained/chance.ts";
import { goesByClock, readRowHashes } from "../contained/rows.ts";
import type { BothRows } from "../contained/same-values.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import { buildSchema } from "../sources/sources.ts";
import { type ReplayedFiles, replayMigrations } from "./replay-ways.ts";

/** More are not run a second time: their rows are compared without the values that this would tell from chance. */
export const MOST = 300;

/**
 * Runs base and migrations once more, and builds once more, for the rows alone.
 * @returns undefined where that would take too long
 */
export function anotherRun(
  series: ScratchSeries,
  files: ReplayedFiles,
  most = MOST,
): (() => Promise<BothRows>) | undefined {
  if (files.migrations.length > most) return undefined;
  return async () => {
    files.onStep?.("Telling values from chance");
    const plain = { ...files, isTested: () => false, begin: undefined, atEnd: undefined, onlooker: undefined };
    const { replay } = await replayMigrations(plain, series, true);
    const database = await series.empty();
    await buildSchema(database, files);
    return { left: replay.rows ?? new Map(), built: await readRowHashes(database, SCRATCH_LEDGER, files.reading) };
  };
}

/** Whether rows count for the same when a later run begins with this database: the clock's time would be another, and chance the same. */
export async function isSameLater(database: Database, { migrations, reading }: ReplayedFiles): Promise<boolean> {
  if (await goesByClock(database)) return false;
  return migrations.length > MOST || !mayHoldChance(await readRowHashes(database, SCRATCH_LEDGER, reading));
}
