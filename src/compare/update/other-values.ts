import type { Database } from "#database/database.ts";
import { mayHoldChance, withoutValues } from "../contained/chance.ts";
import { notBuilt, readRowHashes, rowsOf } from "../contained/rows.ts";
import { settleBoth } from "../contained/same-values.ts";
import { writtenColumns } from "../contained/written.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import { buildSchema, type ProjectFiles } from "../sources/sources.ts";
import { anotherRun } from "../verify/another-run.ts";
import type { ReplayedFiles } from "../verify/replay-ways.ts";

/**
 * Rows that migrations leave with values of their own in columns with computed defaults, where the schema files build these rows with
 * other values: as `verify` tells them.
 * @param left what base and migrations have led to
 * @returns "1 row of public.t"
 */
export async function findOtherValues(
  options: ProjectFiles,
  series: ScratchSeries,
  replayed: ReplayedFiles,
  left: Database,
): Promise<string[]> {
  const { migrations, beginning } = replayed;
  const written = await writtenColumns([...(beginning === undefined ? [] : [beginning]), ...migrations]);
  const reading = { written, chance: "each" } as const;
  const rows = await readRowHashes(left, SCRATCH_LEDGER, reading);
  if (!mayHoldChance(rows)) return [];
  const database = await series.empty();
  await buildSchema(database, options);
  const built = await readRowHashes(database, SCRATCH_LEDGER, reading);
  const both = await settleBoth(
    { left: rows, built },
    anotherRun(series, { ...replayed, reading }, Number.POSITIVE_INFINITY),
  );
  // Rows that are not there at all are told otherwise.
  const lacking = notBuilt(withoutValues(both.left), withoutValues(both.built));
  return [...notBuilt(both.left, both.built)].flatMap(([table, keys]) => {
    const others = keys.size - (lacking.get(table)?.size ?? 0);
    return others > 0 ? [rowsOf(others, table)] : [];
  });
}
