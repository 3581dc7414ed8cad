import { ConfitureError } from "#errors/error.ts";
import { withTemporaryFolder } from "#files/temporary.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { loadMigration } from "#migrate/files/load.ts";
import { loadWithinLimit } from "./runs/within-limit.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { FormerFile } from "#migrate/same-way-up.ts";
import { compareVersions } from "#migrate/files/version.ts";
import { effectInWords, nothingKnown, type UncomparedEffect } from "#sql/effects/uncompared.ts";
import { loadParser, type Parser } from "#sql/parser.ts";
import { uncomparedOf } from "./contained/loaded.ts";
import { compareCatalogues } from "./catalogue/changes.ts";
import { readState, type State } from "./contained/replayed.ts";
import { startRun } from "./runs/scratch-run.ts";
import { type ScratchSeries, withScratchSeries } from "./runs/scratch-series.ts";
import { projectBase, type ProjectFiles, projectMigrations } from "./sources/sources.ts";

/**
 * Whether a migration as it was applied and as its file is now do the same, schema and rows, on top of what is before it.
 * Both run in scratch databases.
 * @throws ConfitureError where one of them, or what is before it, does not run there, or does what no comparison shows
 */
export async function haveSameEffect(options: ProjectFiles, applied: FormerFile, now: MigrationFile): Promise<boolean> {
  const before: LoadedMigration[] = [];
  for (const file of [...projectBase(options), ...projectMigrations(options)]) {
    if (compareVersions(file.version, now.version) >= 0) continue;
    before.push(await loadWithinLimit(options, file));
  }
  return await withTemporaryFolder(async ({ dir, write }) => {
    write(applied.file.path, applied.text);
    // What is below its folder, such as its way back, is no concern.
    const { downPath: _, ...former } = applied.file;
    const versions = [await loadMigration(dir, former, options.signal), await loadWithinLimit(options, now)] as const;
    requireCompared(before, versions, await loadParser());
    return await withScratchSeries(options, async (series) => {
      const states: State[] = [];
      for (const migration of versions) states.push(await stateAfter(options, series, [...before, migration]));
      const [one, other] = states;
      return (
        one !== undefined &&
        other !== undefined &&
        compareCatalogues(one.catalogue, other.catalogue).length === 0 &&
        Bun.deepEquals(one.rows, other.rows) &&
        Bun.deepEquals(one.sequences, other.sequences)
      );
    });
  });
}

/**
 * What no comparison shows has to be the same in both texts.
 * @throws ConfitureError `accept_refused`
 */
function requireCompared(
  before: readonly LoadedMigration[],
  versions: readonly [applied: LoadedMigration, now: LoadedMigration],
  parser: Parser,
): void {
  const [applied, now] = versions.map((migration) => {
    const known = nothingKnown();
    for (const one of before) uncomparedOf(one, parser, known);
    return uncomparedOf(migration, parser, known);
  }) as [UncomparedEffect[], UncomparedEffect[]];
  const [was, is] = [applied.map(keyOf), now.map(keyOf)];
  const added = now.find((_, at) => is[at] !== was[at]);
  const removed = applied.find((_, at) => is[at] !== was[at]);
  const effect = added ?? removed;
  if (effect === undefined) return;
  throw new ConfitureError(
    "accept_refused",
    `${added === undefined ? "what was applied" : "it"} ${effectInWords(effect)}`,
  );
}

function keyOf({ statement, what }: UncomparedEffect): string {
  return [what, ...(statement?.tokens() ?? [])].join("\n");
}

async function stateAfter(
  options: ProjectFiles,
  series: ScratchSeries,
  migrations: readonly LoadedMigration[],
): Promise<State> {
  const database = await series.empty();
  const run = await startRun(database, options);
  for (const migration of migrations) {
    const error: ConfitureError | undefined = await run.step(migration, "up");
    if (error !== undefined) throw error;
  }
  return await readState(database, run);
}
