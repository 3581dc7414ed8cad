const NOTHING = 0;
const SOMETHING = 1;
const OPEN = 2;

/** Bytes; what ends a document is a few brackets. */
const LONGEST = 256;

/**
 * How far a document on standard output is, for whoever ends the process in the middle of it, from any thread: it ends there as a whole
 * document, or is not begun.
 */
export class DocumentEnd {
  readonly shared: SharedArrayBuffer;
  /** The state, and how many bytes the text has. */
  readonly #cells: Int32Array;
  readonly #text: Uint8Array;

  constructor(shared = new SharedArrayBuffer(8 + LONGEST)) {
    this.shared = shared;
    this.#cells = new Int32Array(shared, 0, 2);
    this.#text = new Uint8Array(shared, 8);
  }

  /** Something is about to be written. */
  begin(): void {
    Atomics.store(this.#cells, 0, SOMETHING);
  }

  /** All of it is written, and the members of a last document may follow this text. */
  leave(text: string): void {
    this.#cells[1] = new TextEncoder().encodeInto(text, this.#text).written;
    Atomics.store(this.#cells, 0, OPEN);
  }

  /** Whether the beginning of a document is written that can still become a whole one. */
  get isOpen(): boolean {
    return Atomics.load(this.#cells, 0) === OPEN;
  }

  /**
   * What has to be written so that a whole document is there, which says the same as this one; undefined where nothing can make it one.
   * @param document as it is where it stands alone
   */
  completing(document: string): string | undefined {
    const state = Atomics.load(this.#cells, 0);
    if (state !== OPEN) return state === NOTHING ? document : undefined;
    // Nobody decodes what is shared.
    return new TextDecoder().decode(this.#text.slice(0, this.#cells[1])) + document.slice(1);
  }
}
