import type { PGlite } from "@electric-sql/pglite";
import type { PackedFile } from "./pack.ts";
import type { DataFiles } from "./saved.ts";

type EngineModule = PGlite["Module"];

/** Emscripten's file system in memory, as far as it is used here. */
interface MemoryFiles {
  createNode(parent: object, name: string, mode: number, device: number): MemoryFile;
}

/** One of its files. */
export interface MemoryFile {
  contents: Uint8Array;
  usedBytes: number;
}

/** Mode of a file that its owner may read and write. */
const REGULAR_FILE = 0o100600;

/** Puts files there before PostgreSQL starts. */
export function writeFiles({ FS, MEMFS }: EngineModule, root: string, files: readonly PackedFile[]): void {
  const memory = MEMFS as unknown as MemoryFiles;
  const folders = new Map<string, object>();
  const folderNode = (path: string): object => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    FS.mkdirTree(path);
    const { node } = FS.lookupPath(path, {}) as { node: object };
    folders.set(path, node);
    return node;
  };
  for (const { path, size, read } of files) {
    const full = `${root}/${path}`;
    const end = full.lastIndexOf("/");
    const parent = folderNode(full.slice(0, end));
    if (path.endsWith("/")) continue;
    // FS.writeFile takes ten times as long, and most files are never looked at.
    const node = memory.createNode(parent, full.slice(end + 1), REGULAR_FILE, 0);
    if (size > 0) readWhenAsked(node, read);
    node.usedBytes = size;
  }
}

function readWhenAsked(node: MemoryFile, read: () => Uint8Array): void {
  const become = (value: Uint8Array): Uint8Array => {
    Object.defineProperty(node, "contents", { value, writable: true, enumerable: true, configurable: true });
    return value;
  };
  Object.defineProperty(node, "contents", {
    get: () => become(read()),
    set: become,
    enumerable: true,
    configurable: true,
  });
}

/** The files of a folder and those below, by path; only good until PostgreSQL writes again. */
export function readFiles({ FS }: EngineModule, root: string): DataFiles {
  const files = new Map<string, Uint8Array>();
  const visit = (folder: string): void => {
    for (const name of FS.readdir(root + folder)) {
      if (name === "." || name === "..") continue;
      const path = `${folder}/${name}`;
      const { node } = FS.lookupPath(root + path, {}) as { node: MemoryFile & { mode: number } };
      const { mode, usedBytes } = node;
      if (FS.isDir(mode)) visit(path);
      else if (FS.isFile(mode)) files.set(path.slice(1), usedBytes === 0 ? new Uint8Array() : bytesOf(node));
    }
  };
  visit("");
  return files;
}

/** Its room may be larger. */
function bytesOf({ contents, usedBytes }: MemoryFile): Uint8Array {
  return new Uint8Array(contents.buffer, contents.byteOffset, usedBytes);
}
