import { CORPUS, FRAGMENTS } from "./corpus.ts";

/** The seed of this run: CONFITURE_SEED, to replay a failure, or one from the clock. */
export const SEED = Number(process.env["CONFITURE_SEED"] ?? Date.now() % 2 ** 31);

/** Random numbers that depend on nothing but the seed (mulberry32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** Some texts of the corpus in a row, with `changes` random edits. */
export function mutatedSql(random: Random, changes: number): string {
  let text = random.pick(CORPUS);
  for (let count = random.below(3); count > 0; count--)
    text += random.pick(["", "\n", " ", ";\n"]) + random.pick(CORPUS);
  for (let count = changes; count > 0; count--) text = edit(random, text);
  return text;
}

/** Fragments in a row: no SQL at all. */
export function noise(random: Random): string {
  let text = "";
  for (let count = random.below(30); count > 0; count--) text += random.pick(FRAGMENTS);
  return text;
}

function edit(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  const length = random.below(random.pick([2, 6, 40]));
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at) + text.slice(at + length);
    case 1:
      return text.slice(0, at) + text.slice(at, at + length) + text.slice(at);
    case 2: {
      const other = random.pick(CORPUS);
      const from = random.below(other.length + 1);
      return text.slice(0, at) + other.slice(from, from + length) + text.slice(at);
    }
    default:
      return text.slice(0, at) + random.pick(FRAGMENTS) + text.slice(at);
  }
}
