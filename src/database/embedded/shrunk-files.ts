import type { PGlite } from "@electric-sql/pglite";
import { countBytes } from "./garbage.ts";
import type { MemoryFile } from "./memory.ts";

type EngineModule = PGlite["Module"];

/** What emscripten does with an open file in memory, as far as it is used here. */
interface StreamOperations {
  write(this: void, stream: { readonly node: FileNode }, ...args: unknown[]): number;
  close?(this: void, stream: { readonly node: FileNode }): void;
}

interface FileNode extends MemoryFile {
  readonly name: string;
  readonly parent: { readonly name: string };
}

/** A page of PostgreSQL's (BLCKSZ). */
const PAGE = 8192;

/** What is larger without its zeros stays as it is. */
const MOST = PAGE / 4;

/** A segment of PostgreSQL's log, by its name. */
const SEGMENT = /^[0-9A-F]{24}$/;

/**
 * Keeps a database in memory small: files of one page without most of their zeros while they are closed, as an empty index is one,
 * a sequence, or a table of a few rows; and nothing of the log but what is written now. Ten thousand tables are fifty thousand such
 * pages, and a transaction that makes them has a log of hundreds of megabytes, which nobody will read: what is in memory is
 * recovered by nobody.
 */
export function shrinkFiles({ MEMFS }: EngineModule): void {
  const { ops_table } = MEMFS as unknown as { ops_table: { file: { stream: StreamOperations } } };
  const operations = ops_table.file.stream;
  operations.close = ({ node }) => {
    if (node.usedBytes === PAGE) shrinkPage(node);
  };
  const { write } = operations;
  let current: FileNode | undefined;
  let previous: FileNode | undefined;
  operations.write = (stream, ...args) => {
    const { node } = stream;
    if (node !== current && node.parent.name === "pg_wal" && SEGMENT.test(node.name)) {
      // The last checkpoint may be in the segment before, and a copy of the database begins with it.
      if (previous !== undefined && previous !== node) hold(previous, { head: 0, bytes: NOTHING });
      previous = current;
      current = node;
    }
    return write(stream, ...args);
  };
}

const NOTHING = new Uint8Array();

/** A page is filled from both ends (bufpage.h), with zeros in between. */
function shrinkPage(node: FileNode): void {
  // One that was not looked at since has its bytes behind a function.
  const value: unknown = Object.getOwnPropertyDescriptor(node, "contents")?.value;
  if (!(value instanceof Uint8Array) && !(value instanceof Int8Array)) return;
  let head = MOST;
  while (head > 0 && value[head - 1] === 0) head--;
  let tail = MOST;
  while (tail < PAGE && value[tail] === 0) tail++;
  if (head + PAGE - tail > MOST) return;
  const bytes = new Uint8Array(head + PAGE - tail);
  bytes.set(value.subarray(0, head));
  bytes.set(value.subarray(tail, PAGE), head);
  hold(node, { head, bytes });
}

/** What a file begins and ends with; the rest is zeros. */
interface Ends {
  /** How many of the bytes are the beginning. */
  readonly head: number;
  readonly bytes: Uint8Array;
}

const held = new WeakMap<object, Ends>();

/** Puts the ends of a file in the place of its bytes until somebody looks at them. */
function hold(node: FileNode, ends: Ends): void {
  held.set(node, ends);
  Object.defineProperty(node, "contents", WHEN_ASKED);
}

/** Of every such file: functions of their own would take more room than what is held. */
const WHEN_ASKED: PropertyDescriptor & ThisType<FileNode> = {
  get() {
    const { head, bytes } = held.get(this)!;
    const whole = new Uint8Array(this.usedBytes);
    whole.set(bytes.subarray(0, head));
    whole.set(bytes.subarray(head), whole.length - (bytes.length - head));
    countBytes(whole.length);
    become(this, whole);
    return whole;
  },
  set(bytes: Uint8Array) {
    become(this, bytes);
  },
  enumerable: true,
  configurable: true,
};

function become(node: FileNode, value: Uint8Array): void {
  held.delete(node);
  Object.defineProperty(node, "contents", { value, writable: true, enumerable: true, configurable: true });
}
