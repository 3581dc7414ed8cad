import { dlopen } from "bun:ffi";
import { constants } from "node:os";
import { workerData } from "node:worker_threads";
import { LongWork } from "./long-work.ts";

/** The names of the C library: of GNU, musl and macOS. */
const LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "libSystem.B.dylib"];

const SIG_DFL = null;

const release = findRelease();
if (release !== undefined) new LongWork((workerData as { readonly shared: SharedArrayBuffer }).shared).watch(release);

/** @returns what gives the signals back to the system; undefined where there is no such library, as on Windows: a signal waits for the work there */
function findRelease(): (() => void) | undefined {
  for (const library of LIBRARIES) {
    try {
      const { signal } = dlopen(library, { signal: { args: ["i32", "ptr"], returns: "ptr" } }).symbols;
      const { SIGINT, SIGTERM, SIGHUP } = constants.signals;
      return () => [SIGINT, SIGTERM, SIGHUP].forEach((number) => signal(number, SIG_DFL));
    } catch {
      // Another platform's.
    }
  }
  return undefined;
}
