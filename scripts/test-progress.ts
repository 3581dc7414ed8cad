/** Milliseconds that each file took when that was last measured, by its path: tests/timings.json. */
type Timings = Readonly<Record<string, number>>;

/** Milliseconds between two reports. */
const PAUSE = 30_000;

/** How far a run of all tests is: by the files that it names in its output, and what each took when that was measured. */
export class TestProgress {
  readonly #timings: Timings;
  readonly #workers: number;
  readonly #total: number;
  readonly #begun: number;
  readonly #seen = new Set<string>();
  #rest = "";
  #told: number;

  /** @param now milliseconds, of any clock */
  constructor(timings: Timings, workers: number, now: number) {
    this.#timings = timings;
    this.#workers = workers;
    this.#total = sum(Object.values(timings));
    this.#begun = this.#told = now;
  }

  /** What is said before the first test. */
  get expectation(): string {
    return `About ${minutes(this.#total / this.#workers)} on a quiet machine like the one of tests/timings.json`;
  }

  /**
   * @param text what the run has just written
   * @returns what to say of it, every now and then
   */
  read(text: string, now: number): string | undefined {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const file = /^(tests\/\S+\.test\.ts):$/.exec(line)?.[1];
      if (file !== undefined) this.#seen.add(file);
    }
    if (now - this.#told < PAUSE) return undefined;
    this.#told = now;
    // The last ones are still at work.
    const done = sum([...this.#seen].slice(0, -this.#workers).map((file) => this.#timings[file] ?? 0));
    if (done === 0) return undefined;
    const share = done / this.#total;
    const left = ((now - this.#begun) * (1 - share)) / share;
    return `${Math.floor(share * 100)} % of the tests, about ${minutes(left)} left`;
  }
}

function minutes(milliseconds: number): string {
  const whole = Math.max(1, Math.round(milliseconds / 60_000));
  return `${whole} minute${whole === 1 ? "" : "s"}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
