import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  closeSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { systemCode } from "./reason.ts";

/**
 * One change that is ready to be made: the content is in `from`, beside its place. Paths are relative to a root, so that
 * a journal is still right after the project was moved.
 */
export type Step =
  | { readonly kind: "create"; readonly from: string; readonly to: string }
  | { readonly kind: "move"; readonly from: string; readonly to: string; readonly was?: Was }
  /** `to` is where it stays until everything is done. */
  | { readonly kind: "remove"; readonly from: string; readonly to: string; readonly was?: Was }
  | {
      readonly kind: "replace";
      readonly was?: Was;
      readonly from: string;
      readonly to: string;
      /** Where the old file stays. */
      readonly keep: string;
      /** Whether it stays there only until everything is done. */
      readonly drop: boolean;
    };

/** A hash of the file that a change was decided on; null where there was none. Journals of older versions hold none. */
export type Was = string | null;

/** A hash of a file's content, by which it is known again. */
export function hashOf(path: string): Was {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return null;
  // Not of node:crypto, which takes 2 ms to load: every command comes by here.
  return Bun.SHA256.hash(readFileSync(path), "hex");
}

/** The file that a change takes away or writes over, where it is not what the change was decided on any more. */
export function changedSince(root: string, step: Step): string | undefined {
  if (step.kind === "create" || step.was === undefined) return undefined;
  // What was made already takes nothing away again.
  if (!existsSync(join(root, step.from))) return undefined;
  const path = step.kind === "replace" ? step.to : step.from;
  const now = hashOf(join(root, path));
  return now === null || now === step.was ? undefined : path;
}

/**
 * Makes a change. One that a killed process had made already, or half, is made once.
 * @param again whether a process before may have begun it
 * @throws the operating system's error, EEXIST where a new file's name is taken
 */
export function applyStep(root: string, step: Step, again: boolean): void {
  const from = join(root, step.from);
  const to = join(root, step.to);
  if (again && !existsSync(from)) return;
  if (step.kind !== "replace") return putAt(from, to);
  const keep = join(root, step.keep);
  const keeps = existsSync(to) && !(again && existsSync(keep));
  if (keeps) alsoAt(to, keep);
  try {
    renameSync(from, to);
  } catch (error) {
    if (keeps) rmSync(keep);
    throw error;
  }
}

/** Takes back what `applyStep` did; the content is beside its place again. */
export function undoStep(root: string, step: Step): void {
  const from = join(root, step.from);
  const to = join(root, step.to);
  renameSync(to, from);
  if (step.kind === "replace" && existsSync(join(root, step.keep))) renameSync(join(root, step.keep), to);
}

/** Removes what a step left beside its place. */
export function tidyStep(root: string, step: Step): void {
  if (step.kind === "create" || step.kind === "replace") removeFile(join(root, step.from));
  if (step.kind === "remove") removeFile(join(root, step.to));
  if (step.kind === "replace" && step.drop) removeFile(join(root, step.keep));
}

/** Removes a file of ours, if it is there. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    // A path that leads through a file leads to nothing, and a read-only file system took nothing.
    if (!["ENOENT", "ENOTDIR", "EROFS"].includes(systemCode(error))) throw error;
  }
}

/** Gives a file another name, at which nothing may be. */
function putAt(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (systemCode(error) === "EEXIST") {
      if (!isSame(from, to)) throw error;
    } else if (hasNoLinks(error)) {
      // The name is taken first, because a rename would replace what is there.
      closeSync(openSync(to, "wx"));
      renameSync(from, to);
      return;
    } else throw error;
  }
  rmSync(from);
}

/** Gives a file a second name. */
function alsoAt(path: string, second: string): void {
  try {
    linkSync(path, second);
  } catch (error) {
    if (!hasNoLinks(error)) throw error;
    copyFileSync(path, second, constants.COPYFILE_EXCL);
  }
}

/** File systems without hard links say so in several ways; a file of another owner may not be linked to, either. */
function hasNoLinks(error: unknown): boolean {
  return ["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "EINVAL"].includes(systemCode(error));
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [statSync(one), statSync(other)];
  return a.ino === b.ino && a.dev === b.dev;
}
