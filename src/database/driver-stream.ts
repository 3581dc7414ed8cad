import { EventEmitter } from "node:events";
import type { ByteStream } from "./byte-stream.ts";
import type { LongQuery } from "./long-sql.ts";

type Done = (error?: Error | null) => void;

/**
 * The connection as the driver gets it: what the server sends is judged before the driver, which trusts it, sees it. It is
 * no stream of its own but hands through what the driver uses of a socket.
 */
export class DriverStream extends EventEmitter {
  readonly #stream: ByteStream;
  /** What the driver is about to write in the place of longer queries. */
  readonly #expected = new Map<LongQuery, Buffer>();
  /** What the driver has written while a long query is sent; undefined when none is. */
  #behind: { readonly chunk: Buffer; readonly done: Done | undefined }[] | undefined;

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

  /** Sends a long query in the place of its token, which the driver is about to be given; until that is over. */
  expect(query: LongQuery): Disposable {
    this.#expected.set(query, query.stand);
    return { [Symbol.dispose]: () => void this.#expected.delete(query) };
  }

  write(chunk: Buffer, done?: Done): boolean {
    if (this.#behind !== undefined) {
      this.#behind.push({ chunk, done });
      return true;
    }
    const first = this.#expected.size === 0 ? undefined : this.#findFirst(chunk);
    if (first === undefined) return this.#stream.write(chunk, done);
    const { at, length, query } = first;
    this.#behind = [{ chunk: chunk.subarray(at + length), done }];
    if (at > 0) this.#stream.write(chunk.subarray(0, at));
    void this.#sendLong(query);
    return true;
  }

  #findFirst(chunk: Buffer): { readonly at: number; readonly length: number; readonly query: LongQuery } | undefined {
    const found = [...this.#expected].map(([query, stand]) => ({
      at: chunk.indexOf(stand),
      length: stand.length,
      query,
    }));
    return found.filter(({ at }) => at >= 0).toSorted((one, other) => one.at - other.at)[0];
  }

  /** A connection that is lost meanwhile tells the driver so itself. */
  async #sendLong(query: LongQuery): Promise<void> {
    for (const piece of query.messages()) {
      if (this.#stream.destroyed) break;
      await new Promise<void>((resolve) => void this.#stream.write(piece, () => resolve()));
    }
    const behind = this.#behind ?? [];
    this.#behind = undefined;
    for (const { chunk, done } of behind) this.write(chunk, done);
  }

  end(chunk?: Buffer): void {
    // In the middle of a message no other can be sent.
    if (this.#behind !== undefined) this.#stream.destroy();
    else if (chunk === undefined) this.#stream.end();
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
