/** The outside world, as far as the command line sees it. Injected, so that commands can be run in tests. */
export interface Io {
  /** Results. */
  readonly stdout: Output;
  /** Progress and messages. */
  readonly stderr: Output;
  /** Answers, where there is somebody to give any. */
  readonly stdin: Input;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDirectory: string;
  readonly userName: string;
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** The exit code that tells which signal it was; undefined when none came. */
  readonly signalExit: () => number | undefined;
  /**
   * To be called once, as early as it is known.
   * @param document what standard output gets where the work has to be abandoned after a signal, by the exit code; a message goes to
   *   standard error where it is not called, or something has been written already
   */
  endAbandonedWith(document: (exitCode: number) => string): void;
  /** To be called as early as it is known that the embedded engine will work, and before anything was done: it may begin the process anew. */
  prepareEngine(): Promise<void>;
  /** To be called before the embedded engine works, which keeps this thread: signals are heard all the same from here on. */
  hearSignals(): Promise<void>;
}

export interface Input {
  readonly isTerminal: boolean;
  /** Throws away what was typed at a terminal so far, so that it answers no question that comes later. */
  discardTyped(): Promise<void>;
  /** The next line, without its end; undefined when there is no more, or when the signal came first. */
  readLine(signal: AbortSignal): Promise<string | undefined>;
  /** Everything to its end; undefined when the signal came first. */
  readAll(signal: AbortSignal): Promise<Uint8Array | undefined>;
  /**
   * As it comes, to its end.
   * @throws ConfitureError `interrupted` when the signal comes first
   */
  pieces(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** As `pieces`, for work that cannot wait (a statement of the embedded engine): nothing else runs until all is read. */
  piecesNow(): Iterable<Uint8Array>;
  /** For a terminal: lines with the keys of a shell, among them those before. */
  edit(options: EditorOptions): Promise<Editor>;
}

export interface EditorOptions {
  /** Lines that were typed before, oldest first. */
  readonly history: readonly string[];
  /** Ctrl-C while no line is asked for. */
  readonly onInterrupt: () => void;
}

export interface Editor {
  /** The next line; null when Ctrl-C threw it away, undefined at the end. */
  read(prompt: string): Promise<string | undefined | null>;
  /** Whether Ctrl-C is a signal, as long as nobody types. */
  letSignals(through: boolean): void;
  close(): void;
}

export interface Output {
  write(text: string): void;
  /** Writes what may be long, no faster than it is read. */
  writeAll(pieces: Iterable<string | Uint8Array>): Promise<void>;
  /**
   * As `writeAll`, for work that cannot wait (a statement of the embedded engine): nothing else runs until all is written.
   * Where nobody reads any more, the process ends at once, since nothing could stop the work.
   * @param lastWords said on standard error then
   */
  writeNow(piece: string | Uint8Array, lastWords?: string): void;
  /** Of a document whose beginning is written: what its last members may follow where the process is ended now. */
  endsWith(text: string): void;
  /** Whether nothing more can be written, because the reader has gone or for another reason. */
  readonly closed: boolean;
  /** Why not, where it is not that the reader has seen enough: a disk that is full. */
  readonly failure: Error | undefined;
  readonly isTerminal: boolean;
  /** How wide a terminal is; undefined for anything else. */
  readonly columns?: number | undefined;
}
