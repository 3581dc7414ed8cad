import type { ScratchSeries } from "../runs/scratch-series.ts";
import { type Clock, requireTime } from "./clock.ts";

/**
 * Reading a catalogue takes longer than most migrations, so of many states only some are read: the very last, which most often
 * tells, then those right before it, and then some in between.
 */
export const LAST = 3;
const BETWEEN = 8;

/** States that follow each other, of which some were read. */
interface Searched<S> {
  readonly states: ReadonlyMap<number, S>;
  readonly reached: number;
  readonly read: (series: ScratchSeries, counts: readonly number[]) => Promise<void>;
}

/**
 * Looks for the last state that something holds. What holds one is taken to hold those before it, or the end of them, so
 * that of many only some are looked at: the last ones, then some in between, then closer.
 * @param isHeld whether a state is held
 * @returns how many migrations lead to it; the state after one more was read, where there is one
 */
export async function findLast<S>(
  { states, reached, read }: Searched<S>,
  series: ScratchSeries,
  clock: Clock,
  isHeld: (state: S) => boolean | Promise<boolean>,
): Promise<number> {
  let [held, not] = [0, reached + 1];
  for (let known = -1; known < states.size;) {
    known = states.size;
    for (let count = not - 1; count > held; count--) {
      const state = states.get(count);
      if (state === undefined) continue;
      requireTime(clock);
      if (await isHeld(state)) held = count;
      else not = count;
    }
    if (not === held + 1) break;
    const before = Array.from({ length: LAST }, (_, back) => not - 1 - back);
    const near = not >= reached ? before.filter((count) => count > held && !states.has(count)) : [];
    if (near.length > 0) {
      await read(series, near);
      continue;
    }
    const step = Math.ceil((not - held) / (BETWEEN + 1));
    const between = Array.from({ length: BETWEEN }, (_, index) => held + (index + 1) * step);
    await read(
      series,
      between.filter((count) => count < not),
    );
  }
  return held;
}
