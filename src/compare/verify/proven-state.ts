import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { changeFiles } from "#files/change.ts";
import { readIfThere } from "#files/read.ts";

/** A database that proven migrations led to, as an embedded one saves it (`Database.save`). */
export interface ProvenState {
  /** How many migrations, from the first one on, are applied in it. */
  readonly applied: number;
  readonly saved: Uint8Array<ArrayBuffer>;
}

/** Beside the keys of what was proven. */
const FILE = ".confiture/.verified-state";

/** What is in that folder is never committed. */
const IGNORE = ".confiture/.gitignore";

/** Before what is kept: the key of all that led to it, and its own hash, both of this length. */
const KEY = 32;

/**
 * The state that was kept last.
 * @param keys of migrations that are proven, in order; the state counts if one of them is its key
 */
export function readState(projectDir: string, keys: readonly string[]): ProvenState | undefined {
  const kept = readKeyed(projectDir, FILE, keys);
  return kept === undefined ? undefined : { applied: kept.index + 1, saved: kept.content };
}

/** Keeps a state in the place of another; what cannot be written is made again the next time. */
export async function keepState(projectDir: string, key: string, saved: Uint8Array): Promise<void> {
  await keepKeyed(projectDir, FILE, key, saved);
}

/**
 * What was kept last in a file of ours.
 * @param keys it counts if one of them is its key
 * @returns it, and which of the keys that is
 */
export function readKeyed(
  projectDir: string,
  path: string,
  keys: readonly string[],
): { readonly index: number; readonly content: Uint8Array<ArrayBuffer> } | undefined {
  const file = readOwn(projectDir, path);
  if (file === undefined || file.length <= 2 * KEY) return undefined;
  const index = keys.indexOf(file.toString("latin1", 0, KEY));
  const content = new Uint8Array(file.subarray(2 * KEY));
  return index >= 0 && file.toString("latin1", KEY, 2 * KEY) === hashOf(content) ? { index, content } : undefined;
}

/** Keeps something under a key of `keyOf`, in the place of what was there. */
export async function keepKeyed(projectDir: string, path: string, key: string, content: Uint8Array): Promise<void> {
  await writeOwn(projectDir, path, Buffer.concat([Buffer.from(key + hashOf(content), "latin1"), content]));
}

/** A key of all that something goes by. */
export function keyOf(parts: readonly unknown[]): string {
  return hashOf(Buffer.from(JSON.stringify(parts)));
}

/** Stands for bytes. */
export function hashOf(saved: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(saved).digest("hex").slice(0, KEY);
}

/** A file of ours in the project; undefined where it cannot be read. */
export function readOwn(projectDir: string, path: string): Buffer | undefined {
  try {
    return readIfThere(join(projectDir, path), path);
  } catch (error) {
    return noMatter(error);
  }
}

/** Writes a file of ours, if that can be done. */
export async function writeOwn(projectDir: string, path: string, content: string | Uint8Array): Promise<void> {
  const isNew = readOwn(projectDir, IGNORE) === undefined;
  const changes = [
    ...(isNew ? [{ kind: "replace", path: IGNORE, content: "*\n" } as const] : []),
    { kind: "replace", path, content } as const,
  ];
  await changeFiles(projectDir, changes).catch(noMatter);
}

/** What cannot be read or written is proven anew each time. */
function noMatter(error: unknown): undefined {
  if (!(error instanceof ConfitureError) || !error.code.startsWith("file_")) throw error;
}
