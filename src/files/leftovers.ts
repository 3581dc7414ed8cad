import { existsSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { removeDeadLock, withFolderLock } from "./lock.ts";
import { fateOf, KEY_PATTERN, ownerKey } from "./owner.ts";
import { cannotWrite, systemCode } from "./reason.ts";
import { applyStep, changedSince, type Step, tidyStep } from "./step.ts";

/** Several changes that belong together. */
export interface Journal {
  readonly steps: readonly Step[];
  /** Folders that are made for them or emptied by them, and go where nothing is in them; outermost first, relative to the root. */
  readonly folders: readonly string[];
}

/** How names of files end that nobody but this folder of the code knows. */
type Ending =
  /** What becomes a file. */
  | "new"
  /** What was a file. */
  | "old"
  /** A journal of changes that may be taken back. */
  | "begun"
  /** A journal of changes that are to be finished. */
  | "decided";

const PREFIX = ".confiture-";
const NAME = new RegExp(`^\\.confiture-(${KEY_PATTERN})-\\d+\\.(new|old|begun|decided)$`);

/** What a process left on another machine is out of use after a day. */
const OUTDATED_MS = 24 * 60 * 60 * 1000;

let number = 0;

/** A name beside a file, of this process alone. */
export function beside(path: string, ending: Ending): string {
  return join(dirname(path), `${PREFIX}${ownerKey()}-${++number}.${ending}`);
}

/** A journal that was begun becomes one that is decided: the moment from which the changes count as made. */
export function decide(begun: string): string {
  const decided = begun.replace(/\.begun$/, ".decided");
  renameSync(begun, decided);
  return decided;
}

/** Removes what killed processes left in a folder that is written to. */
export function sweepFolder(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(PREFIX) || !/\.(new|old)$/.test(name) || !isLeftOver(folder, name)) continue;
    rmSync(join(folder, name), { force: true });
  }
}

/** What was finished of commands that were broken off. */
export interface Finished {
  /** Files that were made, replaced, moved or removed now. */
  readonly changed: readonly string[];
  /** Files that somebody has edited, written or put back since, which stay as they are. */
  readonly kept: readonly string[];
}

/**
 * Finishes the changes in `root` that killed processes had decided on, takes back those that they had only begun, and
 * removes their lock. A file that was edited since stays; where it was to be replaced, nothing that comes after it is done.
 * Costs a look at the folder where there are none.
 * @throws ConfitureError `file_unreadable`
 */
export async function finishChanges(root: string): Promise<Finished> {
  const finished = { changed: [] as string[], kept: [] as string[] };
  if (leftJournals(root).length === 0) removeDeadLock(root, ".");
  else {
    await withFolderLock(root, ".", async () => {
      // Another command may have been quicker.
      for (const name of leftJournals(root)) finish(root, name, finished);
    });
  }
  return finished;
}

function leftJournals(root: string): string[] {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch {
    // What is wrong with the folder is said by whoever needs it.
    return [];
  }
  return names.filter((name) => name.startsWith(PREFIX) && /\.(begun|decided)$/.test(name) && isLeftOver(root, name));
}

function isLeftOver(folder: string, name: string): boolean {
  const fate = fateOf(NAME.exec(name)?.[1] ?? "");
  if (fate !== "elsewhere") return fate === "gone";
  const { mtimeMs } = statSync(join(folder, name), { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
  return NAME.test(name) && Date.now() - mtimeMs > OUTDATED_MS;
}

function finish(root: string, name: string, finished: { changed: string[]; kept: string[] }): void {
  try {
    const journal = readJournal(join(root, name));
    if (journal !== undefined && name.endsWith(".decided")) {
      for (const step of journal.steps) {
        const edited = changedSince(root, step);
        if (edited !== undefined) {
          finished.kept.push(edited);
          // What comes after it may take away what the new one would have held.
          if (step.kind === "replace") break;
          continue;
        }
        if (!existsSync(join(root, step.from))) continue;
        const path = step.kind === "remove" || step.kind === "move" ? step.from : step.to;
        (finishStep(root, step) ? finished.changed : finished.kept).push(path);
      }
    }
    for (const step of journal?.steps ?? []) tidyStep(root, step);
    removeEmptyFolders(root, journal?.folders ?? []);
    rmSync(join(root, name), { force: true });
  } catch (cause) {
    throw cannotWrite(name, cause);
  }
}

/**
 * Somebody may have written a file of the same name since, or put one back that was removed already; that one stays.
 * @returns whether it was done
 */
function finishStep(root: string, step: Step): boolean {
  try {
    applyStep(root, step, true);
    return true;
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    return false;
  }
}

/** Undefined where the process was killed while it wrote the journal: then it had done nothing else. */
function readJournal(path: string): Journal | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Journal;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Why a folder may stay: it holds something, is gone, or lies where nothing can be removed. */
const STAYS: ReadonlySet<string> = new Set(["ENOTEMPTY", "EEXIST", "ENOENT", "EROFS", "EACCES", "EPERM"]);

/** @param folders outermost first; those that hold something stay */
export function removeEmptyFolders(root: string, folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    try {
      rmdirSync(join(root, folder));
    } catch (error) {
      if (!STAYS.has(systemCode(error))) throw error;
    }
  }
}
