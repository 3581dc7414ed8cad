import { countBytes } from "./garbage.ts";
import { message } from "./protocol.ts";

/**
 * Messages for the backend that are made while it reads them, so that no more than one piece is in memory. As much of a
 * byte array as PGlite looks at: it asks for `length` and then for the bytes up to there, in order.
 */
export class MessageStream {
  readonly 0: number;
  readonly #pieces: Iterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array();
  /** Where `#piece` begins in the whole. */
  #start = 0;
  #taken = 0;

  constructor(pieces: Iterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.iterator]();
    this.#advance();
    this[0] = this.#piece[0] ?? 0;
  }

  /** As far as is known yet; it grows when everything before was taken. */
  get length(): number {
    if (this.#taken === this.#start + this.#piece.length) this.#advance();
    return this.#start + this.#piece.length;
  }

  subarray(from: number, to: number): Uint8Array {
    this.#taken = to;
    return this.#piece.subarray(from - this.#start, to - this.#start);
  }

  #advance(): void {
    this.#start += this.#piece.length;
    do {
      const next = this.#pieces.next();
      this.#piece = next.done === true ? new Uint8Array() : next.value;
      if (next.done === true) return;
      countBytes(this.#piece.length);
    } while (this.#piece.length === 0);
  }
}

/** The data of a COPY FROM STDIN, asked for while the backend copies. */
export class CopySource {
  readonly #data: Iterable<Uint8Array | string>;
  /** What went wrong where the data comes from; the COPY fails with it. */
  failure: { readonly error: unknown } | undefined;

  constructor(data: Iterable<Uint8Array | string>) {
    this.#data = data;
  }

  /** CopyData messages, and what ends them. */
  *messages(): Generator<Uint8Array> {
    try {
      for (const chunk of this.#data) {
        const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
        // A header of its own: the data itself is not copied once more.
        yield message("d", "", bytes.length);
        yield bytes;
      }
    } catch (error) {
      this.failure = { error };
      yield message("f", "the data could not be read\0");
      return;
    }
    yield message("c");
  }
}
