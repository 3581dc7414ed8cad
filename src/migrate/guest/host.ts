import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { ConfitureError } from "#errors/error.ts";
import { GRACE, LeftOpen } from "./left-open.ts";
import type { Fault, FromGuest, GuestFacts, GuestStatement, Refusal, ToGuest } from "./messages.ts";

// Defined by the compiler, which lays every module that is not an entry beside main.ts.
declare const CONFITURE_COMPILED: true | undefined;

/** How a task of the guests' thread went. */
export interface GuestEnd {
  /** Files that were loaded, in their order. */
  readonly loaded: readonly GuestFacts[];
  readonly fault: Fault | undefined;
  /** A sentence about what it did instead of coming to its end; `fault` holds the place, if there is one. */
  readonly ended: string | undefined;
  /** A stack: where the statement that failed was asked for. */
  readonly failedAt: string | undefined;
  /** A stack: where a statement was asked for after the end. */
  readonly late: string | undefined;
  /** What it left open. Its owner has to end it. */
  readonly leftOpen: LeftOpen | undefined;
}

/** Does what a migration asks for. A rejection refuses it. */
export type Answer = (statement: GuestStatement) => Promise<readonly object[] | undefined>;

/** One for the process: a thread takes longer to start than most migrations take to run. */
let current: GuestThread | undefined;
let tasks: Promise<unknown> = Promise.resolve();

/**
 * Imports migrations in the guests' thread, one after the other, until one cannot be: what is said of the end is about that one.
 * @throws ConfitureError `interrupted`, or the reason that the signal was given
 */
export async function loadInGuest(paths: readonly string[], signal: AbortSignal | undefined): Promise<GuestEnd> {
  return await inTurn(signal, (thread) => thread.perform({ type: "load", paths }, signal, refuseAll));
}

/**
 * Runs a migration's `up` or `down` in the guests' thread.
 * @param onAskedAll is called when it has asked for its last statement, where that can be told before the statement is done
 * @throws ConfitureError `interrupted`, or the reason that the signal was given; statements may still be under way then
 */
export async function runInGuest(
  path: string,
  method: "up" | "down",
  signal: AbortSignal | undefined,
  answer: Answer,
  onAskedAll?: () => void,
): Promise<GuestEnd> {
  return await inTurn(signal, (thread) => thread.perform({ type: "run", path, method }, signal, answer, onAskedAll));
}

function inTurn<T>(signal: AbortSignal | undefined, task: (thread: GuestThread) => Promise<T>): Promise<T> {
  const turn = tasks.then(async () => {
    if (signal?.aborted === true) throw interruptedBy(signal);
    if (current?.isOver !== false) current = new GuestThread();
    return await task(current);
  });
  tasks = turn.catch(() => {});
  return turn;
}

function refuseAll(): Promise<never> {
  return Promise.reject(new Error("statements can only be run inside up() or down()"));
}

