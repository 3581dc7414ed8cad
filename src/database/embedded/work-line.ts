/** The last line of a terminal, as far as the engine's work has to do with it. */
export interface TerminalLine {
  /**
   * What it shows during work that takes a while, fit to be written.
   * @param place where the statement stands that begins; undefined where nobody knows
   */
  describe(place: string | undefined): string;
  /** Takes away what another thread has written. */
  clear(): void;
}

const IDLE = 0;
const WORKING = 1;
const DRAWING = 2;
/** The engine is at work and its thread has written something itself: what begins as a line need not be whole. */
const WRITING = 3;

const LONGEST = 2048;

/** What the thread that works and the one that draws the line meanwhile have in common. */
export class WorkLine {
  readonly shared: SharedArrayBuffer;
  /** The state, whether something is drawn, and how many bytes the text has. */
  readonly #cells: Int32Array;
  readonly #text: Uint8Array;

  constructor(shared = new SharedArrayBuffer(12 + LONGEST)) {
    this.shared = shared;
    this.#cells = new Int32Array(shared, 0, 3);
    this.#text = new Uint8Array(shared, 12);
  }

  begin(text: string): void {
    this.#cells[2] = new TextEncoder().encodeInto(text, this.#text).written;
    Atomics.store(this.#cells, 0, WORKING);
  }

  /** @returns whether something is drawn; nothing more will be, until work begins again */
  end(): boolean {
    return this.#take(IDLE);
  }

  /** As `end`, from inside the work. */
  pause(): boolean {
    return Atomics.load(this.#cells, 0) === IDLE ? false : this.#take(WRITING);
  }

  /**
   * Draws while the work goes on; the thread that works waits for the end of it before it writes anything. For another thread.
   * @param write is given the text
   */
  draw(write: (text: string) => void): void {
    if (Atomics.compareExchange(this.#cells, 0, WORKING, DRAWING) !== WORKING) return;
    try {
      this.#cells[1] = 1;
      // Nobody decodes what is shared.
      write(new TextDecoder().decode(this.#text.slice(0, this.#cells[2])));
    } finally {
      Atomics.store(this.#cells, 0, WORKING);
    }
  }

  #take(next: number): boolean {
    // To draw is a matter of microseconds.
    while (Atomics.compareExchange(this.#cells, 0, WORKING, next) === DRAWING);
    Atomics.store(this.#cells, 0, next);
    return Atomics.exchange(this.#cells, 1, 0) === 1;
  }
}

let shared: WorkLine | undefined;
let terminal: TerminalLine | undefined;

/** The one line of this process. */
export function workLine(): WorkLine {
  return (shared ??= new WorkLine());
}

/** Has what the engine does be shown at a terminal from now on. */
export function showWork(line: TerminalLine): void {
  terminal = line;
}

/** Does work that keeps this thread, and lets another one show that it goes on. */
export function showingWork(place: string | undefined, work: () => void): void {
  if (terminal === undefined) return work();
  workLine().begin(terminal.describe(place));
  try {
    work();
  } finally {
    if (workLine().end()) terminal.clear();
  }
}

/** To be called before anything else is written to the terminal, also while the engine works. */
export function clearWork(): void {
  if (shared?.pause() === true) terminal?.clear();
}
