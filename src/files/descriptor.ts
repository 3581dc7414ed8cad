import { readFileSync, readSync, writeSync } from "node:fs";
import { platform } from "node:process";

/** O_CLOEXEC (open(2)). */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Whether a standard stream was closed when this process began (`>&-`). Bun opens /dev/null in its place, so that no
 * other file gets its number; only that one closes when another program takes over, for what comes from outside has just
 * come through that. Linux alone tells; elsewhere the answer is no.
 */
export function wasClosed(descriptor: number): boolean {
  if (platform !== "linux") return false;
  try {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0;
  } catch {
    // No /proc.
    return false;
  }
}

/** Writes all of it to an open stream, and keeps this thread until that is done. Throws what the system says. */
export function writeAtOnce(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      // A pipe that is full, and that somebody set to say so instead of waiting.
      Bun.sleepSync(1);
    }
  }
}

/** Bytes that are read at once: what a pipe holds. */
const PIECE = 1 << 16;

/** What comes next from an open stream, which this thread waits for; nothing at its end. Throws what the system says. */
export function readAtOnce(descriptor: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(PIECE);
  for (;;) {
    try {
      return bytes.subarray(0, readSync(descriptor, bytes));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Windows says so of a pipe that is at its end.
      if (code === "EOF") return bytes.subarray(0, 0);
      if (code !== "EAGAIN") throw error;
      // A pipe that is empty, and that somebody set to say so instead of waiting.
      Bun.sleepSync(1);
    }
  }
}

/** How many files this process may open at once (`ulimit -n`); undefined for no limit, and where the system does not tell. */
export function openFileLimit(): number | undefined {
  if (platform !== "linux") return undefined;
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    // No /proc.
    return undefined;
  }
}
