import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { platform } from "node:process";
import { ConfitureError } from "#errors/error.ts";
import { fateOf, KEY_PATTERN, ownerKey } from "./owner.ts";
import { cannotWrite, hintFor, reasonOf } from "./reason.ts";

const NAME = new RegExp(`^confiture-(${KEY_PATTERN})-\\w+$`);

/** A folder that is gone after the work for which it was made. */
export interface TemporaryFolder {
  /** Its real path. */
  readonly dir: string;
  /**
   * Writes a file, and the folders above it.
   * @param path relative to the folder, with forward slashes; it has to stay inside
   */
  readonly write: (path: string, content: string | Uint8Array) => void;
}

/**
 * Makes a folder for the time of `work`, in the system's folder for temporary files (TMPDIR).
 * @throws ConfitureError `file_unreadable`
 */
export async function withTemporaryFolder<T>(work: (folder: TemporaryFolder) => Promise<T>): Promise<T> {
  const dir = makeFolder();
  try {
    return await work({ dir, write: (path, content) => writeInside(dir, path, content) });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function writeInside(dir: string, path: string, content: string | Uint8Array): void {
  if (!staysInside(path)) throw new Error(`${path} leads out of the folder`);
  const target = join(dir, path);
  try {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  } catch (cause) {
    throw cannotWrite(target, cause);
  }
}

/** Whether a relative path with forward slashes names something below the folder that it is relative to, on every system. */
export function staysInside(path: string): boolean {
  const parts = path.split("/");
  return !parts.some(
    (part) => part === "" || part === "." || part === ".." || (platform === "win32" && /[\\:]/.test(part)),
  );
}

function makeFolder(): string {
  const parent = tmpdir();
  try {
    return realpathSync(mkdtempSync(join(parent, `confiture-${ownerKey()}-`)));
  } catch (cause) {
    throw new ConfitureError("file_unreadable", `Cannot make a temporary folder in ${parent}: ${reasonOf(cause)}`, {
      hint: hintFor(cause) ?? "Set TMPDIR to a folder that exists and can be written.",
      location: { file: parent },
      cause,
    });
  }
}

/** Removes the temporary folders of processes that are gone, as far as this user may. */
export function sweepTemporaryFolders(): void {
  const parent = tmpdir();
  let names: string[];
  try {
    names = readdirSync(parent);
  } catch {
    // Whoever needs the folder says what is wrong with it.
    return;
  }
  for (const name of names) {
    const key = name.startsWith("confiture-") ? NAME.exec(name)?.[1] : undefined;
    if (key === undefined || fateOf(key) !== "gone") continue;
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // Another user's: theirs to remove.
    }
  }
}
