/** Milliseconds that a batch may still take once the command is to end. */
const PATIENCE = 10_000;

/**
 * A signal that holds an interruption back while a batch of a backfill is under way, so that the batch comes to its end
 * instead of being cancelled.
 */
export class GentleSignal {
  readonly #relay = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #isHeld = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = (): void => {
    if (!this.#isHeld) this.#relay.abort();
    else this.#timer = setTimeout(() => this.#relay.abort(), PATIENCE).unref();
  };

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted === true) this.#onAbort();
    else outer?.addEventListener("abort", this.#onAbort);
  }

  /** What ends statements at once. */
  get signal(): AbortSignal {
    return this.#relay.signal;
  }

  /** What the command was given. */
  get asked(): AbortSignal | undefined {
    return this.#outer;
  }

  hold(): void {
    this.#isHeld = true;
  }

  letGo(): void {
    this.#isHeld = false;
    if (this.#outer?.aborted === true) this.#relay.abort();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }
}
