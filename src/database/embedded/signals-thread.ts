import { dlopen, type Pointer } from "bun:ffi";
import { writeSync } from "node:fs";
import { constants } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { DocumentEnd } from "#files/document-end.ts";
import { C_LIBRARIES } from "./c-library.ts";
import { WatchedWork } from "./limit.ts";
import type { Hearing, Said } from "./signals.ts";
import { WorkLine } from "./work-line.ts";

/** Milliseconds between two looks. */
const LOOK = 50;
/** Milliseconds in which a signal that comes twice is one: from the terminal, and once more from a wrapper such as npm. */
const SAME_SIGNAL = 250;
/** Looks after the signal until a second long piece of work is interrupted: what cleans up behind the first may take a moment. */
const UNTIL_MORE = 40;
/**
 * Looks after the signal until the process ends, whatever it does. The thread that works ends it before, where it can. A process that
 * a busy machine keeps from working is not late: it ends then only after so many microseconds of work, or so many looks.
 */
const UNTIL_END = 120;
const WORKED = 3_000_000;
const UNTIL_END_ANYWAY = 400;
/** Milliseconds of the same work until it is shown, and between two times that are shown. */
const UNTIL_SHOWN = 1000;
const UNTIL_NEXT = 500;
/** No signal has this number. */
const NONE = 0x100;

/** What is needed of the C library. */
interface System {
  /** @returns the signal that came since the last call */
  readonly take: () => number | undefined;
  /** @returns microseconds of processor time that this process has had */
  readonly worked: () => number;
  readonly end: (exitCode: number) => void;
}

const { work, line, heard, lastWords } = workerData as Hearing;
const written = new DocumentEnd(lastWords.end);
const system = openSystem();
if (system === undefined) say("deaf");
else {
  say("hearing");
  listen(system, new WatchedWork(work), new WorkLine(line), new Int32Array(heard));
}

/**
 * Handlers in JavaScript run in the thread that is kept, and one in C has to come from the C library, which has one that keeps the
 * number it is called with: `setlogmask`, of the system's log, which nobody writes to here.
 */
function openSystem(): System | undefined {
  for (const library of C_LIBRARIES) {
    try {
      const { symbols } = dlopen(library, {
        signal: { args: ["i32", "ptr"], returns: "ptr" },
        setlogmask: { args: ["i32"], returns: "i32" },
        clock: { args: [], returns: "i64" },
        _exit: { args: ["i32"], returns: "void" },
      });
      const { signal, setlogmask, clock, _exit: end } = symbols;
      setlogmask(NONE);
      const { SIGINT, SIGTERM, SIGHUP } = constants.signals;
      // Bun has the address of what it calls there, and does not say so in its types.
      const { ptr } = setlogmask as unknown as { readonly ptr: Pointer };
      for (const number of [SIGINT, SIGTERM, SIGHUP]) signal(number, ptr);
      return {
        take() {
          const number = setlogmask(NONE);
          return number === NONE ? undefined : number;
        },
        worked: () => Number(clock()),
        end,
      };
    } catch {
      // Another platform's.
    }
  }
  return undefined;
}

function listen({ take, worked, end }: System, engine: WatchedWork, shown: WorkLine, told: Int32Array): never {
  const never = new Int32Array(new SharedArrayBuffer(4));
  let first: { readonly exitCode: number; readonly at: number } | undefined;
  let looks = 0;
  let workedBefore = 0;
  let before = 0;
  let begun = 0;
  let drawn = 0;
  let target: number | undefined;
  for (;;) {
    Atomics.wait(never, 0, 0, LOOK);
    const signal = take();
    const now = performance.now();
    if (signal !== undefined && first === undefined) {
      first = { exitCode: 128 + signal, at: now };
      Atomics.store(told, 0, signal);
      say("heard");
    } else if (signal !== undefined && first !== undefined && now - first.at >= SAME_SIGNAL) {
      if (written.isOpen) sayLastWords(128 + signal);
      end(128 + signal);
    }
    const known = Atomics.exchange(told, 1, 0);
    if (known !== 0) first ??= { exitCode: 128 + known, at: now };
    // What has just begun may be about to clean up.
    const number = engine.number;
    const isLong = number === before;
    if (!isLong) begun = now;
    before = number;
    if (now - begun >= UNTIL_SHOWN && now - drawn >= UNTIL_NEXT) {
      drawn = now;
      shown.draw((text) => writeSync(2, `\r\u001b[2K  ${text} ${Math.floor((now - begun) / 1000)}s`));
    }
    if (first === undefined) continue;
    if (looks === 0) workedBefore = worked();
    looks++;
    if (isLong && (target === undefined || looks > UNTIL_MORE)) target = number;
    if (target !== undefined && !engine.interrupt(target)) target = looks > UNTIL_MORE ? undefined : target;
    if (looks < UNTIL_END || (looks < UNTIL_END_ANYWAY && worked() - workedBefore < WORKED)) continue;
    sayLastWords(first.exitCode);
    end(first.exitCode);
  }
}

function sayLastWords(exitCode: number): void {
  const alone = lastWords.documents[exitCode];
  const document = alone === undefined ? undefined : written.completing(alone);
  if (document === undefined) writeSync(2, lastWords.message);
  else writeSync(1, document);
}

function say(said: Said): void {
  parentPort?.postMessage(said);
}
