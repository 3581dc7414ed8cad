import { EventEmitter } from "node:events";
import type { Socket as BunSocket } from "bun";
import { unawaited } from "./unawaited.ts";
import type { ByteStream } from "./byte-stream.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** Where to connect: an IP address, or the file of a unix socket. */
export type EndPoint = { readonly host: string; readonly port: number } | { readonly path: string };

type Done = (error?: Error | null) => void;

async function abandon(attempt: Promise<BunSocket<unknown>>): Promise<void> {
  unawaited.count++;
  try {
    // It may still succeed, and nobody else would close it.
    (await attempt).terminate();
  } catch {
    // It failed, as was to be expected.
  } finally {
    unawaited.count--;
  }
}

/**
 * A TCP connection or a unix socket without encryption. Bun's own sockets need neither `node:net` nor `node:stream`, whose loading
 * takes a short command longer than all that it asks the server. It begins paused, as a stream of Node does.
 */
export class Socket extends EventEmitter implements ByteStream {
  /** Undefined until the connection is there. */
  #socket: BunSocket<unknown> | undefined;
  #destroyed = false;
  /** `end` was called. */
  #ending = false;
  #paused = true;
  /** What came while it was paused. */
  #kept: Buffer[] = [];
  /** What the system would not take yet, and whom to tell when it has. */
  #unsent: { bytes: Uint8Array; done: Done | undefined }[] = [];

  /**
   * @param signal gives up; the promise rejects with its reason
   * @throws the system's error (`code`: ECONNREFUSED, ENOENT, ...)
   */
  static async connect(to: EndPoint, signal: AbortSignal): Promise<Socket> {
    const socket = new Socket();
    signal.throwIfAborted();
    const handlers = socket.#handlers();
    const attempt =
      "path" in to
        ? Bun.connect({ unix: to.path, socket: handlers })
        : Bun.connect({ hostname: to.host, port: to.port, socket: handlers });
    try {
      socket.#socket = await unlessAborted(signal, attempt);
      return socket;
    } catch (error) {
      if (signal.aborted) void abandon(attempt);
      throw error;
    }
  }

  #handlers(): Bun.SocketHandler {
    return {
      binaryType: "buffer",
      open: (socket) => {
        this.#socket = socket;
        socket.pause();
      },
      data: (_socket, chunk) => {
        if (this.#destroyed) return;
        if (this.#paused || this.#kept.length > 0) this.#kept.push(chunk);
        else this.emit("data", chunk);
      },
      drain: () => this.#flush(),
      end: () => void this.emit("end"),
      error: (_socket, error) => this.destroy(error),
      close: (_socket, error) => this.destroy(error),
      // The promise of Bun.connect says it.
      connectError: () => {},
    };
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  get readyState(): "open" | "readOnly" | "closed" {
    if (this.#destroyed) return "closed";
    return this.#ending ? "readOnly" : "open";
  }

  /** Sends small messages at once, and asks a silent peer after so many milliseconds whether it is still there; 0: never. */
  tune(keepAlive: number): void {
    this.#socket?.setNoDelay(true);
    if (keepAlive > 0) this.#socket?.setKeepAlive(true, keepAlive);
  }

  write(chunk: Uint8Array, done?: Done): boolean {
    if (this.#destroyed || this.#ending) {
      const error = Object.assign(new Error("the connection has ended"), { code: "EPIPE" });
      queueMicrotask(() => (done === undefined ? this.#fail(error) : done(error)));
      return false;
    }
    this.#unsent.push({ bytes: chunk, done });
    // Whoever waits is told by "drain".
    if (this.#unsent.length > 1) return false;
    return this.#send();
  }

  end(chunk?: Uint8Array): void {
    if (this.#destroyed || this.#ending) return;
    if (chunk !== undefined) this.write(chunk);
    this.#ending = true;
    if (this.#unsent.length === 0) this.#socket?.shutdown();
  }

  leave(chunk: Uint8Array): void {
    this.end(chunk);
    this.#socket?.unref();
  }

  destroy(error?: Error): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#kept = [];
    const unsent = this.#unsent;
    this.#unsent = [];
    this.#socket?.terminate();
    // As with a stream of Node: nobody is called from within his own call.
    queueMicrotask(() => {
      const cause = error ?? new Error("the connection was closed");
      for (const { done } of unsent) done?.(cause);
      if (error !== undefined) this.#fail(error);
      this.emit("close");
    });
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    if (!this.#destroyed) this.#socket?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    queueMicrotask(() => {
      while (!this.#paused && this.#kept.length > 0) this.emit("data", this.#kept.shift());
      if (!this.#paused && !this.#destroyed) this.#socket?.resume();
    });
  }

  #fail(error: Error): void {
    // Nobody listens any more when the session has ended.
    if (this.listenerCount("error") > 0) this.emit("error", error);
  }

  /** @returns whether the system has taken everything */
  #send(): boolean {
    for (;;) {
      const [next] = this.#unsent;
      if (next === undefined) return true;
      const taken = this.#socket?.write(next.bytes) ?? 0;
      // A negative number: the connection is gone, which "close" tells.
      if (taken < next.bytes.length) {
        next.bytes = next.bytes.subarray(Math.max(0, taken));
        return false;
      }
      this.#unsent.shift();
      const { done } = next;
      if (done !== undefined) queueMicrotask(() => done());
    }
  }

  #flush(): void {
    if (this.#destroyed || this.#unsent.length === 0 || !this.#send()) return;
    if (this.#ending) this.#socket?.shutdown();
    else this.emit("drain");
  }
}
