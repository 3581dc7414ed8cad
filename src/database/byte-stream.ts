/** A connection's bytes in both directions: what is used of a socket, whichever kind it is. */
export interface ByteStream extends NodeJS.EventEmitter {
  readonly destroyed: boolean;
  /** "open" while both directions are; the driver says goodbye only then. */
  readonly readyState: string;
  /** @returns whether the caller may go on; else "drain" follows */
  write(chunk: Uint8Array, done?: (error?: Error | null) => void): boolean;
  /** Nothing more will be written; the other side ends the connection. */
  end(): unknown;
  end(chunk: Uint8Array): unknown;
  /** Sends the last bytes and leaves the rest to the system: nobody waits for the other side to end, and no process lives for it. */
  leave?(chunk: Uint8Array): void;
  destroy(error?: Error): unknown;
  pause(): unknown;
  resume(): unknown;
}
