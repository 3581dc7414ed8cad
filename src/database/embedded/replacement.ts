import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { syncFolder } from "#files/sync.ts";
import { guardFolder, type GuardOptions } from "./guard.ts";

/** A data folder that is to take another one's place. */
export interface Replacement {
  /** Where the new one is made. */
  readonly path: string;
  /** Puts it in the place of the old one, which is removed. Nobody may have it open. */
  swap(): Promise<void>;
  /** Removes the new one. */
  abandon(): Promise<void>;
}

/**
 * Keeps a data folder for this process and makes room for a new one beside it, without what a killed process left there.
 * @param wait how long to wait for another process that has it, in milliseconds
 * @throws ConfitureError `embedded_in_use`; `embedded_failed` where something else than an embedded database would be removed
 */
export async function openReplacement(path: string, wait: number, options: GuardOptions = {}): Promise<Replacement> {
  const parent = dirname(resolve(path));
  await mkdir(parent, { recursive: true });
  const folder = existsSync(path) ? await realpath(path) : join(await realpath(parent), basename(resolve(path)));
  const fresh = `${folder}.sync`;
  const aside = asideOf(folder);
  await requireOwn(folder, true);
  for (const left of [fresh, aside]) await requireOwn(left, false);
  const guard = await guardFolder(folder, wait, options);
  await recoverReplaced(folder);
  await rm(fresh, { recursive: true, force: true });
  return {
    path: fresh,
    async swap() {
      try {
        if (existsSync(folder)) await rename(folder, aside);
        await rename(fresh, folder);
        syncFolder(dirname(folder));
        await rm(aside, { recursive: true, force: true });
        await rm(`${fresh}.lock`, { force: true });
      } finally {
        guard.release();
      }
    },
    async abandon() {
      await rm(fresh, { recursive: true, force: true });
      await rm(`${fresh}.lock`, { force: true });
      guard.release();
    },
  };
}

/**
 * Finishes what a process left that was killed while it put a new data folder in the place of another: the old one is back where the
 * new one had not come yet. To be called by whoever has the guard.
 */
export async function recoverReplaced(folder: string): Promise<void> {
  const aside = asideOf(folder);
  if (!existsSync(aside)) return;
  if (existsSync(folder)) await rm(aside, { recursive: true, force: true });
  else await rename(aside, folder);
}

/** What PostgreSQL has in its data folder. */
const OF_CLUSTER =
  /^(?:PG_VERSION|base|global|log|pg_[a-z_]+|pg_(?:hba|ident)\.conf|postgresql(?:\.auto)?\.conf(?:\.tmp)?|postmaster\.(?:pid|opts)|current_logfiles)$/;

/**
 * Stops where a folder is to be removed that is no embedded database, or holds more than that.
 * @param isWhole whether it is a database as it is used, and not what is left of one
 */
async function requireOwn(folder: string, isWhole: boolean): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [] as string[];
    throw new ConfitureError("embedded_failed", `The folder ${folder} cannot be replaced: ${error.message}`, {
      hint: NOTHING_REMOVED,
      cause: error,
    });
  });
  if (names.length === 0) return;
  const other = names.toSorted().find((name) => !OF_CLUSTER.test(name));
  const why =
    other !== undefined
      ? `holds "${other}", which is of no database`
      : isWhole && !names.includes("PG_VERSION")
        ? "holds no database"
        : (await isOfServer(folder))
          ? "belongs to a PostgreSQL server"
          : undefined;
  if (why === undefined) return;
  throw new ConfitureError("embedded_failed", `${folder} would be removed for a new database, and ${why}`, {
    hint: NOTHING_REMOVED,
  });
}

const NOTHING_REMOVED = "The embedded engine needs a folder of its own. Name another one; nothing was changed.";

/** A server writes its process id there, the embedded engine a negative number. */
async function isOfServer(folder: string): Promise<boolean> {
  const owner = await readFile(join(folder, "postmaster.pid"), "utf8").catch(() => "");
  return Number.parseInt(owner, 10) > 0;
}

function asideOf(folder: string): string {
  return `${folder}.replaced`;
}
