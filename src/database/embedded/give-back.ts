import { dlopen, type Pointer, ptr } from "bun:ffi";
import { LINUX_LIBRARIES } from "./c-library.ts";

/** Pages that are not needed: they leave the process at once, and are zeros when somebody reads them (madvise(2)). */
const MADV_DONTNEED = 4;

type GiveBack = (address: Pointer, bytes: bigint, advice: number) => number;

let madvise: GiveBack | undefined;

/**
 * Gives the memory of an engine that has stopped back to the system. It would stay until the collector finds nothing that
 * refers to it, which code that was compiled for that engine may do for long; another engine may be about to start.
 * @param memory that nobody reads any more
 */
export function giveBackPages(memory: WebAssembly.Memory): void {
  const bytes = new Uint8Array(memory.buffer);
  madvise ??= findMadvise();
  madvise(ptr(bytes), BigInt(bytes.length), MADV_DONTNEED);
}

/** Only tried on Linux, which alone has these libraries; elsewhere the collector does it. */
function findMadvise(): GiveBack {
  for (const library of LINUX_LIBRARIES) {
    try {
      const { symbols } = dlopen(library, { madvise: { args: ["ptr", "u64", "i32"], returns: "i32" } });
      return symbols.madvise;
    } catch {
      // Another system's.
    }
  }
  return () => 0;
}
