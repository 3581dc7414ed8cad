/** Milliseconds that a batch is to take: long enough to be worth its COMMIT, short enough for whoever waits for its rows. */
const TARGET = 500;

const SMALLEST = 100;
const LARGEST = 100_000;
export const FIRST = 1_000;

/** How much the newest batch counts in the mean, and how much a batch may grow or shrink at once. */
const WEIGHT = 0.4;
const STEP = 0.2;
/** So many batches count. */
const COUNTED = 20;

/** How many rows the next batch is to have. */
export class BatchSize {
  readonly #isFixed: boolean;
  #rows: number;
  /** Milliseconds for a thousand rows, the newest last. */
  readonly #recent: number[] = [];

  /** @param rows a fixed number, or undefined for one that follows the time that batches take */
  constructor(rows: number | undefined, begin: number = FIRST) {
    this.#isFixed = rows !== undefined;
    this.#rows = rows ?? begin;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Milliseconds that a batch of this size takes by the latest ones; undefined before the first. */
  get expected(): number | undefined {
    const mean = this.#mean();
    return mean === undefined ? undefined : (mean * this.#rows) / 1000;
  }

  /** Takes notice of a batch: its rows, and the milliseconds that it took. */
  took(rows: number, milliseconds: number): void {
    if (rows === 0) return;
    this.#recent.push((milliseconds * 1000) / rows);
    if (this.#recent.length > COUNTED) this.#recent.shift();
    if (this.#isFixed) return;
    const mean = this.#mean()!;
    const wanted = (TARGET * 1000) / Math.max(mean, 0.001);
    const step = Math.min(this.#rows * (1 + STEP), Math.max(this.#rows * (1 - STEP), wanted));
    this.#rows = clamp(Math.round(step));
  }

  /** After a batch that had to be given up: a smaller one is in fewer people's way. */
  halve(): void {
    this.#rows = Math.max(1, Math.floor(this.#rows / 2));
  }

  #mean(): number | undefined {
    return this.#recent.reduce<number | undefined>(
      (mean, one) => (mean === undefined ? one : mean * (1 - WEIGHT) + one * WEIGHT),
      undefined,
    );
  }
}

function clamp(rows: number): number {
  return Math.min(LARGEST, Math.max(SMALLEST, rows));
}
