import { memoryUsage } from "bun:jsc";

/** Bytes of memory from which on what is not needed any more is given back at once. */
const MUCH_MEMORY = 300 * 1024 * 1024;

/**
 * Gives back what is not needed any more, where that may be much: behind rows, or plans, by the hundred thousand. The
 * collector itself waits until as much again is there as an engine has reserved, most of which that one never touches.
 */
export function giveBackMemory(): void {
  if (memoryUsage().current > MUCH_MEMORY) Bun.gc(true);
}
