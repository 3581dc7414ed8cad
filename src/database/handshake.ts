import { ConfitureError, type ServerReport } from "#errors/error.ts";
import type { Authentication } from "./authentication/authentication.ts";
import type { ByteStream } from "./byte-stream.ts";

export interface StartupOptions {
  /** What the startup message says: `user`, `database`, `application_name`, settings. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly authentication: Authentication;
  /** "localhost:5432", for messages. */
  readonly server: string;
  /** Gives up; its reason is the error's cause. */
  readonly signal: AbortSignal;
}

/** A session that is ready for its first query. */
export interface Greeting {
  /** What the server said about itself (ParameterStatus). */
  readonly parameters: ReadonlyMap<string, string>;
  /** Its messages from AuthenticationOk to ReadyForQuery, and whatever came behind them. */
  readonly bytes: Buffer;
}

/** Longest message of a startup, in bytes: libpq's limits for a request to authenticate and for an error. */
const LONGEST_REQUEST = 2_000;
const LONGEST_MESSAGE = 30_000;
/** Most bytes before the session is ready. */
const LONGEST_STARTUP = 1_000_000;

/**
 * Starts a session on a fresh connection: the startup message, authentication, and everything up to ReadyForQuery
 * (protocol manual, "Message Flow", "Start-up"). This is done here, and not by the driver, because a password meets the server
 * here: what the server may ask for, how much it may send and how long it may take is decided in this file and in
 * `authentication.ts`.
 * @throws ConfitureError `connect_auth`, or `connect_failed` with the server's report if it gave one
 */
export async function startSession(stream: ByteStream, options: StartupOptions): Promise<Greeting> {
  const incoming = new Incoming(stream, options);
  try {
    stream.write(startupMessage(options.parameters));
    const parameters = new Map<string, string>();
    const greeting: Buffer[] = [];
    for (;;) {
      const message = await incoming.next();
      const body = message.subarray(5);
      switch (String.fromCharCode(message[0]!)) {
        case "R": {
          const answer = await incoming.unlessEnded(options.authentication.answer(body));
          if (answer !== undefined) stream.write(passwordMessage(answer));
          else if (body.readUInt32BE(0) === 0) greeting.push(message);
          continue;
        }
        case "E":
          throw refusedBy(readReport(body), options.server);
        case "S": {
          const [name, value] = body.toString("utf8").split("\0");
          parameters.set(name!, value ?? "");
          greeting.push(message);
          continue;
        }
        case "N":
        case "K":
          greeting.push(message);
          continue;
        case "Z":
          // ReadyForQuery before authentication would be a way around it.
          if (greeting[0]?.[0] !== "R".charCodeAt(0)) break;
          greeting.push(message, incoming.stop());
          return { parameters, bytes: Buffer.concat(greeting) };
      }
      throw notPostgres(options.server);
    }
  } catch (error) {
    incoming.stop();
    stream.destroy();
    throw error;
  }
}

/**
 * Hands a started session over to the driver, which wants to start it itself: its startup message is dropped and answered with
 * the greeting.
 */
export function handOver(stream: ByteStream, greeting: Greeting): void {
  const write = stream.write.bind(stream) as (chunk: Buffer, ...rest: unknown[]) => boolean;
  stream.write = (chunk: Buffer, ...rest: unknown[]): boolean => {
    Reflect.deleteProperty(stream, "write");
    // The driver has to have noted that it wrote before it hears of an answer.
    queueMicrotask(() => {
      stream.emit("data", greeting.bytes);
      stream.resume();
    });
    return write(chunk.subarray(chunk.readUInt32BE(0)), ...rest);
  };
}

function startupMessage(parameters: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`);
  const body = Buffer.from(`${pairs.join("")}\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length, 0);
  head.writeUInt32BE(0x00030000, 4);
  return Buffer.concat([head, body]);
}

