import type { MessageStream } from "./embedded/copy.ts";
import type { FrontendMessage } from "./embedded/protocol.ts";

/** The backend behind a socket: takes whole messages and has answered them when it returns. */
export interface Backend {
  /**
   * @param untilReady the answer has to end with ReadyForQuery (as it has after anything but Flush).
   * @throws ConfitureError when the backend broke down; it takes nothing more after that.
   */
  run(messages: Buffer | MessageStream, untilReady: boolean, onData: (bytes: Buffer) => void): void;
  /**
   * For a backend of several clients: a promise to wait for before the message is handled.
   * @throws TurnCancelled from that promise, where the client wants it no longer
   */
  turn?(frontend: FrontendMessage): Promise<void> | undefined;
  /** A message is handled, and the client may wait for another to be used. */
  settle?(): void;
  /** The client has gone; what it left behind is undone here and not by the socket. */
  leave?(): void;
}
