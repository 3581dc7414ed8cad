import { fstatSync } from "node:fs";
import type { FileSink } from "bun";
import type * as Tty from "node:tty";
import { wasClosed, writeAtOnce } from "#files/descriptor.ts";
import { DocumentEnd } from "#files/document-end.ts";
import { ERROR_CODES } from "#errors/codes.ts";
import { reasonOf } from "#files/reason.ts";
import type { Output } from "./io.ts";

/**
 * One of the process's own streams. Bun's writer sends what it can at once and holds the process until the rest has
 * found its way through a full pipe; `process.stdout` does the same, but takes longer to make than a short command runs.
 */
export class StandardOutput implements Output {
  /** What became of writing, when it failed: a disk that is full. */
  failure: Error | undefined;
  /** For whoever ends the process. */
  readonly end = new DocumentEnd();
  readonly #descriptor: 1 | 2;
  #writer: FileSink | undefined;
  #closed = false;
  #isTerminal: boolean | undefined;

  constructor(descriptor: 1 | 2) {
    this.#descriptor = descriptor;
  }

  get isTerminal(): boolean {
    return (this.#isTerminal ??= isTerminal(this.#descriptor));
  }

  /** The stream knows, and takes long to make; but a person is there to wait for it. */
  get columns(): number | undefined {
    if (!this.isTerminal) return undefined;
    const { columns } = this.#descriptor === 1 ? process.stdout : process.stderr;
    // A terminal that does not know its width says 0.
    return columns === 0 ? undefined : columns;
  }

  write(text: string): void {
    const writer = this.#open();
    if (writer === undefined) return;
    this.#attempt(() => writer.write(text));
    this.#attempt(() => writer.flush());
  }

  async writeAll(pieces: Iterable<string | Uint8Array>): Promise<void> {
    for (const piece of pieces) {
      const writer = this.#open();
      if (writer === undefined) return;
      try {
        await writer.write(piece);
        await writer.flush();
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  writeNow(piece: string | Uint8Array, lastWords = ""): void {
    if (this.#open() === undefined) return;
    try {
      writeAtOnce(this.#descriptor, typeof piece === "string" ? Buffer.from(piece) : piece);
    } catch (error) {
      this.#fail(error);
      if (this.failure !== undefined) return;
      if (lastWords !== "") writeAtOnce(2, Buffer.from(lastWords));
      process.exit(ERROR_CODES.output_unread.exit);
    }
  }

  endsWith(text: string): void {
    this.end.leave(text);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Waits until everything has found its way, or cannot. */
  async sent(): Promise<void> {
    try {
      await this.#writer?.flush();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Undefined where nothing can be written any more. */
  #open(): FileSink | undefined {
    this.end.begin();
    if (this.#closed) return undefined;
    // Bun puts something else in its place, and writing would go well.
    if (this.#writer === undefined && wasClosed(this.#descriptor)) this.#fail(new Error("it is closed"));
    if (this.#closed) return undefined;
    return (this.#writer ??= (this.#descriptor === 1 ? Bun.stdout : Bun.stderr).writer());
  }

  /** Fails at once, or later where the pipe was full. */
  #attempt(step: () => unknown): void {
    try {
      const rest = step();
      if (rest instanceof Promise) rest.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#closed = true;
    // A reader that has seen enough (`| head`) is no failure of ours.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") this.failure = error as Error;
  }
}

/** What is said where standard output could not be written: whether the work is done all the same. */
export function lostOutput(failure: Error, exitCode: number): string {
  const what =
    exitCode === 0 ? "The command succeeded, but its output could not be written" : "The output could not be written";
  return `error: ${what} to standard output: ${reasonOf(failure)}\n`;
}

/** Whether a descriptor is a terminal. */
export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  // Bun's own answer needs node:tty, which brings all of node:net with it: only for what may be one.
  if (!isCharacterDevice(descriptor)) return false;
  const { isatty } = require("node:tty") as typeof Tty;
  return isatty(descriptor);
}

function isCharacterDevice(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice();
  } catch {
    // It is closed.
    return false;
  }
}
