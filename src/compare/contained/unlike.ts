import { asFailure } from "#errors/error.ts";
import { canonicalVersion, isBase } from "#migrate/files/version.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { startRun } from "../runs/scratch-run.ts";
import { withScratchSeries } from "../runs/scratch-series.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import { buildSchema, projectBase, projectMigrations } from "../sources/sources.ts";
import { requireTime } from "./clock.ts";
import type { ContainedOptions } from "./replayed.ts";

/**
 * What the schema files build otherwise than all migrations do, as far as it is no matter of those that the files do not hold yet.
 * Pure.
 * @param held what those lead to that the files hold
 * @param end what all lead to
 */
export function unlikeMigrations(
  held: Catalogue | undefined,
  end: Catalogue | undefined,
  built: Catalogue,
): Change[] | undefined {
  if (held === undefined || end === undefined) return undefined;
  const changes = compareCatalogues(end, built);
  if (held === end) return changes;
  const known = new Set(compareCatalogues(held, built).map(nameOfChange));
  return changes.filter((change) => known.has(nameOfChange(change)));
}

function nameOfChange({ change, kind, name }: Change): string {
  return `${change} ${kind} ${name}`;
}

/**
 * The same by running base and migrations once, where those that are recorded are taken to be held. What cannot be found out stops nothing.
 * @returns undefined where nobody can tell
 */
export async function unlikeInSchema(options: ContainedOptions): Promise<readonly Change[] | undefined> {
  const recorded = new Set(options.recorded.map(canonicalVersion));
  try {
    return await withScratchSeries(options, async (series) => {
      const run = await startRun(await series.empty(), options);
      let held: Catalogue | undefined;
      for (const file of [...projectBase(options), ...projectMigrations(options)]) {
        requireTime(options.clock);
        const isHeld = isBase(file.version) || recorded.has(canonicalVersion(file.version));
        if (!isHeld) held ??= await run.read();
        if ((await run.step(await loadWithinLimit(options, file), "up")) !== undefined) return undefined;
      }
      const end = await run.read();
      const database = await series.empty();
      await buildSchema(database, options);
      return unlikeMigrations(held ?? end, end, await readCatalogue(database));
    });
  } catch (error) {
    asFailure(error);
    return undefined;
  }
}
