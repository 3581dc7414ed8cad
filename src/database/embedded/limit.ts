import { Worker } from "node:worker_threads";
import { ptr } from "bun:ffi";

// Defined by the compiler, which lays every module that is not an entry beside main.ts.
declare const CONFITURE_COMPILED: true | undefined;

const IDLE = 0;
const WORKING = 1;
const INTERRUPTING = 2;

/** Milliseconds between two interruptions: code may catch one. */
const AGAIN = 100;

/** After so many of them, the code catches all of them. */
const PATIENCE = 10;

/** What the thread that works and the thread that watches it have in common. */
export class WatchedWork {
  readonly shared: SharedArrayBuffer;
  readonly #state: Int32Array;
  readonly #interruptions: Int32Array;
  /** Milliseconds that the work may take, and where the engine's memory is. */
  readonly #about: Float64Array;

  constructor(shared = new SharedArrayBuffer(24)) {
    this.shared = shared;
    this.#state = new Int32Array(shared, 0, 1);
    this.#interruptions = new Int32Array(shared, 4, 1);
    this.#about = new Float64Array(shared, 8, 2);
  }

  begin(limit: number, memory: number): void {
    this.#about[0] = limit;
    this.#about[1] = memory;
    this.#interruptions[0] = 0;
    Atomics.store(this.#state, 0, WORKING);
    Atomics.notify(this.#state, 0);
  }

  get isInterrupted(): boolean {
    return Atomics.load(this.#interruptions, 0) > 0;
  }

  get isEnded(): boolean {
    return Atomics.load(this.#interruptions, 0) > PATIENCE;
  }

  end(): void {
    // An interruption is a matter of nanoseconds.
    while (Atomics.compareExchange(this.#state, 0, WORKING, IDLE) === INTERRUPTING);
    Atomics.notify(this.#state, 0);
  }

  /**
   * Interrupts whatever takes too long. For the other thread.
   * @param interrupt with `ends`, it ends the session, which nothing can catch
   */
  watch(interrupt: (memory: number, ends: boolean) => void): never {
    for (;;) {
      Atomics.wait(this.#state, 0, IDLE);
      const [limit = 0, memory = 0] = this.#about;
      for (let wait = limit; Atomics.wait(this.#state, 0, WORKING, wait) === "timed-out"; wait = AGAIN) {
        if (Atomics.compareExchange(this.#state, 0, WORKING, INTERRUPTING) !== WORKING) break;
        interrupt(memory, Atomics.add(this.#interruptions, 0, 1) >= PATIENCE);
        Atomics.store(this.#state, 0, WORKING);
      }
    }
  }
}

/** Where PostgreSQL keeps what it looks at between two steps of its work (CHECK_FOR_INTERRUPTS in miscadmin.h), in its memory. */
export interface InterruptFlags {
  readonly InterruptPending: number;
  readonly QueryCancelPending: number;
  readonly ProcDiePending: number;
}

let watched: WatchedWork | undefined;
let isLimited = false;

/** Whether what the engine does has taken too long. */
export function isInterrupted(): boolean {
  return isLimited && watched?.isInterrupted === true;
}

/**
 * Does work of the embedded engine, which keeps this thread: another thread tells PostgreSQL that its statement is to be cancelled
 * once it has taken so many milliseconds, and to end its session where the statement catches that.
 * @returns whether the session was told to end
 */
export function withWorkLimit(
  limit: number,
  memory: WebAssembly.Memory,
  flags: InterruptFlags,
  work: () => void,
): boolean {
  watched ??= startWatching(flags);
  isLimited = true;
  watched.begin(limit, ptr(new Uint8Array(memory.buffer)));
  try {
    work();
    return watched.isEnded;
  } finally {
    isLimited = false;
    watched.end();
    // It may have come when the work was done already.
    for (const flag of [flags.QueryCancelPending, flags.ProcDiePending]) new Int32Array(memory.buffer)[flag / 4] = 0;
  }
}

function startWatching(flags: InterruptFlags): WatchedWork {
  const work = new WatchedWork();
  const beside =
    typeof CONFITURE_COMPILED === "undefined" ? "./limit-thread.ts" : "./database/embedded/limit-thread.ts";
  const thread = new Worker(new URL(beside, import.meta.url), { workerData: { shared: work.shared, flags } });
  thread.unref();
  return work;
}
