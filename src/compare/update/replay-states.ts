import type { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { takeBack } from "../base/take-back.ts";
import { startRun } from "../runs/scratch-run.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import { buildSchema, projectBase, type ProjectFiles, projectMigrations } from "../sources/sources.ts";

/** Base and migrations, and what they run on. */
export interface Beginning {
  readonly base: LoadedMigration | undefined;
  readonly migrations: readonly LoadedMigration[];
  /** Whether they start from nothing; otherwise from what the schema files build, with what these hold of them taken back. */
  readonly fromNothing: boolean;
}

/** Base and migrations of the project. */
export async function loadHistory(options: ProjectFiles): Promise<Omit<Beginning, "fromNothing">> {
  const migrations: LoadedMigration[] = [];
  for (const file of projectMigrations(options)) migrations.push(await loadWithinLimit(options, file));
  const [base] = projectBase(options);
  return { migrations, base: base === undefined ? undefined : await loadWithinLimit(options, base) };
}

/** Stops between migrations. */
export interface Stops {
  /** Asked before each migration; false runs neither it nor any other one. */
  readonly before: (migration: LoadedMigration, read: () => Promise<Catalogue>) => Promise<boolean>;
  readonly after?: (migration: LoadedMigration, read: () => Promise<Catalogue>) => Promise<void>;
}

/**
 * Runs base and migrations once more, with a look at the states in between.
 * @returns what one failed with, behind which nothing is run; "stopped", or what reads the end
 */
export async function replayStates(
  options: ProjectFiles,
  series: ScratchSeries,
  { base, migrations, fromNothing }: Beginning,
  { before, after }: Stops,
): Promise<ConfitureError | "stopped" | (() => Promise<Catalogue>)> {
  const database = await series.empty();
  if (!fromNothing) await buildSchema(database, options);
  const run = await startRun(database, options);
  const read = (): Promise<Catalogue> => run.read();
  if (!fromNothing) await takeBack(run, migrations);
  if (base !== undefined) await run.step(base, "up");
  for (const migration of migrations) {
    if (!(await before(migration, read))) return "stopped";
    const error = await run.step(migration, "up");
    if (error !== undefined) return error;
    await after?.(migration, read);
  }
  return read;
}
