import { ConfitureError } from "#errors/error.ts";
import { withTemporaryFolder } from "#files/temporary.ts";
import { baseFile } from "#migrate/base.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { loadMigration } from "#migrate/files/load.ts";

/** What a loaded base is called where it is run. */
const LOADED = baseFile("m");

/**
 * Reads a text as the runner would read it in base.sql, for the time of `work`: what is long is read again when it runs.
 * @param path of the file that it is to be, which errors name
 * @throws ConfitureError as `loadMigration`, and as `work`
 */
export async function withLoadedBase<T>(
  text: string,
  path: string,
  work: (base: LoadedMigration) => Promise<T>,
): Promise<T> {
  return await withTemporaryFolder(async ({ dir, write }) => {
    write(LOADED.path, text);
    try {
      return await work(await loadMigration(dir, LOADED));
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.location?.file !== LOADED.path) throw error;
      throw error.with({ location: { ...error.location, file: path } });
    }
  });
}
