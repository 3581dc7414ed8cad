import { closeSync, constants, openSync, readSync } from "node:fs";
import { platform } from "node:process";
import type { ReadStream } from "node:tty";

/**
 * Throws away what was typed at the terminal of standard input and has not been read: it was no answer to a question that
 * was not there yet.
 */
export function discardTypedAhead(stdin: ReadStream): void {
  // What came with the line before.
  if (stdin.readableLength > 0) stdin.read();
  // Windows has no file for it that says it is empty.
  if (platform === "win32") return;
  const descriptor = openTerminal();
  if (descriptor === undefined) return;
  // A line without its end is handed over only in this mode.
  stdin.setRawMode(true);
  try {
    const bytes = Buffer.alloc(4096);
    while (readSync(descriptor, bytes) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
  } finally {
    stdin.setRawMode(false);
    closeSync(descriptor);
  }
}

/** The terminal once more, so that reading does not wait; undefined where it may not be opened, as after `su`. */
function openTerminal(): number | undefined {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  for (const path of platform === "linux" ? ["/proc/self/fd/0", "/dev/tty"] : ["/dev/tty"]) {
    try {
      return openSync(path, flags);
    } catch {
      // The next one.
    }
  }
  return undefined;
}
