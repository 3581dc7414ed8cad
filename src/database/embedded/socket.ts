import { Duplex } from "node:stream";
import { DATABASE_SETTINGS } from "../settings.ts";
import { type CopySource, MessageStream } from "./copy.ts";
import type { LongQuery } from "../long-sql.ts";
import {
  backendMessages,
  beginsWithCopyIn,
  errorMessage,
  type FrontendMessage,
  mayCopyIn,
  message,
  MessageReader,
  simpleQuery,
  startupKind,
  startupParameters,
  statementText,
} from "./protocol.ts";
import { TurnCancelled } from "../turn-cancelled.ts";
import { startupSettings } from "./startup.ts";
import type { Backend } from "../backend.ts";

/** Longest stretch of work without letting timers and signal handlers run. */
const UNINTERRUPTED_MS = 20;

const STRAY_COPY = message("f", "the embedded engine takes COPY FROM STDIN only as a query of its own\0");
const COPY_IN_RESPONSE = message("G", new Uint8Array([0, 0, 0]));
const SYNC = message("S");
const READY = message("Z", "I");
const CANCELLED = errorMessage("ERROR", "57014", "canceling statement due to user request");

/**
 * A client's end of one protocol connection to the embedded backend.
 *
 * The backend is single-threaded code that cannot wait: when it reads, the bytes have to be there. So
 * messages are held back until a query, Sync or Flush completes them, and a COPY FROM STDIN is held
 * back until the client has sent all of its data.
 */
export class EmbeddedSocket extends Duplex {
  readonly #backend: Backend;
  readonly #onEnd: () => void;
  readonly #reader = new MessageReader();
  #held: Buffer[] = [];
  #copying = false;
  #offered: CopySource | undefined;
  /** By the text of the query that stands for it. */
  readonly #expected = new Map<string, LongQuery>();
  /** A prepared statement of this session may be a COPY FROM STDIN. */
  #preparedCopy = false;
  #ended = false;
  #hungUp = false;
  /** After an error in the middle of messages that a Sync ends; until then they mean nothing. */
  #isSkipping = false;

  /**
   * @param onEnd called once, when the connection is over and the backend may serve another.
   */
  constructor(backend: Backend, onEnd: () => void) {
    // As a network socket: when one side has ended, so has the other.
    super({ allowHalfOpen: false });
    this.#backend = backend;
    this.#onEnd = onEnd;
  }

  /** As on a net.Socket: postgres.js says goodbye only to a socket that is "open". */
  get readyState(): "open" | "closed" {
    return this.#ended || this.destroyed ? "closed" : "open";
  }

  /** The data of the next query that is a COPY FROM STDIN; it gets no CopyInResponse. */
  offer(source: CopySource | undefined): void {
    this.#offered = source;
  }