function passwordMessage(body: Buffer): Buffer {
  const head = Buffer.from("p\0\0\0\0");
  head.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

/** The server's messages, one at a time; it never holds more of them than a startup may take. */
class Incoming {
  readonly #stream: ByteStream;
  readonly #options: StartupOptions;
  #bytes: Buffer = Buffer.alloc(0);
  #total = 0;
  #ended: Error | undefined;
  #wake: () => void = () => {};
  readonly #fail: (error: Error) => void;
  /** Rejects when the connection ends. */
  readonly #end: Promise<never>;

  constructor(stream: ByteStream, options: StartupOptions) {
    this.#stream = stream;
    this.#options = options;
    const { promise, reject } = Promise.withResolvers<never>();
    this.#end = promise;
    this.#end.catch(() => {});
    this.#fail = reject;
    stream.on("data", this.#onData).on("error", this.#onError).on("end", this.#onEnd).on("close", this.#onEnd);
    // Whoever had it before may have paused it.
    stream.resume();
    options.signal.addEventListener("abort", this.#onAbort);
    if (options.signal.aborted) this.#onAbort();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#total += chunk.length;
    if (this.#total > LONGEST_STARTUP) return this.#endWith(tooMuch(this.#options.server));
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#wake();
  };
  readonly #onError = (error: Error): void => this.#endWith(closedEarly(this.#options.server, error));
  readonly #onEnd = (): void => this.#endWith(closedEarly(this.#options.server));
  readonly #onAbort = (): void => {
    this.#endWith(closedEarly(this.#options.server, this.#options.signal.reason));
    this.#stream.destroy();
  };

  #endWith(error: Error): void {
    this.#ended ??= error;
    this.#fail(error);
    this.#wake();
  }

  /** The next message, whole: type, length and body. */
  async next(): Promise<Buffer> {
    for (;;) {
      const message = this.#take();
      if (message !== undefined) return message;
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  unlessEnded<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#end]);
  }

  /** Stops listening, and leaves the stream paused. @returns what was not taken */
  stop(): Buffer {
    this.#stream.pause();
    this.#stream
      .off("data", this.#onData)
      .off("error", this.#onError)
      .off("end", this.#onEnd)
      .off("close", this.#onEnd);
    this.#stream.on("error", () => {});
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    return this.#bytes;
  }

  #take(): Buffer | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 5) return undefined;
    const length = bytes.readUInt32BE(1);
    const longest = bytes[0] === "R".charCodeAt(0) ? LONGEST_REQUEST : LONGEST_MESSAGE;
    if (length < 4 || length > longest) throw notPostgres(this.#options.server);
    if (bytes.length < 1 + length) return undefined;
    this.#bytes = bytes.subarray(1 + length);
    return bytes.subarray(0, 1 + length);
  }
}

function readReport(body: Buffer): ServerReport {
  const fields = new Map(
    body
      .toString("utf8")
      .split("\0")
      .map((field) => [field.slice(0, 1), field.slice(1)]),
  );
  const detail = fields.get("D");
  const hint = fields.get("H");
  return {
    severity: fields.get("V") ?? fields.get("S") ?? "FATAL",
    sqlstate: fields.get("C") ?? "XX000",
    message: fields.get("M") ?? "unknown error",
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
  };
}

function refusedBy(server: ServerReport, where: string): ConfitureError {
  return new ConfitureError("connect_failed", `Cannot connect to ${where}: ${server.message}`, { server });
}

function closedEarly(server: string, cause?: unknown): ConfitureError {
  return new ConfitureError("connect_failed", `The server at ${server} closed the connection before it was ready`, {
    hint: "It may be starting up, shutting down, or not a PostgreSQL server.",
    cause,
  });
}

function tooMuch(server: string): ConfitureError {
  return new ConfitureError("connect_failed", `The server at ${server} sent too much before the session was ready`);
}

/** For whatever speaks another protocol. @param server "localhost:5432" */
export function notPostgres(server: string): ConfitureError {
  return new ConfitureError("connect_failed", `What answers at ${server} is not PostgreSQL`, {
    hint: "Check host and port: another service, or a proxy, listens there.",
    data: { notPostgres: true },
  });
}
