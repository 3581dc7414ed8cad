import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./postgres-binaries.ts";

const GIVEN_BINARY = process.env["CONFITURE_TEST_BINARY"];

/** The compiled executable under test: this checkout's, or another that `CONFITURE_TEST_BINARY` names (a released one). */
export const BINARY = GIVEN_BINARY ?? join(ROOT, "dist", process.platform === "win32" ? "confiture.exe" : "confiture");

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the minimal environment: PATH, a HOME of its own, no PG* and no CONFITURE_* variables. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** Milliseconds until the process is killed. */
  readonly timeout?: number;
  /** Another copy of the executable. */
  readonly binary?: string;
}

export interface RunResult {
  /** 128 + the signal's number when a signal ended it, as a shell says it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A started executable, for tests that send signals or look while it runs. */
export interface RunningBinary {
  readonly process: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly result: Promise<RunResult>;
  /**
   * Waits until it has written `text` to standard error: how far a process is, its clock does not tell.
   * @throws when it ends without
   */
  says(text: string): Promise<void>;
}

/** Runs the compiled executable to its end. */
export async function runBinary(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return (await startBinary(args, options)).result;
}

/** Starts the compiled executable; its input is closed after `stdin`. */
export async function startBinary(args: readonly string[], options: RunOptions = {}): Promise<RunningBinary> {
  await builtBinary();
  const home = await mkdtemp(join(tmpdir(), "confiture-home-"));
  const child = Bun.spawn([options.binary ?? BINARY, ...args], {
    cwd: options.cwd ?? home,
    env: { PATH: process.env["PATH"] ?? "", HOME: home, TZ: "UTC", ...options.env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    ...(options.timeout === undefined ? {} : { timeout: options.timeout, killSignal: "SIGKILL" as const }),
  });
  const spoken = new Spoken(child.stderr);
  const result = (async () => {
    const output = Promise.all([child.stdout.text(), spoken.all, child.exited]);
    if (options.stdin !== undefined) await child.stdin.write(options.stdin);
    await child.stdin.end();
    const [stdout, stderr, exitCode] = await output;
    await rm(home, { recursive: true, force: true });
    return { exitCode, stdout, stderr };
  })();
  return { process: child, result, says: (text) => spoken.until(text) };
}

/** What comes out of a stream, also while it comes. */
class Spoken {
  readonly all: Promise<string>;
  #text = "";
  #isOver = false;
  #more = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.all = this.#read(stream);
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<string> {
    const decoder = new TextDecoder();
    for await (const piece of stream) {
      this.#text += decoder.decode(piece, { stream: true });
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    }
    this.#isOver = true;
    this.#more.resolve();
    return this.#text;
  }

  async until(text: string): Promise<void> {
    while (!this.#text.includes(text)) {
      if (this.#isOver) throw new Error(`it has ended, and never said "${text}":\n${this.#text}`);
      await this.#more.promise;
    }
  }
}

/**
 * The most memory that a child had at once, in bytes, once it has ended; looked up in /proc every few milliseconds,
 * since what wait() tells of a child begins with the memory of this process. 0 where there is no /proc.
 */
export async function peakMemory(child: Bun.Subprocess): Promise<number> {
  let kibibytes = 0;
  while (child.exitCode === null && child.signalCode === null) {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    kibibytes = Math.max(kibibytes, Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0));
    await Bun.sleep(5);
  }
  return kibibytes * 1024;
}

let built: Promise<void> | undefined;

/** Builds the executable when it is missing or older than its sources; once per test process. */
export function builtBinary(): Promise<void> {
  built ??= buildIfStale();
  return built;
}

async function buildIfStale(): Promise<void> {
  if (GIVEN_BINARY !== undefined || (await isFresh())) return;
  const build = Bun.spawn([join(ROOT, "scripts", "build")], { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exitCode] = await Promise.all([build.stdout.text(), build.stderr.text(), build.exited]);
  if (exitCode !== 0) throw new Error(`scripts/build exited with ${exitCode}:\n${stdout}${stderr}`);
}

async function isFresh(): Promise<boolean> {
  const binary = await stat(BINARY).catch(() => undefined);
  if (binary === undefined) return false;
  const sources = await readdir(join(ROOT, "src"), { recursive: true, withFileTypes: true });
  const paths = sources.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const compiler = join(ROOT, "scripts", "compile.ts");
  const imported = new Bun.Transpiler({ loader: "ts" }).scanImports(await readFile(compiler, "utf8"));
  const parts = imported.map((each) => each.path).filter((each) => each.startsWith("./"));
  const scripts = parts.map((part) => join(ROOT, "scripts", part));
  for (const path of [...paths, ...scripts, compiler, join(ROOT, "package.json")]) {
    const source = await stat(path).catch(() => undefined);
    if (source !== undefined && source.mtimeMs > binary.mtimeMs) return false;
  }
  return true;
}
