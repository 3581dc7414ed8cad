import { toArrayBuffer } from "bun:ffi";
import { workerData } from "node:worker_threads";
import { type InterruptFlags, WatchedWork } from "./limit.ts";

const { shared, flags } = workerData as { readonly shared: SharedArrayBuffer; readonly flags: InterruptFlags };

// The engine's memory is not shared, and its own thread is at work in it: it is written to as a signal handler would.
new WatchedWork(shared).watch((memory, ends) => {
  const { QueryCancelPending, ProcDiePending, InterruptPending } = flags;
  for (const flag of [...(ends ? [ProcDiePending] : []), QueryCancelPending, InterruptPending]) {
    new Int32Array(toArrayBuffer(memory + flag, 0, 4))[0] = 1;
  }
});
