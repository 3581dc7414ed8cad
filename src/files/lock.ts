import { closeSync, mkdirSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { fateOf, numberOf, ownerKey } from "./owner.ts";
import { cannotWrite } from "./reason.ts";

const NAME = ".confiture-lock";
const POLL_MS = 10;
/** A lock is held for as long as files are written: milliseconds, or seconds for thousands of files on a slow disk. */
const PATIENCE_MS = 60_000;
/** After this long a lock whose holder cannot be seen (another machine, or cut off while it wrote its name) is a dead one. */
const OUTDATED_MS = 30_000;

/**
 * Does something while no other process that asks for the same lock does. The folder is made where it is missing.
 * A lock whose holder is gone holds nobody up.
 * @throws ConfitureError `file_unreadable`
 */
export async function withFolderLock<T>(folder: string, shown: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, NAME);
  const deadline = performance.now() + PATIENCE_MS;
  while (!tryLock(folder, path, shown)) {
    if (performance.now() > deadline) throw heldTooLong(path, shown);
    await Bun.sleep(POLL_MS * (0.5 + Math.random()));
  }
  try {
    return await work();
  } finally {
    unlinkSync(path);
  }
}

/**
 * Removes the lock that a process left which was killed while it held it: nobody may write there for long, and the file
 * lies between the project's own.
 * @throws ConfitureError `file_unreadable`
 */
export function removeDeadLock(folder: string, shown: string): void {
  try {
    remove(join(folder, NAME));
  } catch (cause) {
    throw cannotWrite(shown, cause);
  }
}

function tryLock(folder: string, path: string, shown: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    return create(path) || (remove(path) && create(path));
  } catch (cause) {
    throw cannotWrite(shown === "." ? folder : shown, cause);
  }
}

/** Whether the lock was free, and is this process's now. */
function create(path: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  try {
    writeSync(descriptor, `${ownerKey()} ${nonce()}\n`);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(descriptor);
  }
  return true;
}

/**
 * Removes a lock whose holder is gone. Whoever does that holds a lock on doing it, so that of two who see the same dead
 * lock none removes the new one of the other.
 */
function remove(path: string): boolean {
  const seen = holderOf(path);
  if (seen === undefined) return true;
  if (!isDead(path, seen)) return false;
  const right = `${path}-gone`;
  if (!create(right) && !(remove(right) && create(right))) return false;
  try {
    if (holderOf(path) === seen) unlinkSync(path);
  } finally {
    unlinkSync(right);
  }
  return true;
}

function holderOf(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function isDead(path: string, holder: string): boolean {
  const fate = holder.endsWith("\n") ? fateOf(holder.split(" ")[0]!) : "elsewhere";
  if (fate !== "elsewhere") return fate === "gone";
  const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
  return Date.now() - mtimeMs > OUTDATED_MS;
}

/** Tells apart two locks of one process. */
function nonce(): string {
  return Math.random().toString(36).slice(2);
}

function heldTooLong(path: string, shown: string): ConfitureError {
  const holder = numberOf(holderOf(path) ?? "");
  const who = Number.isNaN(holder) ? "another confiture" : `another confiture (process ${holder})`;
  return new ConfitureError("file_unreadable", `Cannot write in ${shown}: ${who} has been writing there for a minute`, {
    hint: `If there is no such process, delete ${path}`,
  });
}
