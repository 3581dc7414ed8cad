import { EventEmitter } from "node:events";
import type { ByteStream } from "./byte-stream.ts";

/**
 * The connection as the driver gets it: what the server sends is judged before the driver, which trusts it, sees it. It is
 * no stream of its own but hands through what the driver uses of a socket.
 */
export class DriverStream extends EventEmitter {
  readonly #stream: ByteStream;

  /**
   * @param judge gives what the driver is to see; throws for bytes that must not reach it, and the connection ends with
   * that error
   * @param room keeps what comes next waiting, where it gives a promise, until that has settled
   */
  constructor(stream: ByteStream, judge: (chunk: Buffer) => Buffer, room: () => Promise<void> | undefined) {
    super();
    this.#stream = stream;
    let refused = false;
    stream.on("data", (chunk: Buffer) => {
      if (refused) return;
      let judged: Buffer;
      try {
        judged = judge(chunk);
      } catch (error) {
        refused = true;
        stream.destroy(error as Error);
        return;
      }
      if (judged.length > 0) this.emit("data", judged);
      const wait = room();
      if (wait === undefined) return;
      stream.pause();
      const resume = (): void => void stream.resume();
      wait.then(resume, resume);
    });
    stream.on("error", (error) => {
      // Nobody listens any more when the session has ended.
      if (this.listenerCount("error") > 0) this.emit("error", error);
    });
    stream.on("close", (...details: unknown[]) => this.emit("close", ...details));
    stream.on("drain", () => this.emit("drain"));
  }

  get readyState(): string {
    return this.#stream.readyState;
  }

  write(chunk: Buffer, done?: (error?: Error | null) => void): boolean {
    return this.#stream.write(chunk, done);
  }

  end(chunk?: Buffer): void {
    if (chunk === undefined) this.#stream.end();
    else this.#stream.end(chunk);
  }

  destroy(error?: Error): void {
    this.#stream.destroy(error);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }
}
