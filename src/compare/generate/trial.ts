import type { ConfitureError } from "#errors/error.ts";
import { withTemporaryFolder } from "#files/temporary.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { loadMigration } from "#migrate/files/load.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { withScratch } from "#scratch/scratch.ts";
import { startRun } from "../runs/scratch-run.ts";
import { prepareSource, type ProjectFiles, type Source } from "../sources/sources.ts";

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
  return await withTemporaryFolder(async ({ dir, write }) => {
    for (const [index, text] of texts.entries()) write(`m/${index + 1}_trial.sql`, text);
    const migrations: LoadedMigration[] = [];
    for (const file of pending) migrations.push(await loadWithinLimit(options, file));
    for (const file of discoverMigrations(dir, "m", "confiture").migrations) {
      migrations.push(await loadMigration(dir, file));
    }
    return await withScratch(options, async (scratch) => {
      await prepareSource(scratch, options, database);
      const run = await startRun(scratch, options);
      // Versions may be those of the project's own: none of them is to be found recorded.
      for (const [index, { file, ...rest }] of migrations.entries()) {
        const error = await run.step({ ...rest, file: { ...file, version: String(index + 1) } }, "up");
        if (error !== undefined) return error;
      }
      return undefined;
    });
  });
}
