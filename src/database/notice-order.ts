import type { Notice } from "./database.ts";

/**
 * Keeps notices in order with the answers of queries that were sent one behind the other. Both may come at once, and the driver tells notices
 * before anybody who waits for an answer: here a notice comes when whoever waits for the query before has been told, and before its own
 * query is over.
 */
export class NoticeOrder {
  readonly #tell: (notice: Notice) => void;
  #sent = 0;
  /** The number of the query that is told next. */
  #next = 0;
  readonly #held: { readonly of: number; readonly notice: Notice }[] = [];
  readonly #pending: { readonly of: number; readonly done: () => void }[] = [];
  #isDue = false;

  constructor(tell: (notice: Notice) => void) {
    this.#tell = tell;
  }

  /** @returns the number of a query that is sent now */
  send(): number {
    return this.#sent++;
  }

  /** @param of the query that was being answered when it came */
  notice(of: number, notice: Notice): void {
    if (of <= this.#next && this.#held.length === 0) this.#tell(notice);
    else {
      this.#held.push({ of, notice });
      this.#later();
    }
  }

  /** @param done tells whoever waits for the query that it is over */
  settle(of: number, done: () => void): void {
    if (this.#pending.length > 0 || this.#held.some((held) => held.of <= of)) {
      this.#pending.push({ of, done });
      this.#later();
      return;
    }
    this.#next = of + 1;
    done();
  }

  #later(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#turn());
  }

  /** One query in each, so that whoever waits for it comes to act on it. */
  #turn(): void {
    this.#isDue = false;
    const over = this.#pending.shift();
    const until = over?.of ?? Number.POSITIVE_INFINITY;
    while (this.#held.length > 0 && this.#held[0]!.of <= until) this.#tell(this.#held.shift()!.notice);
    if (over !== undefined) {
      this.#next = over.of + 1;
      over.done();
    }
    if (this.#held.length > 0 || this.#pending.length > 0) this.#later();
  }
}
