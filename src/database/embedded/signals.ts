import { Worker } from "node:worker_threads";
import { shareWork } from "./limit.ts";
import { workLine } from "./work-line.ts";

// Defined by the compiler, which lays every module that is not an entry beside main.ts.
declare const CONFITURE_COMPILED: true | undefined;

/** What the thread that hears signals is given. */
export interface Hearing {
  /** `WatchedWork` */
  readonly work: SharedArrayBuffer;
  /** `WorkLine` */
  readonly line: SharedArrayBuffer;
  /** The number of a signal that the other thread has not been told of yet, or 0: first the one that works, then the one that hears. */
  readonly heard: SharedArrayBuffer;
  readonly lastWords: LastWords;
}

/** What is written where work does not end in time after a signal, so that it is abandoned. */
export interface LastWords {
  /** For standard error, where there is no document or no room for one. */
  readonly message: string;
  /** For standard output, by exit code. */
  readonly documents: Readonly<Record<number, string>>;
  /** How far a document on standard output is: `DocumentEnd` */
  readonly end: SharedArrayBuffer;
}

/** From that thread: it hears signals from now on, or this system lets it hear none; then, that one has come. */
export type Said = "hearing" | "deaf" | "heard";

export interface SignalListener {
  /** Is told once, with the number of the signal. A second signal ends the process at once. */
  readonly onSignal: (signal: number) => void;
  /** Nobody hears signals while the engine works: the system has to act on them. */
  readonly onDeaf: () => void;
  readonly lastWords: LastWords;
}

let heard: Int32Array | undefined;
let listener: SignalListener | undefined;
let begun: Promise<void> = Promise.resolve();

/**
 * Has another thread hear the signals that ask a process to end, from soon on: a statement of the embedded engine keeps this one, so
 * that no handler of JavaScript runs before it is done. The statement is cancelled, as a server does it when it is asked to.
 * @returns what tells that thread of a signal that a handler of JavaScript was faster to hear
 */
export function hearSignals(hearer: SignalListener): (signal: number) => void {
  heard ??= startHearing(hearer);
  const shared = heard;
  return (signal) => void Atomics.store(shared, 1, signal);
}

function startHearing(hearer: SignalListener): Int32Array {
  listener = hearer;
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const beside =
    typeof CONFITURE_COMPILED === "undefined" ? "./signals-thread.ts" : "./database/embedded/signals-thread.ts";
  const { lastWords } = hearer;
  const hearing: Hearing = { work: shareWork(), line: workLine().shared, heard: shared.buffer, lastWords };
  const worker = new Worker(new URL(beside, import.meta.url), { workerData: hearing });
  begun = new Promise((resolve) => {
    worker.on("message", (said: Said) => {
      if (said === "deaf") hearer.onDeaf();
      if (said === "heard") return tellHeard();
      // Until then it is waited for, and keeps the process.
      worker.unref();
      resolve();
    });
  });
  return shared;
}

/** Comes true once signals are heard by whoever is to hear them: before work begins that keeps this thread. */
export function hearingHasBegun(): Promise<void> {
  return begun;
}

/** Tells of a signal that came while this thread was kept. To be called before anybody looks at how the work has ended. */
export function tellHeard(): void {
  const signal = heard === undefined ? 0 : Atomics.exchange(heard, 0, 0);
  if (signal !== 0) listener?.onSignal(signal);
}
