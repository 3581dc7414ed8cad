import type { FromGuest } from "./messages.ts";

/**
 * Milliseconds that what a finished migration left open has to ask for a statement: once before COMMIT, and once more
 * before the command ends. Nothing waits where nothing is open.
 */
export const GRACE = 250;

/** So many threads of finished migrations live on at a time. */
const THREADS = 4;

/** What something did that a migration had left open. */
export interface Afterthought {
  /** What was thrown, or the call that would have ended the process; undefined for a statement, which was not run. */
  readonly text: string | undefined;
  readonly stack: string | undefined;
}

/** A thread in which something of a finished migration still runs. */
export class LeftOpen {
  /** Settled once it has spoken, or has come to its end. */
  readonly over: Promise<void>;
  isOver = false;
  spoke: Afterthought | undefined;
  readonly #settle: () => void;
  readonly #terminate: () => void;

  constructor(terminate: () => void) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#settle = resolve;
    this.#terminate = terminate;
  }

  hear(message: FromGuest): void {
    if (this.isOver) return;
    if (message.type === "late") this.spoke = { text: undefined, stack: message.stack };
    else if (message.type === "stray") this.spoke = message.fault;
    else if (message.type === "ends") this.spoke = { text: `it called ${message.call}`, stack: message.stack };
    this.end();
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#terminate();
    this.#settle();
  }
}

/** What the migrations of one command have left open, each with what is to be known of it. */
export class AllLeftOpen<About> {
  readonly #all: { readonly about: About; readonly left: LeftOpen }[] = [];

  add(about: About, left: LeftOpen): void {
    this.#all.push({ about, left });
    const open = this.#open();
    if (open.length > THREADS) open[0]?.left.end();
  }

  /** Whether all of it has come to its end without a word. */
  get isSilent(): boolean {
    return this.#all.every(({ left }) => left.isOver && left.spoke === undefined);
  }

  /** The first that has spoken. */
  spoken(): { readonly about: About; readonly spoke: Afterthought } | undefined {
    for (const { about, left } of this.#all) if (left.spoke !== undefined) return { about, spoke: left.spoke };
    return undefined;
  }

  /**
   * Gives those that are still open their last chance, and ends them.
   * @returns those that neither spoke nor came to an end by themselves
   */
  async end(signal: AbortSignal | undefined): Promise<About[]> {
    const open = this.#open();
    if (open.length > 0 && this.spoken() === undefined && signal?.aborted !== true) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, GRACE);
      signal?.addEventListener("abort", () => resolve(), { once: true });
      const ends = open.map(async ({ left }) => {
        await left.over;
        if (left.spoke !== undefined) resolve();
      });
      await Promise.race([promise, Promise.all(ends)]);
      clearTimeout(timer);
    }
    const silent = this.#open();
    for (const { left } of silent) left.end();
    return silent.map(({ about }) => about);
  }

  [Symbol.dispose](): void {
    for (const { left } of this.#open()) left.end();
  }

  #open(): { readonly about: About; readonly left: LeftOpen }[] {
    return this.#all.filter(({ left }) => !left.isOver);
  }
}
