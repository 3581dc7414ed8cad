import { existsSync } from "node:fs";
import { cp, readFile, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** The repository's root folder. */
export const ROOT = join(import.meta.dir, "..", "..");

/** PostgreSQL's programs of one major version: a folder with bin, lib and share. */
export interface Binaries {
  readonly folder: string;
  /** Put before a program's own arguments: PostgreSQL refuses to run as root. */
  readonly asOrdinaryUser: readonly string[];
}

/** The user that stands in for root: "nobody" on most systems, but only the number matters. */
export const ORDINARY_USER = 65534;

const isRoot = process.getuid?.() === 0;

/** The command line that starts a program as an ordinary user; empty when the tests run as one. */
export const AS_ORDINARY_USER: readonly string[] = isRoot
  ? ["setpriv", `--reuid=${ORDINARY_USER}`, `--regid=${ORDINARY_USER}`, "--clear-groups", "--"]
  : [];

/** The npm package of a major version for this machine (an alias in package.json). */
export function packageFolder(major: number): string {
  return join(ROOT, "node_modules", "@test", `postgres-${major}-${process.platform}-${process.arch}`);
}

/** Whether a server of this major version was installed for this machine. */
export function isInstalled(major: number): boolean {
  return existsSync(join(packageFolder(major), "native", "bin", "postgres"));
}

/**
 * PostgreSQL's programs, runnable by an ordinary user; they are copied to `spareFolder` when that user
 * cannot enter the checkout (below /root, for instance).
 */
export async function findBinaries(major: number, spareFolder: string): Promise<Binaries> {
  const packaged = join(packageFolder(major), "native");
  if (!isInstalled(major)) {
    throw new Error(`PostgreSQL ${major} is not installed for ${process.platform}-${process.arch} (${packaged})`);
  }
  await restoreSymlinks(packageFolder(major));
  if (isRunnable(packaged)) return { folder: packaged, asOrdinaryUser: AS_ORDINARY_USER };
  const copy = join(spareFolder, "native");
  await cp(packaged, copy, { recursive: true, verbatimSymlinks: true });
  return { folder: copy, asOrdinaryUser: AS_ORDINARY_USER };
}

function isRunnable(folder: string): boolean {
  const command = [...AS_ORDINARY_USER, join(folder, "bin", "postgres"), "--version"];
  return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore", cwd: "/" }).success;
}

/** npm packages hold no symlinks; the package's install script makes them, when install scripts are allowed. */
async function restoreSymlinks(packageRoot: string): Promise<void> {
  const list = join(packageRoot, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    if (existsSync(join(packageRoot, target))) continue;
    if (dirname(source) !== dirname(target)) throw new Error(`${list}: ${target} points out of its folder`);
    await symlink(basename(source), join(packageRoot, target)).catch((error: NodeJS.ErrnoException) => {
      // Another test process may have made it in the meantime.
      if (error.code !== "EEXIST") throw error;
    });
  }
}