class GuestThread {
  isOver = false;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #settled = new Int32Array(new SharedArrayBuffer(4));
  #receive: (message: FromGuest) => void = () => {};
  #onExit: (error: Error | undefined) => void = () => {};
  /** What was thrown between two tasks. */
  #stray: Fault | undefined;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    const beside = typeof CONFITURE_COMPILED === "undefined" ? "./thread.ts" : "./migrate/guest/thread.ts";
    this.#worker = new Worker(new URL(beside, import.meta.url), {
      workerData: { port: port2, settled: this.#settled.buffer },
      transferList: [port2],
    });
    this.#port = port1;
    let error: Error | undefined;
    port1.on("message", (message: FromGuest) => this.#receive(message));
    this.#worker.on("error", (cause: Error) => (error = cause));
    this.#worker.on("exit", () => {
      this.isOver = true;
      this.#onExit(error);
      port1.close();
    });
    this.#rest();
  }

  perform(
    task: ToGuest & { readonly type: "load" | "run" },
    signal: AbortSignal | undefined,
    answer: Answer,
    onAskedAll?: () => void,
  ): Promise<GuestEnd> {
    return new Promise((resolve, reject) => {
      const loaded: GuestFacts[] = [];
      let hasAskedAll = false;
      let failedAt: string | undefined;
      let grace: NodeJS.Timeout | undefined;
      const settle = (outcome: Partial<GuestEnd> | ConfitureError): void => {
        signal?.removeEventListener("abort", onAbort);
        clearTimeout(grace);
        this.#onExit = () => {};
        this.#receive = (message) => {
          if (message.type === "stray") this.#stray ??= message.fault;
        };
        this.#rest();
        if (outcome instanceof ConfitureError) reject(outcome);
        else {
          const nothing = { fault: undefined, ended: undefined, late: undefined, leftOpen: undefined };
          resolve({ ...nothing, loaded, failedAt, ...outcome });
        }
      };
      const onAbort = (): void => {
        this.#terminate();
        settle(interruptedBy(signal));
      };
      signal?.addEventListener("abort", onAbort);
      this.#onExit = (error) => {
        const fault = error && faultOfThread(error);
        if (hasAskedAll && fault !== undefined) leave().hear({ type: "stray", fault });
        else if (fault !== undefined) settle({ fault });
        else settle(grace === undefined && !hasAskedAll ? { ended: NEVER } : {});
      };
      const leave = (): LeftOpen => {
        const leftOpen = new LeftOpen(() => this.#terminate());
        settle({ leftOpen });
        this.#leaveTo(leftOpen);
        return leftOpen;
      };
      this.#receive = (message) => {
        if (hasAskedAll && (message.type === "late" || message.type === "stray" || message.type === "ends")) {
          // Of a timer that was hidden from the event loop. It has come to its end, and may be recorded already.
          leave().hear(message);
          return;
        }
        switch (message.type) {
          case "statement":
            void this.#answer(message, answer);
            return;
          case "asked-all":
            hasAskedAll = true;
            onAskedAll?.();
            return;
          case "failed-at":
            failedAt = message.stack;
            return;
          case "ends":
            this.#terminate();
            settle({ ended: `it called ${message.call}`, fault: { text: message.call, stack: message.stack } });
            return;
          case "stray":
            this.#terminate();
            settle({ fault: message.fault });
            return;
          case "ended":
            grace = setTimeout(leave, GRACE);
            return;
          case "late":
            this.#terminate();
            settle(
              task.type === "run" && message.path === task.path
                ? { late: message.stack }
                : { fault: lateOfOther(message) },
            );
            return;
          case "loaded":
            loaded.push(message.facts);
            return;
          case "over":
            settle({ fault: message.fault });
        }
      };
      this.#worker.ref();
      this.#port.ref();
      if (this.#stray !== undefined) {
        // What an earlier migration left behind has thrown: what this one would do is not known any more.
        this.#terminate();
        settle({ fault: this.#stray });
        return;
      }
      this.#post(task);
    });
  }

  async #answer(statement: GuestStatement, answer: Answer): Promise<void> {
    const { number } = statement;
    try {
      this.#post({ type: "done", number, rows: await answer(statement) });
    } catch (error) {
      this.#post({ type: "refused", number, refusal: refusalOf(error) });
    }
    // Behind the message, so that a thread that waits finds it.
    Atomics.add(this.#settled, 0, 1);
    Atomics.notify(this.#settled, 0);
  }

  #post(message: ToGuest): void {
    if (!this.isOver) this.#port.postMessage(message);
  }

  #terminate(): void {
    this.isOver = true;
    void this.#worker.terminate();
  }

  /** Leaves the thread to what is open in it. The next task begins in a new one, where nothing is. */
  #leaveTo(left: LeftOpen): void {
    if (current === this) current = undefined;
    this.#onExit = () => left.end();
    this.#receive = (message) => left.hear(message);
  }

  /** Between tasks the thread keeps nobody from ending, whatever a migration left open in it. */
  #rest(): void {
    this.#worker.unref();
    this.#port.unref();
  }
}

const NEVER = "it waits for something that can no longer happen";

function interruptedBy(signal: AbortSignal | undefined): ConfitureError {
  if (signal?.reason instanceof ConfitureError) return signal.reason;
  return new ConfitureError("interrupted", "Interrupted while a TypeScript migration was running", {
    data: { guest: true },
  });
}

function faultOfThread(error: Error): Fault {
  return { text: `${error.name}: ${error.message}`, stack: error.stack };
}

/** What a migration before had hidden from the event loop, with a timer's unref(). */
function lateOfOther({ path, stack }: FromGuest & { readonly type: "late" }): Fault {
  return { text: `a migration before it, ${path}, asked for a statement after it had ended`, stack };
}

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof ConfitureError)) return { code: "internal", message: String(error), server: undefined };
  return { code: error.code, message: error.message, server: error.server };
}
