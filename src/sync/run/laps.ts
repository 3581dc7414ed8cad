/** What a run does, one after the other. */
export const PARTS = ["reading", "tables", "rows", "objects", "proof", "finish"] as const;

/** Milliseconds of each part of a run, and of all of it. */
export type Durations = Readonly<Record<(typeof PARTS)[number] | "total", number>>;

/** Measures the parts of a run, so that no time is without a name. */
export class Laps {
  readonly #began = performance.now();
  readonly #ends: number[] = [];

  /** Ends the next of the parts. */
  end(): void {
    this.#ends.push(performance.now());
  }

  get durations(): Durations {
    const took = PARTS.map((part, at) => [part, this.#ends[at]! - (this.#ends[at - 1] ?? this.#began)] as const);
    const total = this.#ends.at(-1)! - this.#began;
    return { ...(Object.fromEntries(took) as Record<(typeof PARTS)[number], number>), total };
  }
}
