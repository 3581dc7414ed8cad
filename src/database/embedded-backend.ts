import type { PGlite } from "@electric-sql/pglite";
import { ConfitureError } from "#errors/error.ts";
import type { Backend } from "./embedded-socket.ts";

/** PGlite's own start parameters are for its own interface; these are nearer to a server's defaults. */
const START_PARAMETERS = [
  "--single",
  "-F",
  "-O",
  "-j",
  ...Object.entries({
    exit_on_error: "false",
    log_checkpoints: "false",
    max_worker_processes: "0",
    max_parallel_workers: "0",
    max_parallel_workers_per_gather: "0",
    max_parallel_maintenance_workers: "0",
    io_method: "sync",
    // The stack is the JavaScript engine's and smaller than PostgreSQL assumes; an overflow is fatal.
    max_stack_depth: "400kB",
  }).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
];

const READY_FOR_QUERY = "Z".charCodeAt(0);
const READY_LENGTH = 6;

/** The one backend process of an embedded PostgreSQL, spoken to in protocol messages. */
export class PGliteBackend implements Backend {
  readonly #pglite: PGlite;
  readonly #log: string[];
  #broken: ConfitureError | undefined;

  private constructor(pglite: PGlite, log: string[]) {
    this.#pglite = pglite;
    this.#log = log;
  }

  static async open(): Promise<PGliteBackend> {
    const { PGlite } = await import("@electric-sql/pglite");
    const log: string[] = [];
    const pglite = await PGlite.create({
      startParams: START_PARAMETERS,
      onStderr: (line) => {
        log.push(line);
        if (log.length > 20) log.shift();
        return false;
      },
    });
    return new PGliteBackend(pglite, log);
  }

  run(messages: Buffer, untilReady: boolean, onData: (bytes: Buffer) => void): void {
    if (this.#broken !== undefined) throw this.#broken;
    let last = Buffer.alloc(0);
    const onRawData = (bytes: Uint8Array): void => {
      // The bytes lie in the engine's memory and are overwritten by the next piece.
      const copy = Buffer.from(bytes);
      last = copy.length >= READY_LENGTH ? copy : Buffer.concat([last, copy]);
      onData(copy);
    };
    // The work is done when the call returns. A rejection says nothing that the missing
    // ReadyForQuery does not: PGlite swallows most breakdowns of the backend.
    this.#pglite.execProtocolRawStream(messages, { syncToFs: false, onRawData }).catch(() => {});
    if (!untilReady || last.at(-READY_LENGTH) === READY_FOR_QUERY) return;
    this.#broken = new ConfitureError("embedded_failed", "The embedded PostgreSQL broke down during this statement", {
      hint: this.#log.at(-1),
    });
    throw this.#broken;
  }

  async close(): Promise<void> {
    await this.#pglite.close();
  }
}
