import { accessSync, constants, existsSync } from "node:fs";
import { mkdir, readdir, readFile, realpath, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { changeFiles } from "#files/change.ts";
import { openFileLimit } from "#files/descriptor.ts";
import { hintFor, reasonOf } from "#files/reason.ts";
import { syncFolder, syncTree } from "#files/sync.ts";
import { recoverReplaced } from "./replacement.ts";
import { guardFolder, type GuardOptions, NEEDS_WRITING } from "./guard.ts";
import { loadAssets } from "./load.ts";

/** The folder of the tool's own files in a project; what is in it is never committed. */
const OWN_FOLDER = ".confiture";

/** PostgreSQL's major version inside the executable. */
const MAJOR = "18";

/** Files that are written side by side. */
const AT_ONCE = 16;

/** How many files PostgreSQL has open at most (`max_files_per_process`), and the fewest that it can do with. */
const FILES_OF_POSTGRES = 1000;
const LEAST_FILES = 64;
/** How many everything else in this process may have open beside it. */
const OTHER_FILES = 64;

/** A data folder that is ready to be started on, and kept for this process. */
export interface DataFolder {
  readonly path: string;
  /** How many of its files PostgreSQL may have open at once; undefined for its own choice. */
  readonly mostFiles: number | undefined;
  release(): void;
}

/**
 * Takes the data folder `path` for this process and makes it a database cluster if it is none yet.
 * @param wait how long to wait for another process that has it, in milliseconds
 * @throws ConfitureError `embedded_in_use`; `embedded_failed` when the folder is something else
 */
export async function openDataFolder(path: string, wait: number, options: GuardOptions = {}): Promise<DataFolder> {
  const mostFiles = filesOfPostgres(path);
  const folder = await makeParent(resolve(path));
  requireWritable(folder);
  const guard = await guardFolder(folder, wait, options);
  try {
    await recoverReplaced(folder);
    await initialise(folder);
    return { path: folder, mostFiles, release: () => guard.release() };
  } catch (error) {
    guard.release();
    throw explained(error, folder);
  }
}

/** When the system refuses it one more file, PostgreSQL cannot go on here: it must never come to that. */
function filesOfPostgres(folder: string): number | undefined {
  const limit = openFileLimit();
  if (limit === undefined || limit >= FILES_OF_POSTGRES + OTHER_FILES) return undefined;
  const rest = limit - OTHER_FILES;
  if (rest >= LEAST_FILES) return rest;
  throw new ConfitureError(
    "embedded_failed",
    `The embedded PostgreSQL cannot work on ${folder}: this process may open only ${limit} files at once`,
    {
      hint: `It needs ${LEAST_FILES + OTHER_FILES}: raise the limit (ulimit -n 1024), then run it again. Nothing was changed.`,
    },
  );
}

/** The folder's one true name, so that links do not lead around the guard. */
async function makeParent(folder: string): Promise<string> {
  try {
    if (existsSync(folder)) return await realpath(folder);
    const parent = dirname(folder);
    await mkdir(parent, { recursive: true });
    await hideFromGit(parent);
    return join(await realpath(parent), basename(folder));
  } catch (error) {
    throw explained(error, folder);
  }
}

async function hideFromGit(parent: string): Promise<void> {
  for (let folder = parent; folder !== dirname(folder); folder = dirname(folder)) {
    if (basename(folder) !== OWN_FOLDER) continue;
    // One that is there already says what its owner wants; half of one, on a full disk, would be taken for that.
    await changeFiles(folder, [{ kind: "create", path: ".gitignore", content: "*\n" }]).catch(() => {});
    return;
  }
}

/** Whoever may only read it would get as far as PostgreSQL's own lock file, and no word of what is in the way. */
function requireWritable(folder: string): void {
  for (const path of [dirname(folder), folder, ...WRITTEN.map((name) => join(folder, name))]) {
    try {
      if (existsSync(path)) accessSync(path, constants.W_OK);
    } catch (error) {
      throw new ConfitureError(
        "embedded_failed",
        `The database in ${folder} cannot be opened: ${reasonOf(error)} (${path})`,
        {
          hint: `${NEEDS_WRITING}\nWhere that cannot be, copy the folder while no confiture is running, and name the copy: cp -R ${shellWord(folder)} FOLDER, and path: FOLDER in the environment file. Nothing was changed.`,
          cause: error,
        },
      );
    }
  }
}

/** Some of what PostgreSQL writes to whenever it starts and ends. */
const WRITTEN = ["PG_VERSION", "postmaster.pid", "global/pg_control"];

/** Makes sure that the folder holds a cluster. A failure on the way leaves nothing, a crash nothing under the folder's name. */
async function initialise(folder: string): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  // Only the holder of the guard makes one, so this is left over.
  await rm(unfinished, { recursive: true, force: true });

  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (names !== undefined && names.length > 0) {
    await checkCluster(folder, names);
    return;
  }

  try {
    await writeCluster(unfinished);
    // An empty folder may be in the way.
    if (names !== undefined) await rmdir(folder);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  syncFolder(dirname(folder));
}

async function writeCluster(folder: string): Promise<void> {
  const { cluster } = await loadAssets();
  const files = await cluster();
  const owner = { mode: 0o700, recursive: true };
  await mkdir(folder, owner);
  for (const { path } of files) if (path.endsWith("/")) await mkdir(join(folder, path), owner);
  await forEach(
    files.filter(({ path }) => !path.endsWith("/")),
    ({ path, view }) => writeFile(join(folder, path), view(), { mode: 0o600 }),
  );
  // PostgreSQL relies on every file of a cluster being on the disk that it has not written itself.
  await syncTree(folder);
}

async function checkCluster(folder: string, names: readonly string[]): Promise<void> {
  if (!names.includes("PG_VERSION")) {
    throw new ConfitureError("embedded_failed", `${folder} is not empty and holds no database`, {
      hint: "The embedded engine needs a folder of its own. Name another one; nothing in this one was touched.",
    });
  }
  const version = (await readFile(join(folder, "PG_VERSION"), "utf8")).trim();
  if (version !== MAJOR) {
    throw new ConfitureError("embedded_failed", `${folder} was made by PostgreSQL ${version}`, {
      hint:
        `The embedded engine is PostgreSQL ${MAJOR} and does not read other versions' folders. ` +
        "Name another folder, or delete this one and build again; nothing in it was touched.",
    });
  }
  const owner = await readFile(join(folder, "postmaster.pid"), "utf8").catch(() => undefined);
  if (owner === undefined) return;
  // A server writes its process id there, the embedded engine a negative number.
  if (Number.parseInt(owner, 10) > 0) {
    throw new ConfitureError("embedded_failed", `${folder} belongs to a PostgreSQL server`, {
      hint: "The embedded engine needs a folder of its own. Name another one; nothing in this one was touched.",
    });
  }
  // Whoever had it open did not close it, and recovery must not build on what only the system's memory holds.
  await syncTree(folder);
}

async function forEach<T>(files: readonly T[], work: (file: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < files.length; i += AT_ONCE) {
    // All are waited for, also where one has failed: nobody may write where it is cleared away.
    for (const result of await Promise.allSettled(files.slice(i, i + AT_ONCE).map(work))) {
      if (result.status === "rejected") throw result.reason;
    }
  }
}

function explained(error: unknown, folder: string): ConfitureError {
  if (error instanceof ConfitureError) return error;
  return new ConfitureError("embedded_failed", `The data folder ${folder} cannot be used: ${reasonOf(error)}`, {
    hint: hintFor(error),
    cause: error,
  });
}
