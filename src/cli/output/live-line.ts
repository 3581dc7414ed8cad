import type { Io, Output } from "../io.ts";
import { forPeople } from "./style.ts";
import { formatDuration } from "./text.ts";
import { inLine } from "./visible.ts";

/** The last line of a terminal, which says what a command is at, and goes before anything else is written. */
export interface LiveLine {
  /**
   * What the command is at now; shown once it has taken a second.
   * @param since when that began, by `performance.now()`; the command itself where it is left out
   */
  show(text: string, since?: number): void;
  end(): void;
}

/** Milliseconds until it is shown, between two looks at the clock, and at least between two that change its text. */
const FIRST = 1000;
const TICK = 500;
const QUICK = 100;
const CLEAR = "\r\u001b[2K";

/**
 * Makes a live line on standard error, and the surroundings that write without being mixed up with it.
 * @param isWanted false shows nothing
 */
export function withLiveLine(io: Io, isWanted: boolean): { io: Io; live: LiveLine } {
  if (!isWanted) return { io, live: { show: () => {}, end: () => {} } };
  // Without the time that somebody thought about a question.
  let started = performance.now();
  let text: string | undefined;
  let begun = started;
  let isShown = false;
  let drawn = 0;
  let timer: NodeJS.Timeout | undefined;

  const clear = (): void => {
    if (isShown) io.stderr.write(CLEAR);
    isShown = false;
  };
  const draw = (pause: number): void => {
    const now = performance.now();
    if (text === undefined || now - begun < FIRST || now - drawn < pause) return;
    drawn = now;
    isShown = true;
    const time = ` ${formatDuration(now - begun)}`;
    const width = Math.max((io.stderr.columns ?? 80) - 3 - time.length, 10);
    io.stderr.write(`${CLEAR}  ${forPeople(Bun.sliceAnsi(inLine(text), 0, width))}${time}`);
  };
  const end = (): void => {
    clear();
    clearInterval(timer);
    [timer, text] = [undefined, undefined];
  };

  const asking = async <T>(answer: () => Promise<T>): Promise<T> => {
    end();
    const asked = performance.now();
    try {
      return await answer();
    } finally {
      started += performance.now() - asked;
    }
  };

  const surroundings = Object.create(io, {
    stdout: { value: cleared(io.stdout, clear) },
    stderr: { value: cleared(io.stderr, clear) },
    // Whoever is asked something sees the question.
    stdin: {
      value: Object.create(io.stdin, {
        readLine: { value: (signal: AbortSignal) => asking(() => io.stdin.readLine(signal)) },
        readAll: { value: (signal: AbortSignal) => (end(), io.stdin.readAll(signal)) },
        edit: { value: (options: Parameters<Io["stdin"]["edit"]>[0]) => asking(() => io.stdin.edit(options)) },
      }) as Io["stdin"],
    },
  }) as Io;
  return {
    io: surroundings,
    live: {
      show(next, since = started) {
        // Asked only now: most commands are over before they have anything to show.
        if (!io.stderr.isTerminal) return;
        [text, begun] = [next, since];
        timer ??= setInterval(draw, TICK, TICK - 1).unref();
        draw(QUICK);
      },
      end,
    },
  };
}

function cleared(output: Output, clear: () => void): Output {
  return {
    write: (text) => (clear(), output.write(text)),
    writeAll: (pieces) => (clear(), output.writeAll(pieces)),
    writeNow: (piece) => (clear(), output.writeNow(piece)),
    get closed() {
      return output.closed;
    },
    get isTerminal() {
      return output.isTerminal;
    },
    get columns() {
      return output.columns;
    },
  };
}
