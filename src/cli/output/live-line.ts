import type { Io, Output } from "../io.ts";
import { forPeople } from "./style.ts";
import { formatDuration } from "./text.ts";
import { inLine } from "./visible.ts";

/** The last line of a terminal, which says what a command is at, and goes before anything else is written. */
export interface LiveLine {
  /**
   * What the command is at now; shown once it has been at work for a second.
   * @param since when that began, by `performance.now()`; now where it is left out
   */
  show(text: string, since?: number): void;
  /** It is over, and nothing follows it yet. */
  end(): void;
}

/** Milliseconds until it is shown, and its time; between two looks at the clock, and at least between two that change its text. */
const FIRST = 1000;
const TICK = 500;
const QUICK = 100;
/** Characters of a time that is counted elsewhere: as many seconds as fit into a day. */
const LONGEST_TIME = 7;
const CLEAR = "\r\u001b[2K";

/**
 * Makes a live line on standard error, and the surroundings that write without being mixed up with it.
 * @param isWanted false shows nothing
 */
export function withLiveLine(io: Io, isWanted: boolean): { io: Io; live: LiveLine } {
  if (!isWanted) return { io, live: { show: () => {}, end: () => {} } };
  let text: string | undefined;
  let begun = 0;
  // Since when one step has followed another; undefined while there is none, as when somebody thinks about a question.
  let busy: number | undefined;
  let isShown = false;
  let drawn = 0;
  let timer: NodeJS.Timeout | undefined;

  // Of the embedded engine's work, which keeps this thread; undefined while it does none.
  let clearWork = (): void => {};

  const clear = (): void => {
    clearWork();
    if (isShown) io.stderr.write(CLEAR);
    isShown = false;
  };
  const cut = (whole: string, length: number): string =>
    Bun.sliceAnsi(inLine(whole), 0, Math.max((io.stderr.columns ?? 80) - 3 - length, 10));
  const draw = (pause: number): void => {
    const now = performance.now();
    if (text === undefined || busy === undefined || now - busy < FIRST || now - drawn < pause) return;
    drawn = now;
    isShown = true;
    const time = now - begun < FIRST ? "" : ` ${formatDuration(now - begun)}`;
    io.stderr.write(`${CLEAR}  ${forPeople(cut(text, time.length))}${time}`);
  };
  const end = (): void => {
    clear();
    clearInterval(timer);
    [timer, text, busy] = [undefined, undefined, undefined];
  };

  const surroundings = Object.create(io, {
    hearSignals: {
      value: async () => {
        await io.hearSignals();
        if (!io.stderr.isTerminal) return;
        const work = await import("#database/embedded/work-line.ts");
        clearWork = work.clearWork;
        work.showWork({
          describe: (place) =>
            forPeople(cut(place === undefined ? (text ?? "Working") : `Running ${place}`, LONGEST_TIME)),
          clear: () => io.stderr.write(CLEAR),
        });
      },
    },
    stdout: { value: cleared(io.stdout, clear) },
    stderr: { value: cleared(io.stderr, clear) },
    // Whoever is asked something sees the question.
    stdin: {
      value: Object.create(io.stdin, {
        readLine: { value: (signal: AbortSignal) => (end(), io.stdin.readLine(signal)) },
        readAll: { value: (signal: AbortSignal) => (end(), io.stdin.readAll(signal)) },
        edit: { value: (options: Parameters<Io["stdin"]["edit"]>[0]) => (end(), io.stdin.edit(options)) },
      }) as Io["stdin"],
    },
  }) as Io;
  return {
    io: surroundings,
    live: {
      show(next, since = performance.now()) {
        // Asked only now: most commands are over before they have anything to show.
        if (!io.stderr.isTerminal) return;
        [text, begun] = [next, since];
        busy ??= since;
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
    writeNow: (piece, lastWords) => (clear(), output.writeNow(piece, lastWords)),
    endsWith: (text) => output.endsWith(text),
    get closed() {
      return output.closed;
    },
    get failure() {
      return output.failure;
    },
    get isTerminal() {
      return output.isTerminal;
    },
    get columns() {
      return output.columns;
    },
  };
}
