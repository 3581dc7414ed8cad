import type { PGlite } from "@electric-sql/pglite";

type EngineModule = PGlite["Module"];

/** Emscripten's file system, as far as it is used here. Both answer with an errno, or 0. */
interface Checks {
  mayCreate(this: void, folder: FileNode, name: string): number;
  mayOpen(this: void, node: FileNode, flags: number): number;
}

interface FileNode {
  readonly name: string;
  readonly mode: number;
  /** Itself, for the root of what is mounted. */
  readonly parent: FileNode;
}

/**
 * PostgreSQL's shared memory (dsm_impl_posix), which its statistics grow into once some thousand tables and indexes have been used:
 * without it the engine breaks down.
 */
const SHARED_MEMORY = { folder: "/dev/shm", name: /^PostgreSQL\.\d+$/ };

/** As WASI numbers it, and as PostgreSQL words it. */
const EROFS = 69;
export const READ_ONLY = "Read-only file system";
/** What of the flags says how a file is opened; 0 is for reading alone. */
const O_ACCMODE = 3;
const O_TRUNC = 0o1000;

/**
 * Has PostgreSQL write nowhere but below its data folder and into its shared memory: all else is in this process's memory, and gone with it. A COPY to a file
 * there, from whatever code, or a tablespace would be said to be done.
 * @param data the path of the data folder
 */
export function protectOutside({ FS }: EngineModule, data: string): void {
  const checks = FS as unknown as Checks;
  const nodeOf = (path: string): FileNode => (FS.lookupPath(path, {}) as unknown as { node: FileNode }).node;
  const root = nodeOf(data);
  const memory = nodeOf(SHARED_MEMORY.folder);
  const isInside = (node: FileNode): boolean => {
    let at = node;
    while (at !== root && at.parent !== at) at = at.parent;
    return at === root;
  };
  const isMemory = (folder: FileNode, name: string): boolean => folder === memory && SHARED_MEMORY.name.test(name);
  const { mayCreate, mayOpen } = checks;
  checks.mayCreate = (folder, name) => (isInside(folder) || isMemory(folder, name) ? mayCreate(folder, name) : EROFS);
  checks.mayOpen = (node, flags) => {
    const isWritten = (flags & (O_ACCMODE | O_TRUNC)) !== 0 && FS.isFile(node.mode);
    return isWritten && !isInside(node) && !isMemory(node.parent, node.name) ? EROFS : mayOpen(node, flags);
  };
}
