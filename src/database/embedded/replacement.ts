import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
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
 * @throws ConfitureError `embedded_in_use`
 */
export async function openReplacement(path: string, wait: number, options: GuardOptions = {}): Promise<Replacement> {
  const parent = dirname(resolve(path));
  await mkdir(parent, { recursive: true });
  const folder = existsSync(path) ? await realpath(path) : join(await realpath(parent), basename(resolve(path)));
  const guard = await guardFolder(folder, wait, options);
  await recoverReplaced(folder);
  const fresh = `${folder}.sync`;
  await rm(fresh, { recursive: true, force: true });
  const aside = asideOf(folder);
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

function asideOf(folder: string): string {
  return `${folder}.replaced`;
}
