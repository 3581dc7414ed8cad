import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { BackfillOptions, StatementSink } from "../migration.ts";
import { shown } from "./fault.ts";
import type { FromGuest, GuestStatement, Refusal, ToGuest } from "./messages.ts";
import { reviveRows, toPortable } from "./parameters.ts";

/** Statements, and UTF-16 units of them, that may be under way. Who asks for more waits, also without an `await`. */
const STATEMENTS = 1000;
const TEXT = 1 << 23;

/** What a migration is given for a statement: whoever waits for it, with `await` as well, asks for `then`. */
export class Outcome<T> extends Promise<T> {
  isAwaited = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isAwaited = true;
    return super.then(onFulfilled, onRejected);
  }
}

interface Pending {
  readonly outcome: Outcome<unknown>;
  readonly resolve: (rows: object[] | undefined) => void;
  readonly reject: (error: Error) => void;
  readonly call: Error;
  readonly length: number;
}

/** The statements of one task, on the migration's side. */
export class GuestStatements implements StatementSink {
  /** The migration's file. */
  readonly #path: string;
  readonly #port: MessagePort;
  /** Counts what the runner is done with, and wakes this thread. */
  readonly #settled: Int32Array;
  readonly #pending = new Map<number, Pending>();
  #length = 0;
  #asked = 0;
  #over = false;
  #failure: Error | undefined;

  constructor(path: string, port: MessagePort, settled: Int32Array) {
    this.#path = path;
    this.#port = port;
    this.#settled = settled;
  }

  execute(sql: string, parameters: readonly unknown[]): Promise<void> {
    return this.#ask("execute", sql, parameters, new Error("called here")) as Promise<undefined>;
  }

  query<Row extends object>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.#ask("query", sql, parameters, new Error("called here")) as Promise<Row[]>;
  }

  executeFile(path: string): Promise<void> {
    return this.#ask("file", path, [], new Error("called here")) as Promise<undefined>;
  }

  progress(done: number, total: number | undefined): Promise<void> {
    return this.#ask("progress", "", [done, total ?? null], new Error("called here")) as Promise<undefined>;
  }

  backfill(options: BackfillOptions): Promise<void> {
    return this.#ask("backfill", JSON.stringify(options), [], new Error("called here")) as Promise<undefined>;
  }

  get asked(): number {
    return this.#asked;
  }

  /** When nothing is under way any more. */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) {
      await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    }
  }
  #whenIdle: (() => void) | undefined;

  /** Whether something is under way, and no code of the migration waits for any of it. */
  get isLeftAlone(): boolean {
    return this.#pending.size > 0 && [...this.#pending.values()].every(({ outcome }) => !outcome.isAwaited);
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  end(): void {
    this.#over = true;
  }

  /** What became of a statement. */
  take(message: ToGuest & { readonly type: "done" | "refused" }): void {
    const pending = this.#pending.get(message.number);
    if (pending === undefined) return;
    this.#pending.delete(message.number);
    this.#length -= pending.length;
    if (message.type === "done") pending.resolve(message.rows === undefined ? undefined : reviveRows(message.rows));
    else {
      if (this.#failure === undefined) this.#post({ type: "failed-at", stack: String(pending.call.stack) });
      this.#failure ??= refused(message.refusal);
      // The runner reports it; an `await` that was forgotten must not end the thread. Said only now: what waits for an outcome is
      // kept until the migration's code lets go of the thread, were it a million times.
      pending.outcome.catch(() => {});
      pending.reject(this.#failure);
    }
    if (this.#pending.size > 0) return;
    // With nothing under way, only the migration's own timers and sockets keep the thread: when it waits for
    // something that cannot happen, the thread ends, and the runner hears of it.
    this.#port.unref();
    this.#whenIdle?.();
  }

  #ask(
    kind: GuestStatement["kind"],
    text: string,
    parameters: readonly unknown[],
    call: Error,
  ): Promise<object[] | undefined> {
    if (this.#over) {
      this.#post({ type: "late", path: this.#path, stack: String(call.stack) });
      return quietly(late());
    }
    if (this.#failure !== undefined) return quietly(this.#failure);
    const length = typeof text === "string" ? text.length : 0;
    const statement: GuestStatement = {
      number: ++this.#asked,
      kind,
      text: typeof text === "string" ? text : "",
      parameters: parameters.length === 0 ? [] : parameters.map(toPortable),
    };
    if (typeof text !== "string") throw new TypeError(`SQL has to be text, and this is ${shown(text)}`);
    const pending = Outcome.withResolvers<object[] | undefined>();
    const outcome = pending.promise as Outcome<object[] | undefined>;
    this.#pending.set(statement.number, { ...pending, outcome, call, length });
    this.#length += length;
    if (this.#pending.size === 1) this.#port.ref();
    this.#post({ type: "statement", ...statement });
    this.#waitForRoom();
    return outcome;
  }

  #waitForRoom(): void {
    while (this.#pending.size > STATEMENTS || (this.#length > TEXT && this.#pending.size > 1)) {
      const seen = Atomics.load(this.#settled, 0);
      if (!this.#takeNext()) Atomics.wait(this.#settled, 0, seen);
    }
  }

  #takeNext(): boolean {
    const received = receiveMessageOnPort(this.#port);
    if (received === undefined) return false;
    if (received.message.type === "done" || received.message.type === "refused") this.take(received.message);
    return true;
  }

  #post(message: FromGuest): void {
    this.#port.postMessage(message);
  }
}

function refused({ code, message, server }: Refusal): Error {
  return Object.assign(new Error(message), { code, server });
}

function late(): Error {
  const error = new Error("A statement was asked for after the migration had finished: await inside up() and down()");
  return Object.assign(error, { code: "migration_failed" });
}

/** A rejection that may be left alone. */
function quietly(reason: Error): Promise<never> {
  const rejected = Promise.reject(reason);
  rejected.catch(() => {});
  return rejected;
}
