import { Worker } from "node:worker_threads";
import type { Backend } from "../backend.ts";

// Defined by the compiler, which lays every module that is not an entry beside main.ts.
declare const CONFITURE_COMPILED: true | undefined;

/** Milliseconds between two looks: work that two of them see is long. */
const LOOK = 500;

const RELEASING = -1;

/** What the thread that works and the thread that looks at it have in common: the number of the work, odd while it goes on. */
export class LongWork {
  readonly shared: SharedArrayBuffer;
  readonly #number: Int32Array;
  readonly #released: Int32Array;

  constructor(shared = new SharedArrayBuffer(8)) {
    this.shared = shared;
    this.#number = new Int32Array(shared, 0, 1);
    this.#released = new Int32Array(shared, 4, 1);
  }

  begin(): void {
    Atomics.add(this.#number, 0, 1);
  }

  /** @returns whether it was long, so that signals were released */
  end(): boolean {
    Atomics.add(this.#number, 0, 1);
    // Releasing takes microseconds.
    while (Atomics.load(this.#released, 0) === RELEASING);
    return Atomics.exchange(this.#released, 0, 0) !== 0;
  }

  /**
   * Releases signals during whatever takes long. For the other thread.
   * @param release may be called again where it was called before
   */
  watch(release: () => void): never {
    const never = new Int32Array(new SharedArrayBuffer(4));
    for (let before = 0; ;) {
      Atomics.wait(never, 0, 0, LOOK);
      const number = Atomics.load(this.#number, 0);
      if (number % 2 !== 0 && number === before) {
        Atomics.store(this.#released, 0, RELEASING);
        // The work may just have ended, and nobody would keep signals again.
        if (Atomics.load(this.#number, 0) === number) release();
        Atomics.store(this.#released, 0, 1);
      }
      before = number;
    }
  }
}

/**
 * A backend whose long work a signal can end: the work keeps this thread, so that no handler of JavaScript hears one. Another thread
 * gives signals back to the system then, which ends the process at once; the data folder is made to survive that.
 * @param onReleased hears that the work is over, and signals are to be handled again
 */
export function endable(backend: Backend, onReleased: () => void): Backend {
  const work = new LongWork();
  const beside =
    typeof CONFITURE_COMPILED === "undefined" ? "./long-work-thread.ts" : "./database/embedded/long-work-thread.ts";
  new Worker(new URL(beside, import.meta.url), { workerData: { shared: work.shared } }).unref();
  return {
    run(messages, untilReady, onData) {
      work.begin();
      try {
        backend.run(messages, untilReady, onData);
      } finally {
        if (work.end()) onReleased();
      }
    },
  };
}
