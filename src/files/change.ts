import { existsSync, mkdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { beside, decide, type Journal, removeEmptyFolders, sweepFolder } from "./leftovers.ts";
import { notRegular } from "./read.ts";
import { cannotWrite } from "./reason.ts";
import { applyStep, hashOf, removeFile, type Step, tidyStep, undoStep } from "./step.ts";
import { stampOf } from "./stamps.ts";
import { syncFolder } from "./sync.ts";
import { requireWritable } from "./writable.ts";

/** What a file gets. Pieces are written as they come; when making one fails, nothing is written. */
export type Content = string | Uint8Array | Iterable<string | Uint8Array>;

/** A change to one file. Paths are relative to the root that goes with it, or absolute. */
export type FileChange =
  /** A new file; one that is there already is an error. */
  | { readonly kind: "create"; readonly path: string; readonly content: Content }
  /** Over what is there, which stays under the name `backup` where one is given. */
  | { readonly kind: "replace"; readonly path: string; readonly content: Content; readonly backup?: string }
  /** Under another name, at which nothing is. */
  | { readonly kind: "move"; readonly path: string; readonly to: string }
  /** Gone. */
  | { readonly kind: "remove"; readonly path: string };

/** So many files are written at a time: they share the waiting for the disk. */
const AT_ONCE = 32;

/**
 * Makes all of these changes or none. What is written is written beside its place, brought to the disk and then given
 * its name, so that a process that is killed, or a machine that stops, leaves the old or the new of each file. Several
 * files are noted in a journal in `root`: what a killed process had decided is finished by the next command
 * (`finishChanges`), what it had only begun is removed.
 * @param emptied folders that go when nothing is left in them, outermost first; relative to the root
 * @throws ConfitureError `file_unreadable`, `file_not_regular`, and `file_changed` where somebody has saved one of them meanwhile;
 * nothing is changed then. What the making of a piece throws
 */
export async function changeFiles(
  root: string,
  changes: readonly FileChange[],
  emptied: readonly string[] = [],
): Promise<void> {
  const all = changes.map((change) => ({ change, step: planned(root, change) }));
  requireWritable(root, changes);
  const steps = all.map(({ step }) => (changes.length > 1 ? withHash(root, step) : step));
  const paths = changes.flatMap((change) => (change.kind === "move" ? [change.path, change.to] : [change.path]));
  const folders = new Set(paths.map((path) => dirname(resolve(root, path))));
  const made = missingFolders(folders).map((folder) => below(root, folder));
  const stamps = steps.map((step) => stampBefore(root, step));
  const journal: Journal = { steps, folders: [...emptied, ...made] };
  let note = changes.length > 1 ? beside(join(root, "journal"), "begun") : undefined;
  const done: Step[] = [];
  try {
    if (note !== undefined) await naming(".", writeSynced(note, JSON.stringify(journal), undefined));
    for (const folder of folders) {
      await naming(below(root, folder), () => {
        if (mkdirSync(folder, { recursive: true }) === undefined) sweepFolder(folder);
      });
    }
    for (let from = 0; from < all.length; from += AT_ONCE) {
      await allOf(all.slice(from, from + AT_ONCE).map(({ change, step }) => prepare(root, change, step)));
    }
    // What was written took a while, and an editor may have saved.
    for (const [index, step] of steps.entries()) {
      if (stampBefore(root, step) !== stamps[index]) throw changedMeanwhile(changes[index]!.path);
    }
    if (note !== undefined) {
      note = decide(note);
      syncFolder(root);
    }
    for (const { change, step } of all) {
      await naming(change.path, () => applyStep(root, step, false));
      done.push(step);
    }
    for (const folder of folders) syncFolder(folder);
  } catch (error) {
    for (const step of done.toReversed()) undoStep(root, step);
    for (const step of steps) tidyStep(root, step);
    removeEmptyFolders(root, made);
    if (note !== undefined) removeFile(note);
    throw error;
  }
  for (const step of steps) tidyStep(root, step);
  removeEmptyFolders(root, emptied);
  // Last: until here the next command can do what is left.
  if (note !== undefined) rmSync(note, { force: true });
}

/**
 * Writes one file, over what is there. A device or pipe that has the name gets the content as it comes.
 * @throws ConfitureError as `changeFiles`
 */
export async function writeFile(root: string, path: string, content: Content): Promise<void> {
  const found = statSync(resolve(root, path), { throwIfNoEntry: false });
  if (found === undefined || found.isFile() || found.isDirectory()) {
    return await changeFiles(root, [{ kind: "replace", path, content }]);
  }
  // Made before the first is written: whoever reads from a pipe cannot forget the half of something.
  const pieces = typeof content === "string" || content instanceof Uint8Array ? [content] : [...content];
  const file = await naming(path, open(resolve(root, path), "w"));
  try {
    await writePieces(file, path, pieces);
  } finally {
    await file.close();
  }
}

function planned(root: string, change: FileChange): Step {
  const path = resolve(root, change.path);
  switch (change.kind) {
    case "create":
      return { kind: "create", from: below(root, beside(path, "new")), to: below(root, path) };
    case "move":
      return { kind: "move", from: below(root, path), to: below(root, resolve(root, change.to)) };
    case "remove":
      return { kind: "remove", from: below(root, path), to: below(root, beside(path, "old")) };
    case "replace": {
      const target = targetOf(path, change.path);
      const { backup } = change;
      return {
        kind: "replace",
        from: below(root, beside(target, "new")),
        to: below(root, target),
        keep: below(root, backup === undefined ? beside(target, "old") : resolve(root, backup)),
        drop: backup === undefined,
      };
    }
  }
}

/** Whoever finishes it later can tell whether the file has been edited since. */
function withHash(root: string, step: Step): Step {
  if (step.kind === "create") return step;
  return { ...step, was: hashOf(join(root, step.kind === "replace" ? step.to : step.from)) };
}

/** Tells whether the file that a step takes away or writes over is still the same; a new one has none. */
function stampBefore(root: string, step: Step): string | undefined {
  return step.kind === "create" ? undefined : stampOf(root, [step.kind === "replace" ? step.to : step.from]);
}

function changedMeanwhile(path: string): ConfitureError {
  return new ConfitureError("file_changed", `${path} was changed while the new content was written`, {
    hint: "No file was changed by this command. Run it again.",
    location: { file: path },
  });
}

/** Relative to the root, with forward slashes. */
function below(root: string, path: string): string {
  return relative(root, path).split(sep).join("/");
}

/** The file that is replaced: where it is a link, what it leads to. */
function targetOf(path: string, shown: string): string {
  try {
    const target = existsSync(path) ? realpathSync(path) : path;
    const found = statSync(target, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile()) throw notRegular(shown, found);
    return target;
  } catch (cause) {
    throw cannotWrite(shown, cause);
  }
}

/** Those that do not exist, with the folders above them; outermost first. */
function missingFolders(folders: ReadonlySet<string>): string[] {
  const missing = new Set<string>();
  for (const folder of folders) {
    const chain: string[] = [];
    for (let at = folder; !missing.has(at) && !existsSync(at); at = dirname(at)) chain.unshift(at);
    for (const each of chain) missing.add(each);
  }
  return [...missing];
}

/** Writes what a step will give its name. */
async function prepare(root: string, change: FileChange, step: Step): Promise<void> {
  if (change.kind === "move" || change.kind === "remove") return;
  const like = step.kind === "replace" ? join(root, step.to) : undefined;
  await writeSynced(join(root, step.from), change.content, like, change.path);
}

/**
 * @param like a file whose owner and permissions it gets, where there is one
 * @param shown how errors name it
 */
async function writeSynced(path: string, content: Content, like: string | undefined, shown = "."): Promise<void> {
  const file = await naming(shown, open(path, "wx"));
  try {
    await writePieces(file, shown, content);
    const old = like === undefined ? undefined : statSync(like, { throwIfNoEntry: false });
    if (old !== undefined) {
      // Only root may give a file away.
      await file.chown(old.uid, old.gid).catch(() => {});
      await naming(shown, file.chmod(old.mode & 0o777));
    }
    await naming(shown, file.sync());
  } finally {
    await file.close();
  }
}

const PIECE = 1024 * 1024;

/** Short pieces go together. */
async function writePieces(file: FileHandle, shown: string, content: Content): Promise<void> {
  const pieces = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
  let waiting: Uint8Array[] = [];
  let size = 0;
  for (const piece of pieces) {
    const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
    waiting.push(bytes);
    size += bytes.length;
    if (size < PIECE) continue;
    await naming(shown, writeAll(file, waiting));
    [waiting, size] = [[], 0];
  }
  await naming(shown, writeAll(file, waiting));
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
}

/** Waits for all, also where one has failed: what the others write has to be there to be removed. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === "rejected") throw result.reason;
}

/** What goes wrong is said of this file. */
async function naming<T>(shown: string, work: Promise<T> | (() => T)): Promise<T> {
  try {
    return await (typeof work === "function" ? work() : work);
  } catch (cause) {
    throw cannotWrite(shown, cause);
  }
}
