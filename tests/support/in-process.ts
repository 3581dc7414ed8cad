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
  const pieces = await runInOrder(args, { cwd, env: { TZ: "UTC", ...env }, homeDirectory: cwd });
  return { exitCode: pieces.exitCode, stdout: pieces.text("stdout"), stderr: pieces.text("stderr") };
}

type Stream = "stdout" | "stderr";

/** What a command line wrote, in the order in which it did. */
export interface Written {
  readonly exitCode: number;
  readonly pieces: readonly (readonly [to: Stream, text: string])[];
  text(of: Stream): string;
}

/** Runs a command line in this process with nothing but these variables in its environment. */
export async function runInOrder(
  args: readonly string[],
  place: Readonly<Record<"cwd" | "homeDirectory", string>> & { readonly env: Readonly<Record<string, string>> },
): Promise<Written> {
  const pieces: [Stream, string][] = [];
  const exitCode = await run(args, {
    stdout: collect((text) => pieces.push(["stdout", text])),
    stderr: collect((text) => pieces.push(["stderr", text])),
    stdin: {
      isTerminal: false,
      discardTyped: () => Promise.resolve(),
      readLine: () => Promise.resolve(undefined),
      readAll: () => Promise.resolve(new Uint8Array()),
      async *pieces() {},
      *piecesNow() {},
      edit: () => Promise.reject(new Error("nobody is at a terminal")),
    },
    ...place,
    userName: "tester",
    signal: NEVER.signal,
    signalExit: () => undefined,
    prepareEngine: () => Promise.resolve(),
    endAbandonedWith: () => {},
    hearSignals: async () => {},
  });
  return {
    exitCode,
    pieces,
    text: (of) => pieces.map(([to, text]) => (to === of ? text : "")).join(""),
  };
}

function collect(take: (text: string) => void) {
  const decoder = new TextDecoder();
  const write = (piece: string | Uint8Array): void => {
    take(typeof piece === "string" ? piece : decoder.decode(piece, { stream: true }));
  };
  return {
    isTerminal: false,
    closed: false,
    failure: undefined,
    endsWith: () => {},
    write,
    writeNow: write,
    writeAll: (pieces: Iterable<string | Uint8Array>) => {
      for (const piece of pieces) write(piece);
      return Promise.resolve();
    },
  };
}
