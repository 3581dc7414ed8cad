import { fsyncSync } from "node:fs";
import type { PGlite } from "@electric-sql/pglite";
import { countBytes } from "./garbage.ts";

type EngineModule = PGlite["Module"];

/** What emscripten does with open files, as far as it is used here. */
interface StreamOperations {
  write(this: void, stream: OpenFile, ...args: unknown[]): number;
  fsync?(this: void, stream: OpenFile): number;
}
interface OpenFile {
  readonly node: { readonly mode: number };
  /** The file descriptor. */
  readonly nfd: number;
}

/** One statement may write a lot, while nothing else runs. */
export function countWrites({ NODEFS, MEMFS }: EngineModule): void {
  const { stream_ops: folder } = NODEFS as unknown as { stream_ops: StreamOperations };
  const { ops_table: memory } = MEMFS as unknown as { ops_table: { file: { stream: StreamOperations } } };
  for (const operations of [folder, memory.file.stream]) {
    const { write } = operations;
    operations.write = (stream, ...args) => {
      const written = write(stream, ...args);
      countBytes(written);
      return written;
    };
  }
}

/**
 * Emscripten's file system for folders leaves fsync out: a power failure could then take commits with it.
 * Only what was written here is synced, because after a crash PostgreSQL begins with an fsync of every
 * file, twice, one after the other; `openDataFolder` has done that already.
 */
export function syncToDisk({ FS, NODEFS }: EngineModule): void {
  const operations = (NODEFS as unknown as { stream_ops: StreamOperations }).stream_ops;
  const write = operations.write;
  const written = new WeakSet<object>();
  operations.write = (stream, ...args) => {
    written.add(stream.node);
    return write(stream, ...args);
  };
  operations.fsync = ({ node, nfd }) => {
    if (written.has(node) || !FS.isFile(node.mode)) fsyncSync(nfd);
    written.delete(node);
    return 0;
  };
}
