/** The outside world, as far as the command line sees it. Injected, so that commands can be run in tests. */
export interface Io {
  /** Results. */
  readonly stdout: Output;
  /** Progress and messages. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDirectory: string;
  readonly userName: string;
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** The exit code that tells which signal it was; undefined when none came. */
  readonly signalExit: () => number | undefined;
}

export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
}
