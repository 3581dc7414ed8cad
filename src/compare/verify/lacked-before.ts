import type { Database } from "#database/database.ts";
import type { Target } from "#database/target.ts";
import { fingerprints } from "../catalogue/fingerprint.ts";
import type { ProjectFiles } from "../sources/sources.ts";
import { keyOfSchema } from "./built-before.ts";
import { keepKeyed, keyOf, readKeyed } from "./proven-state.ts";

/** Beside what `verify` keeps. */
const FILE = ".confiture/.built";

/** What the form of that file is called in its key; those of others do not count. */
const FORM = "1";

/** What an earlier run has found out about the same schema files and the same database. */
export interface LackedBefore {
  /** Whether it found everything there that the files make, and neither has changed. */
  readonly nothing: boolean;
  /**
   * Looks what the database is now, for as long as it is open.
   * @returns what remembers that nothing is lacking in it
   */
  readonly look: () => Promise<() => Promise<void>>;
}

const NOT_KEPT: LackedBefore = { nothing: false, look: async () => async () => {} };

/**
 * What was found counts as long as everything that it goes by is the same: the executable, the files' statements, and the rows
 * of the catalogue that define something. Of a server nothing is kept: those rows name objects by numbers, which another database
 * may have for others.
 * @param executable as for `findProven`
 * @param terms whatever else decides what counts as lacking
 */
export async function findLacked(
  files: ProjectFiles,
  target: Target,
  database: Database,
  { executable, terms }: { readonly executable: string | undefined; readonly terms: readonly unknown[] },
): Promise<LackedBefore> {
  const { scratch, projectDir } = files;
  const isKept = scratch.engine === "embedded" && scratch.like === undefined;
  if (!isKept || target.engine === "server" || target.path === undefined || executable === undefined) return NOT_KEPT;
  const schema = keyOfSchema(files, executable);
  if (schema === undefined) return NOT_KEPT;
  const key = keyOf([FORM, schema, target.path, terms]);
  const read = async (): Promise<string> => await (await fingerprints(database))();
  const kept = readKeyed(projectDir, FILE, [key]);
  return {
    // To read it takes less time where the catalogue has been read before.
    nothing: kept !== undefined && Buffer.from(kept.content).toString() === (await read()),
    async look() {
      const state = Buffer.from(await read());
      return async () => await keepKeyed(projectDir, FILE, key, state);
    },
  };
}