  /** Runs a long query in the place of its token, which is about to be written; until that is over. */
  expect(query: LongQuery): Disposable {
    this.#expected.set(query.token, query);
    return { [Symbol.dispose]: () => void this.#expected.delete(query.token) };
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    void this.#takeThen(chunk, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#end();
    this.#hangUp();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#end();
    callback(error);
  }

  async #takeThen(chunk: Buffer, done: (error?: Error | null) => void): Promise<void> {
    try {
      await this.#take(chunk);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  }

  async #take(chunk: Buffer): Promise<void> {
    // An answer inside the very call of write() would reach postgres.js before it has noted what it sent.
    await Promise.resolve();
    let since = performance.now();
    for (const frontend of this.#reader.read(chunk)) {
      if (this.#ended) return;
      if (this.#isSkipping && frontend.type !== "S") continue;
      if (!(await this.#takeTurn(frontend))) continue;
      if (this.#ended) return;
      this.#handle(frontend);
      if (!this.#copying) this.#backend.settle?.();
      if (performance.now() - since < UNINTERRUPTED_MS) continue;
      await new Promise(setImmediate);
      since = performance.now();
    }
  }

  /** @returns false when the client has cancelled what it waits with, and was told so */
  async #takeTurn(frontend: FrontendMessage): Promise<boolean> {
    const { type } = frontend;
    if (this.#isSkipping) {
      this.#isSkipping = false;
      this.push(READY);
      return false;
    }
    // While it copies, these two mean nothing.
    if (this.#copying && (type === "S" || type === "H")) return true;
    try {
      await this.#backend.turn?.(frontend);
      return true;
    } catch (error) {
      if (!(error instanceof TurnCancelled)) throw error;
      this.#held = [];
      this.#copying = false;
      this.#isSkipping = type === "H";
      this.push(Buffer.concat([CANCELLED, ...(type === "H" ? [] : [READY])]));
      return false;
    }
  }

  #handle(frontend: FrontendMessage): void {
    const { type, bytes } = frontend;
    switch (type) {
      case "":
        return this.#open(bytes);
      case "X":
        return this.#end();
      case "Q":
        return this.#query(frontend);
      case "d":
        if (this.#copying) this.#held.push(bytes);
        return;
      case "c":
      case "f":
        if (!this.#copying) return;
        this.#copying = false;
        this.#held.push(bytes, STRAY_COPY);
        return this.#runCopy();
      case "P":
        this.#preparedCopy ||= mayCopyIn(statementText(frontend));
        this.#held.push(bytes);
        return;
      case "S":
        // While it copies, the server ignores these two as well.
        if (this.#copying) return;
        if (!this.#preparedCopy) return this.#run(bytes, true);
        this.#held.push(STRAY_COPY, bytes);
        return this.#runCopy();
      case "H":
        if (this.#copying) return;
        return this.#run(bytes, false);
      case "F":
        return this.#run(bytes, true);
      default:
        this.#held.push(bytes);
    }
  }

  #open(bytes: Buffer): void {
    const kind = startupKind(bytes);
    if (kind === "encryption") {
      this.push(Buffer.from("N"));
      return;
    }
    if (kind === "cancel") {
      this.destroy();
      return;
    }
    const answer = backendMessages(this.#collect(bytes));
    const settings = startupSettings(startupParameters(bytes));
    const ready = answer.pop()!;
    // A server's backend begins with them. One that cannot be set is left out there as well.
    const there = backendMessages(this.#collect(simpleQuery("SELECT FROM pg_catalog.pg_db_role_setting LIMIT 1")));
    if (there.some((reply) => reply[0] === DATA_ROW)) {
      const own = backendMessages(this.#collect(simpleQuery(`SELECT ${DATABASE_SETTINGS}`)));
      answer.push(...own.filter((reply) => reply[0] === PARAMETER_STATUS));
    }
    if (settings !== undefined) {
      const outcome = backendMessages(this.#collect(simpleQuery(settings)));
      const failure = outcome.find((reply) => reply[0] === ERROR_RESPONSE);
      if (failure !== undefined) {
        this.push(failure);
        this.#end();
        this.#hangUp();
        return;
      }
      answer.push(...outcome.filter((reply) => reply[0] === PARAMETER_STATUS));
    }
    this.push(Buffer.concat([...answer, ready]));
  }

  #query(frontend: FrontendMessage): void {
    const text = statementText(frontend);
    const long = this.#expected.get(text);
    if (long !== undefined) return this.#runCopy(long);
    if (!mayCopyIn(text)) return this.#run(frontend.bytes, true);
    this.#held.push(frontend.bytes);
    if (beginsWithCopyIn(text)) {
      const source = this.#offered;
      this.#offered = undefined;
      if (source !== undefined) return this.#runCopy(source);
      this.#copying = true;
      this.push(COPY_IN_RESPONSE);
      return;
    }
    this.#held.push(STRAY_COPY);
    this.#runCopy();
  }

  /** Runs what is held, of which the client must not hear CopyInResponse: it had it, or cannot answer it. */
  #runCopy(source?: CopySource | LongQuery): void {
    const held = this.#held;
    this.#held = [];
    const messages = source === undefined ? Buffer.concat(held) : new MessageStream(copyMessages(held, source));
    const answer = backendMessages(this.#collect(messages));
    this.push(Buffer.concat(answer.filter((reply) => reply[0] !== COPY_IN)));
  }

  #run(last: Buffer, untilReady: boolean): void {
    const messages = this.#held.length === 0 ? last : Buffer.concat([...this.#held, last]);
    this.#held = [];
    this.#backend.run(messages, untilReady, (bytes) => this.push(bytes));
  }

  #collect(messages: Buffer | MessageStream): Buffer {
    const parts: Buffer[] = [];
    this.#backend.run(messages, true, (bytes) => parts.push(bytes));
    return Buffer.concat(parts);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#held = [];
    if (this.#backend.leave !== undefined) {
      this.#backend.leave();
      this.#onEnd();
      return;
    }
    try {
      // The backend outlives the connection, so what a server forgets with the session is undone here.
      this.#collect(SYNC);
      this.#collect(simpleQuery("ROLLBACK"));
      this.#collect(simpleQuery("RESET SESSION AUTHORIZATION"));
      this.#collect(simpleQuery("DISCARD ALL"));
    } catch {
      // A backend that broke down has no session left to clean, and refuses the next one itself.
    } finally {
      this.#onEnd();
    }
  }

  /** Ends the readable side too: without that, postgres.js waits for "close" for ever. */
  #hangUp(): void {
    if (this.#hungUp) return;
    this.#hungUp = true;
    this.push(null);
  }
}

function* copyMessages(held: readonly Buffer[], source: CopySource | LongQuery): Generator<Uint8Array> {
  yield* held;
  yield* source.messages();
  // The query may hold another one.
  yield STRAY_COPY;
}

const ERROR_RESPONSE = "E".charCodeAt(0);
const PARAMETER_STATUS = "S".charCodeAt(0);
const DATA_ROW = "D".charCodeAt(0);
const COPY_IN = "G".charCodeAt(0);
