import { homedir } from "node:os";
import { isHeld } from "./cli/held.ts";
import { ABANDONED, LongestEnd, LOOK } from "./cli/longest-end.ts";
import { beginAnew, takeOutOf } from "./cli/reluctant-compiler.ts";
import { run } from "./cli/run.ts";
import { pieces, piecesNow, readAll, readLine } from "./cli/standard-input.ts";
import { isTerminal, lostOutput, StandardOutput } from "./cli/standard-output.ts";
import { userName } from "./cli/user-name.ts";

/** Milliseconds in which a signal that comes twice is one: from the terminal, and once more from a wrapper such as npm. */
const SAME_SIGNAL = 250;

/** Milliseconds for what is still on its way when the work has ended: output, and system calls that nobody waits for. */
const LAST_OUTPUT = 300;

/** Set when compiling: this process is the executable, and can begin anew by itself. */
declare const CONFITURE_COMPILED: true | undefined;

/** Exit codes of shells for a process that a signal ended: this, and the signal's number. */
const BY_SIGNAL = 128;
const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

async function main(): Promise<void> {
  const isPrepared = takeOutOf(process.env) || typeof CONFITURE_COMPILED === "undefined";
  let ready = isPrepared ? Promise.resolve() : undefined;
  const stdout = new StandardOutput(1);
  const stderr = new StandardOutput(2);
  const abort = new AbortController();
  let exitBySignal: number | undefined;
  let signalledAt = 0;
  let looking: NodeJS.Timeout | undefined;
  let passOn: ((signal: number) => void) | undefined;
  let lastDocument: ((exitCode: number) => string) | undefined;
  const signals = Object.keys(SIGNAL_EXIT) as (keyof typeof SIGNAL_EXIT)[];
  const onSignal = (code: number): void => {
    // The first asks the work to stop and clean up; the second is not asking.
    if (exitBySignal !== undefined) {
      if (performance.now() - signalledAt < SAME_SIGNAL) return;
      if (stdout.end.isOpen) abandon(code);
      process.exit(code);
    }
    exitBySignal = code;
    signalledAt = performance.now();
    const end = new LongestEnd(passOn === undefined);
    looking = setInterval(() => {
      if (!end.look()) return;
      abandon(code);
      process.exit(code);
    }, LOOK).unref();
    passOn?.(code - BY_SIGNAL);
    abort.abort();
  };
  const abandon = (code: number): void => {
    const document = lastDocument === undefined ? undefined : stdout.end.completing(lastDocument(code));
    if (document === undefined) stderr.write(`${ABANDONED}\n`);
    else stdout.write(document);
  };
  const releaseSignals = (): void => signals.forEach((signal) => process.removeAllListeners(signal));
  const keepSignals = (): void => signals.forEach((signal) => process.on(signal, () => onSignal(SIGNAL_EXIT[signal])));
  const prepareEngine = async (): Promise<void> => {
    // One that has come is heard when this thread pauses; what begins anew would know nothing of it.
    await new Promise((resolve) => setImmediate(resolve));
    if (exitBySignal !== undefined) return;
    // One that comes now ends the process; nothing was done yet.
    releaseSignals();
    beginAnew(process.argv.slice(2));
    keepSignals();
  };
  keepSignals();
  const exitCode = await run(process.argv.slice(2), {
    stdout,
    stderr,
    stdin: {
      get isTerminal() {
        return isTerminal(0);
      },
      discardTyped: async () => (await import("./cli/typed-ahead.ts")).discardTyped(),
      readLine,
      readAll,
      pieces,
      piecesNow,
      edit: async (options) => (await import("./cli/line-editor.ts")).openEditor(options),
    },
    env: process.env,
    cwd: process.cwd(),
    get homeDirectory() {
      return homeDirectory();
    },
    get userName() {
      return userName();
    },
    signal: abort.signal,
    signalExit: () => exitBySignal,
    endAbandonedWith: (document) => {
      lastDocument = document;
    },
    prepareEngine: async () => await (ready ??= prepareEngine()),
    hearSignals: async () => {
      const { hearSignals } = await import("./cli/engine-signals.ts");
      passOn = hearSignals({
        onSignal: (signal) => onSignal(BY_SIGNAL + signal),
        onDeaf: releaseSignals,
        lastWords: {
          message: `${ABANDONED}\n`,
          documents: Object.fromEntries(
            Object.values(SIGNAL_EXIT).flatMap((code) =>
              lastDocument === undefined ? [] : [[code, lastDocument(code)]],
            ),
          ),
          end: stdout.end.shared,
        },
      });
      if (exitBySignal !== undefined) passOn(exitBySignal - BY_SIGNAL);
    },
  });
  clearInterval(looking);
  // Not process.exit: it would cut output that is still on its way into a pipe.
  process.exitCode = exitCode;
  if (exitBySignal !== undefined) setTimeout(() => process.exit(exitCode), LAST_OUTPUT).unref();
  if (stdout.failure !== undefined) {
    stderr.write(lostOutput(stdout.failure, exitCode));
    process.exitCode ||= 1;
  }
  if (!isHeld()) return;
  await Promise.all([stdout.sent(), stderr.sent()]);
  process.exit();
}

function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    // Neither HOME nor an entry in the password database.
    return "";
  }
}

void main();
