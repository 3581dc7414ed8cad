import { memoryUsage } from "bun:jsc";

/** Bytes of memory from which on what is not needed any more is given back at once. */
const MUCH_MEMORY = 300 * 1024 * 1024;
/** Bytes that must have come since it was last given back: collecting takes as long whether it finds much or little. */
const MUCH_MORE = 20 * 1024 * 1024;

/** After the last time. */
let left = 0;

/**
 * Gives back what is not needed any more, where that may be much: behind rows, or plans, by the hundred thousand. The
 * collector itself waits until as much again is there as an engine has reserved, most of which that one never touches.
 */
export function giveBackMemory(): void {
  const { current } = memoryUsage();
  // What is given back leaves the process a moment later.
  left = Math.min(left, current);
  if (current < Math.max(MUCH_MEMORY, left + MUCH_MORE)) return;
  Bun.gc(true);
  left = memoryUsage().current;
}
