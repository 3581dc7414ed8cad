import { withTemporaryFolder } from "#files/temporary.ts";
import { baseFile } from "#migrate/base.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { loadMigration } from "#migrate/files/load.ts";

/**
 * Reads a text as the runner would read it in base.sql, for the time of `work`: what is long is read again when it runs.
 * @throws ConfitureError as `loadMigration`, and as `work`
 */
export async function withLoadedBase<T>(text: string, work: (base: LoadedMigration) => Promise<T>): Promise<T> {
  return await withTemporaryFolder(async ({ dir, write }) => {
    const file = baseFile("m");
    write(file.path, text);
    return await work(await loadMigration(dir, file));
  });
}
