import { Worker } from "node:worker_threads";
import { ptr, toArrayBuffer } from "bun:ffi";

// Defined by the compiler, which lays every module that is not an entry beside main.ts.
declare const CONFITURE_COMPILED: true | undefined;

const IDLE = 0;
const WORKING = 1;
const INTERRUPTING = 2;

/** Milliseconds between two interruptions: code may catch one. */
const AGAIN = 100;

/** After so many of them, the code catches all of them. */
const PATIENCE = 10;

/** Where PostgreSQL keeps what it looks at between two steps of its work (CHECK_FOR_INTERRUPTS in miscadmin.h), in its memory. */
export interface InterruptFlags {
  readonly InterruptPending: number;
  readonly QueryCancelPending: number;
  readonly ProcDiePending: number;
}

/** What the thread that works and those that may end its work have in common. */
export class WatchedWork {
  readonly shared: SharedArrayBuffer;
  readonly #state: Int32Array;
  readonly #interruptions: Int32Array;
  /** Milliseconds that the work may take, and where the engine's memory is. */
  readonly #about: Float64Array;
  /** Where in that memory the end of the session is asked for, a cancellation, and that PostgreSQL looks at these. */
  readonly #flags: Int32Array;
  readonly #number: Int32Array;

  constructor(shared = new SharedArrayBuffer(40)) {
    this.shared = shared;
    this.#state = new Int32Array(shared, 0, 1);
    this.#interruptions = new Int32Array(shared, 4, 1);
    this.#about = new Float64Array(shared, 8, 2);
    this.#flags = new Int32Array(shared, 24, 3);
    this.#number = new Int32Array(shared, 36, 1);
  }

  begin(limit: number, memory: number, { InterruptPending, QueryCancelPending, ProcDiePending }: InterruptFlags): void {
    this.#about.set([limit, memory]);
    this.#flags.set([ProcDiePending, QueryCancelPending, InterruptPending]);
    this.#interruptions[0] = 0;
    Atomics.add(this.#number, 0, 1);
    Atomics.store(this.#state, 0, WORKING);
    Atomics.notify(this.#state, 0);
  }

  /** Of the work that goes on, or was the last: no other one has it. */
  get number(): number {
    return Atomics.load(this.#number, 0);
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

  /** Interrupts whatever takes too long. For another thread. */
  watch(): never {
    for (;;) {
      Atomics.wait(this.#state, 0, IDLE);
      const limit = this.#about[0];
      for (let wait = limit; Atomics.wait(this.#state, 0, WORKING, wait) === "timed-out"; wait = AGAIN) {
        if (!this.interrupt()) break;
      }
    }
  }

  /**
   * Interrupts the work, if there is any. When it was done often enough, it ends the session, which nothing can catch. For another
   * thread: the engine's memory is not shared, and its own thread is at work in it, so that it is written to as a signal handler would.
   * @param number of the work; any when left out
   * @returns whether something was interrupted
   */
  interrupt(number?: number): boolean {
    if (Atomics.compareExchange(this.#state, 0, WORKING, INTERRUPTING) !== WORKING) return false;
    if (number !== undefined && number !== this.number) {
      Atomics.store(this.#state, 0, WORKING);
      return false;
    }
    const ends = Atomics.add(this.#interruptions, 0, 1) >= PATIENCE;
    const memory = this.#about[1]!;
    for (const flag of this.#flags.subarray(ends ? 0 : 1)) {
      new Int32Array(toArrayBuffer(memory + flag, 0, 4))[0] = 1;
    }
    Atomics.store(this.#state, 0, WORKING);
    return true;
  }
}

let watched: WatchedWork | undefined;
let hasWatcher = false;
let isShared = false;
let isInterruptible = false;

/** Whether what the engine does was interrupted by another thread. */
export function isInterrupted(): boolean {
  return isInterruptible && watched?.isInterrupted === true;
}

/** @returns what another thread can interrupt the work of embedded engines with, from now on: `WatchedWork` */
export function shareWork(): SharedArrayBuffer {
  isShared = true;
  return (watched ??= new WatchedWork()).shared;
}

/**
 * Does work of the embedded engine, which keeps this thread: another thread tells PostgreSQL that its statement is to be cancelled
 * once it has taken so many milliseconds, and to end its session where the statement catches that.
 * @param limit without end when undefined
 * @returns whether the session was told to end
 */
export function withWorkLimit(
  limit: number | undefined,
  memory: WebAssembly.Memory,
  flags: InterruptFlags,
  work: () => void,
): boolean {
  if (limit === undefined && !isShared) {
    work();
    return false;
  }
  watched ??= new WatchedWork();
  if (limit !== undefined && !hasWatcher) startWatching(watched);
  isInterruptible = true;
  watched.begin(limit ?? Infinity, ptr(new Uint8Array(memory.buffer)), flags);
  try {
    work();
    return watched.isEnded;
  } finally {
    isInterruptible = false;
    watched.end();
    // It may have come when the work was done already.
    for (const flag of [flags.QueryCancelPending, flags.ProcDiePending]) new Int32Array(memory.buffer)[flag / 4] = 0;
  }
}

function startWatching({ shared }: WatchedWork): void {
  hasWatcher = true;
  const beside =
    typeof CONFITURE_COMPILED === "undefined" ? "./limit-thread.ts" : "./database/embedded/limit-thread.ts";
  new Worker(new URL(beside, import.meta.url), { workerData: { shared } }).unref();
}
