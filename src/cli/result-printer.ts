import type { ResultColumn, ResultListener, TransactionState } from "#database/database.ts";
import type { Output } from "./io.ts";
import type { ResultFormat } from "./output/result-format.ts";
import { forPeople } from "./output/style.ts";

/** Characters that are written at once. */
const PIECE = 1 << 16;

export interface PrinterOptions {
  readonly output: Output;
  readonly format: ResultFormat;
  /** The engine is this very thread's, so that it cannot be asked to wait. */
  readonly embedded: boolean;
  /** Hears of a statement that is done. */
  readonly onCompleted?: (tag: string) => void;
  /** Called when nobody reads any more; not where the engine is this thread's, and the process ends. */
  readonly onClosed?: () => void;
  /** What is said where the process ends because of that, and something is lost or was not read. */
  readonly lastWords?: () => string;
  /** What ends the list of results where they are part of a document. */
  readonly documentEnd?: string;
}

/**
 * Writes results while they arrive, no faster than they are read, so that a result of any length needs little memory.
 */
export class ResultPrinter implements ResultListener {
  readonly #options: PrinterOptions;
  readonly #isTerminal: boolean;
  #text = "";
  #writing: Promise<void> | undefined;
  #isEnded = false;
  /** How the results of the statements that follow look. */
  format: ResultFormat;
  /** The state of the session after what it did last. */
  transaction: TransactionState = "none";
  /** Whether nothing follows what ran last. */
  isLast = true;
  /** Whether what runs now is the last, and only reads: nothing is lost where it is stopped. */
  isLastRead = false;
  /** Whether what ran last is done, and committed unless a transaction is open. */
  isDone = true;

  constructor(options: PrinterOptions) {
    this.#options = options;
    this.format = options.format;
    this.#isTerminal = options.output.isTerminal;
  }

  columns(columns: readonly ResultColumn[]): void {
    this.add(this.format.columns(columns));
  }

  row(values: readonly (string | null)[]): void {
    this.add(this.format.row(values));
  }

  copied(chunk: Buffer, from: number, to: number): void {
    const shown = this.format.copied(chunk.subarray(from, to));
    if (typeof shown === "string") return this.add(shown);
    if (this.#isTerminal) return this.add(new TextDecoder().decode(shown));
    // It may be binary.
    this.#send();
    this.#write(Buffer.from(shown));
  }

  completed(tag: string): void {
    this.isDone = true;
    this.add(this.format.completed(tag));
    this.#options.onCompleted?.(tag);
  }

  ready(transaction: TransactionState): void {
    this.transaction = transaction;
  }

  room(): Promise<void> | undefined {
    return this.#writing;
  }

  /** To be called when a statement has failed. */
  failed(): void {
    this.add(this.format.failed());
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= PIECE) this.#send();
  }

  /**
   * To be called between two statements: a person sees each result as it comes. The embedded engine keeps this thread, so that nothing
   * else would write what is committed already before the next one is done, or the process is ended in it.
   */
  async show(): Promise<void> {
    if (this.#isTerminal || this.#options.embedded) await this.flush();
  }

  /** Resolves when everything is written. */
  async flush(): Promise<void> {
    this.#send();
    await this.#writing;
  }

  /** Ends the list of results. Resolves when everything is written. */
  async end(): Promise<void> {
    this.add(this.#options.documentEnd ?? "");
    this.#isEnded = true;
    await this.flush();
  }

  #send(): void {
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    this.#write(this.#isTerminal ? forPeople(text) : text);
  }

  #write(piece: string | Uint8Array): void {
    const { output, embedded, lastWords, documentEnd } = this.#options;
    const missing = this.#isEnded ? "" : `${this.format.unfinished?.() ?? ""}${documentEnd}`;
    const leave = (): void => {
      if (documentEnd !== undefined) output.endsWith(missing);
    };
    if (embedded) {
      output.writeNow(piece, this.isLastRead ? undefined : lastWords?.());
      return leave();
    }
    const writing = (this.#writing ?? Promise.resolve()).then(() => output.writeAll([piece])).then(leave);
    this.#writing = writing;
    void this.#after(writing);
  }

  async #after(writing: Promise<void>): Promise<void> {
    await writing;
    if (this.#writing === writing) this.#writing = undefined;
    if (this.#options.output.closed) this.#options.onClosed?.();
  }
}
