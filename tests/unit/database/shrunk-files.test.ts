import { expect, test } from "bun:test";
import { shrinkFiles } from "../../../src/database/embedded/shrunk-files.ts";

const PAGE = 8192;

interface Node {
  name: string;
  parent: { name: string };
  usedBytes: number;
  contents: Uint8Array;
}

/** As emscripten does it, as far as it matters here. */
function memoryFiles() {
  const stream = {
    write: ({ node }: { node: Node }, bytes: Uint8Array, position: number): number => {
      const whole = new Uint8Array(Math.max(node.usedBytes, position + bytes.length));
      whole.set(node.contents.subarray(0, node.usedBytes));
      whole.set(bytes, position);
      node.contents = whole;
      node.usedBytes = whole.length;
      return bytes.length;
    },
    close: undefined as unknown as (stream: { node: Node }) => void,
  };
  shrinkFiles({ MEMFS: { ops_table: { file: { stream } } } } as unknown as Parameters<typeof shrinkFiles>[0]);
  return stream;
}

function newFile(name: string, folder = "5"): Node {
  return { name, parent: { name: folder }, usedBytes: 0, contents: new Uint8Array() };
}

function isWhole(node: Node): boolean {
  return Object.getOwnPropertyDescriptor(node, "contents")?.get === undefined;
}

/** A page with so many bytes at its beginning and its end. */
function page(head: number, tail: number): Uint8Array {
  return new Uint8Array(PAGE).fill(1, 0, head).fill(2, PAGE - tail);
}

test("a file of one page is kept without its zeros while it is closed, and comes back as it was", () => {
  const { write, close } = memoryFiles();
  for (const [head, tail] of [
    [72, 16],
    [24, 0],
    [0, 100],
    [0, 0],
    [2000, 48],
  ] as const) {
    const node = newFile("16384");
    write({ node }, page(head, tail), 0);
    close({ node });
    expect(isWhole(node)).toBeFalse();
    close({ node });
    expect(node.contents).toEqual(page(head, tail));
    expect(isWhole(node)).toBeTrue();
    close({ node });
    write({ node }, page(5, 5), 0);
    write({ node }, page(1, 1), PAGE);
    close({ node });
    expect(isWhole(node)).toBeTrue();
    expect(node.contents).toEqual(Buffer.concat([page(5, 5), page(1, 1)]));
  }
});

test("a page that is full, or has something in its middle, stays as it is", () => {
  const { write, close } = memoryFiles();
  for (const bytes of [page(2000, 49), page(2049, 0), page(0, 0).fill(7, 4000, 4001), page(PAGE, 0)]) {
    const node = newFile("16384");
    write({ node }, bytes, 0);
    close({ node });
    expect(isWhole(node)).toBeTrue();
    expect(node.contents).toEqual(bytes);
  }
});

test("of the log, the segment that is written and the one before are kept", () => {
  const { write } = memoryFiles();
  const segments = [1, 2, 3].map((number) => newFile(`00000001000000000000000${number}`, "pg_wal"));
  const other = newFile("16384");
  for (const node of segments) {
    write({ node }, page(PAGE, 0), 0);
    write({ node: other }, page(PAGE, 0), 0);
  }
  expect(segments.map(isWhole)).toEqual([false, true, true]);
  expect(isWhole(other)).toBeTrue();
  // A checkpoint gives an old one another name, to be written anew.
  const [oldest] = segments;
  oldest!.name = "000000010000000000000004";
  write({ node: oldest! }, page(10, 0), 0);
  expect(oldest!.contents).toEqual(page(10, 0));
});
