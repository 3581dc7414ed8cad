import type { ConfitureError } from "#errors/error.ts";
import { withTemporaryFolder } from "#files/temporary.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { loadMigration } from "#migrate/files/load.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { withScratch } from "#scratch/scratch.ts";
import { startRun } from "../runs/scratch-run.ts";
import { prepareSource, projectBase, type ProjectFiles, projectMigrations, type Source } from "../sources/sources.ts";

/**
 * Tries generated migrations out where they will have to run: in a copy of a database in use, without its rows, after what is
 * pending there.
 * @returns what stops them, if anything does
 * @throws ConfitureError `rebuild_failed` where there can be no copy
 */
export async function tryOnDatabase(
  options: ProjectFiles,
  database: Extract<Source, { kind: "live" }>,
  pending: readonly MigrationFile[],
  texts: readonly string[],
): Promise<ConfitureError | undefined> {
  return (await tryAfter(options, database, pending, texts))?.error;
}

/**
 * Tries generated migrations out behind base and migrations, where every new database runs them.
 * @returns what stops them; undefined where nothing does, or where the others stop before them
 */
export async function tryOnHistory(
  options: ProjectFiles,
  texts: readonly string[],
): Promise<ConfitureError | undefined> {
  const before = [...projectBase(options), ...projectMigrations(options)];
  const stopped = await tryAfter(options, { kind: "empty" }, before, texts);
  return stopped === undefined || stopped.at < before.length ? undefined : stopped.error;
}

async function tryAfter(
  options: ProjectFiles,
  source: Source,
  before: readonly MigrationFile[],
  texts: readonly string[],
): Promise<{ readonly error: ConfitureError; readonly at: number } | undefined> {
  return await withTemporaryFolder(async ({ dir, write }) => {
    for (const [index, text] of texts.entries()) write(`m/${index + 1}_trial.sql`, text);
    const migrations: LoadedMigration[] = [];
    for (const file of before) migrations.push(await loadWithinLimit(options, file));
    for (const file of discoverMigrations(dir, "m", "confiture").migrations) {
      migrations.push(await loadMigration(dir, file));
    }
    return await withScratch(options, async (scratch) => {
      await prepareSource(scratch, options, source);
      const run = await startRun(scratch, options);
      // Versions may be those of the project's own: none of them is to be found recorded.
      for (const [at, { file, ...rest }] of migrations.entries()) {
        const error = await run.step({ ...rest, file: { ...file, version: String(at + 1) } }, "up");
        if (error !== undefined) return { error, at };
      }
      return undefined;
    });
  });
}
