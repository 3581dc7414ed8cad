import { run } from "#cli/run.ts";
import { runBinary, type RunOptions, type RunResult } from "./cli.ts";

/** One for all, so that they can use one engine after the other. */
const NEVER = new AbortController();

/**
 * Runs a command line in this process, for tests of many commands: starting the executable takes longer than most of what
 * they do. What a process is needed for (signals, standard input, the compiled file) is tested with `runBinary`.
 */
export async function runHere(
  args: readonly string[],
  options: RunOptions & { readonly cwd: string },
): Promise<RunResult> {
  const { cwd, env = {}, stdin, binary } = options;
  if (stdin !== undefined || binary !== undefined) return await runBinary(args, options);
  const [stdout, stderr] = [collect(), collect()];
  const exitCode = await run(args, {
    stdout,
    stderr,
    stdin: {
      isTerminal: false,
      readLine: () => Promise.resolve(undefined),
      readAll: () => Promise.resolve(new Uint8Array()),
      edit: () => Promise.reject(new Error("nobody is at a terminal")),
    },
    env: { TZ: "UTC", ...env },
    cwd,
    homeDirectory: cwd,
    userName: "tester",
    signal: NEVER.signal,
    signalExit: () => undefined,
    prepareEngine: () => {},
    releaseSignals: () => {},
  });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

function collect() {
  const decoder = new TextDecoder();
  let all = "";
  const write = (piece: string | Uint8Array): void => {
    all += typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
  };
  return {
    isTerminal: false,
    closed: false,
    write,
    writeNow: write,
    writeAll: (pieces: Iterable<string | Uint8Array>) => {
      for (const piece of pieces) write(piece);
      return Promise.resolve();
    },
    text: () => all,
  };
}
