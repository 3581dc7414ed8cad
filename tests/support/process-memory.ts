import { closeSync, openSync, readFileSync, readSync } from "node:fs";

const PAGE = 4096;
/** Bytes that are read at once. */
const BLOCK = 1024 * PAGE;
/** Bits of an entry of pagemap: the page is in memory, or in swap (proc_pid_pagemap(5)). */
const IN_MEMORY = 0xc0;

/**
 * Which of these texts are anywhere in what a process may write to: its heaps and stacks, as a core dump would have them.
 * @param pid of a process that is stopped
 * @returns undefined where the system does not let anybody look
 */
export function textsInMemory(pid: number, texts: readonly string[]): string[] | undefined {
  let memory: number;
  let pagemap: number;
  let maps: string;
  try {
    memory = openSync(`/proc/${pid}/mem`, "r");
    pagemap = openSync(`/proc/${pid}/pagemap`, "r");
    maps = readFileSync(`/proc/${pid}/maps`, "latin1");
  } catch {
    return undefined;
  }
  const wanted = texts.map((text) => Buffer.from(text, "latin1"));
  const overlap = Math.max(...wanted.map(({ length }) => length)) - 1;
  const found = new Set<string>();
  const block = Buffer.alloc(overlap + BLOCK);
  try {
    for (const [from, to] of writable(maps)) {
      let kept = 0;
      for (const [start, length] of runsInMemory(pagemap, from, to)) {
        if (start === undefined) {
          kept = 0;
          continue;
        }
        const read = readAt(memory, block, kept, length, start);
        const held = block.subarray(0, kept + read);
        for (const [index, text] of wanted.entries()) if (held.includes(text)) found.add(texts[index]!);
        kept = Math.min(overlap, held.length);
        held.copyWithin(0, held.length - kept);
      }
    }
  } finally {
    closeSync(memory);
    closeSync(pagemap);
  }
  return [...found];
}

/** It may still have been on its way to stopping, and have given something back. */
function readAt(memory: number, block: Buffer, offset: number, length: number, start: number): number {
  try {
    return readSync(memory, block, offset, length, start);
  } catch {
    return 0;
  }
}

function* writable(maps: string): Generator<readonly [number, number]> {
  for (const [, from, to] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw/gm))
    yield [Number.parseInt(from!, 16), Number.parseInt(to!, 16)];
}

/** Blocks of pages that are there, in order; undefined stands for a gap. Heaps reserve far more than they use. */
function* runsInMemory(pagemap: number, from: number, to: number): Generator<readonly [number | undefined, number]> {
  const entries = Buffer.alloc((BLOCK / PAGE) * 8);
  for (let at = from; at < to; at += BLOCK) {
    const pages = Math.min(BLOCK, to - at) / PAGE;
    const read = readSync(pagemap, entries, 0, pages * 8, (at / PAGE) * 8);
    let start: number | undefined;
    for (let page = 0; page <= pages; page++) {
      const isThere = page < pages && page * 8 + 7 < read && (entries[page * 8 + 7]! & IN_MEMORY) !== 0;
      if (isThere) start ??= page;
      else if (start !== undefined) {
        yield [at + start * PAGE, (page - start) * PAGE];
        start = undefined;
      }
      if (!isThere && page < pages) yield [undefined, 0];
    }
  }
}
