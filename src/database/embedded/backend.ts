import { MemoryFS, PGlite, type PGliteOptions } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";
import { ConfitureError } from "#errors/error.ts";
import type { MessageStream } from "./copy.ts";
import { countWrites, syncToDisk } from "./file-writes.ts";
import { countBytes } from "./garbage.ts";
import { giveBackPages } from "./give-back.ts";
import { type Imports, type Instance, partsOf, wakeable } from "./instance.ts";
import { withWorkLimit } from "./limit.ts";
import { loadAssets } from "./load.ts";
import { readFiles, writeFiles } from "./memory.ts";
import { onlyUtf8 } from "./only-utf8.ts";
import { protectOutside } from "./outside-data.ts";
import { NO_PROGRAMS } from "./raise.ts";
import { type DataFiles, unpackSaved } from "./saved.ts";
import { SessionUser } from "./session-user.ts";
import { shrinkFiles } from "./shrunk-files.ts";
import { hearingHasBegun, tellHeard } from "./signals.ts";
import { showingWork } from "./work-line.ts";
import type { Backend } from "../backend.ts";
import { unawaited } from "../unawaited.ts";

/** PGlite's own start parameters are for its own interface; these are nearer to a server's defaults. */
const START_PARAMETERS = [
  "--single",
  "-O",
  "-j",
  ...parametersOf({
    exit_on_error: "false",
    log_checkpoints: "false",
    max_worker_processes: "0",
    max_parallel_workers: "0",
    max_parallel_workers_per_gather: "0",
    max_parallel_maintenance_workers: "0",
    io_method: "sync",
    // Shared memory is written to from one end to the other at each start, so it has no room for anybody but the one
    // backend. A transaction holds a lock on each table, index and sequence that it makes: there are so many times the
    // number of backends that may run, which is four, and that is enough for 10,000 tables with a key and a text.
    max_connections: "1",
    max_wal_senders: "0",
    autovacuum_worker_slots: "1",
    max_locks_per_transaction: "12000",
    // Of this process's own memory. Reading a file costs a copy here, in or out of PostgreSQL's cache.
    shared_buffers: "4MB",
    // A new segment of the log is not filled with zeros first: the file system does that.
    wal_init_zero: "off",
    // The other methods end in system calls that do nothing here.
    wal_sync_method: "fsync",
    // The stack is the JavaScript engine's and smaller than PostgreSQL assumes; an overflow is fatal. This stops
    // functions that call themselves without end, and leaves expressions as much room as it can.
    max_stack_depth: "400kB",
  }),
];

function parametersOf(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

const READY_FOR_QUERY = "Z".charCodeAt(0);
const READY_LENGTH = 6;
const LOG_LINES = 20;
/** What is made of an answer while nothing else runs is several times as long: messages, values, text. */
const ANSWERS_WEIGH = 4;

/** Emscripten's callback for an instance that was made elsewhere. */
type WasmReceiver = (instance: WebAssembly.Instance, module: WebAssembly.Module) => void;
type EngineModule = PGlite["Module"];
type FileSystem = NonNullable<PGliteOptions["fs"]>;

/** PGlite without the queries that it makes at the start for an interface that is not used here. */
class Engine extends PGlite {
  override async _initArrayTypes(): Promise<void> {}

  /** PostgreSQL wants to run a program, which would be one of this machine. */
  override handleExternalCmd(command: string, mode: string): number {
    // PGlite has the answer to this one.
    if (command.startsWith("locale -a")) return super.handleExternalCmd(command, mode);
    throw this.instance?.raise(NO_PROGRAMS) ?? new Error(NO_PROGRAMS);
  }

  instance: Instance | undefined;
}

/** The one backend process of an embedded PostgreSQL, spoken to in protocol messages. */
export class PGliteBackend implements Backend {
  readonly #pglite: PGlite;
  /** Of the work that was done last. */
  readonly #log: string[];
  readonly #user = new SessionUser();
  readonly #instance: Instance;
  /** Milliseconds that a message may take; without end when undefined. */
  limit: number | undefined;
  /** Where the statements stand that it does; undefined where nobody knows. */
  place: string | undefined;
  #broken: ConfitureError | undefined;
  #isStopped = false;

  private constructor(pglite: PGlite, instance: Instance, log: string[]) {
    this.#pglite = pglite;
    this.#instance = instance;
    this.#log = log;
  }

  /**
   * Starts PostgreSQL on a data folder, or on a new database in memory.
   * @param settings what sessions begin with, by name
   * @param saved what a database in memory begins with; a new one when left out
   * @param mostFiles how many files PostgreSQL may have open at once; as many as it likes when left out
   * @throws ConfitureError `embedded_failed`
   */
  static async start(
    folder: string | undefined,
    settings: Readonly<Record<string, string>> = {},
    saved?: Uint8Array<ArrayBuffer>,
    mostFiles?: number,
  ): Promise<PGliteBackend> {
    const log: string[] = [];
    const { postgresModule, fileSystem, extensions, cluster } = await loadAssets();
    const code = postgresModule();
    const loaded = Promise.withResolvers<Instance>();
    const extensionFiles = await extensions();
    const beginning = async () => (saved === undefined ? await cluster() : await unpackSaved(saved));
    const clusterFiles = folder === undefined ? await beginning() : [];
    const place = (engine: EngineModule): void => {
      // Extensions are simply there, as on a server; a library is compiled when it is first used.
      writeFiles(engine, PGlite.paths.PG_ROOT, extensionFiles);
      writeFiles(engine, PGlite.paths.PGDATA, clusterFiles);
      syncToDisk(engine);
      countWrites(engine);
      if (folder === undefined) shrinkFiles(engine);
    };
    try {
      const pglite = new Engine({
        fs: prepared(folder === undefined ? new MemoryFS() : new NodeFS(folder), place, code, loaded),
        fsBundle: fileSystem,
        startParams: [
          ...START_PARAMETERS,
          ...parametersOf(
            mostFiles === undefined ? settings : { max_files_per_process: String(mostFiles), ...settings },
          ),
          ...(folder === undefined ? ["-F"] : []),
        ],
        onStderr: (line) => {
          log.push(line);
          if (log.length > LOG_LINES) log.shift();
          return false;
        },
      });
      const [instance] = await Promise.all([loaded.promise, pglite.waitReady, hearingHasBegun()]);
      pglite.instance = instance;
      protectOutside(pglite.Module, PGlite.paths.PGDATA);
      return new PGliteBackend(pglite, instance, log);
    } catch (error) {
      const reason = lastWords(log).replaceAll(PGlite.paths.PGDATA, folder ?? "its data");
      throw new ConfitureError(
        "embedded_failed",
        `The embedded PostgreSQL could not start${folder === undefined ? "" : ` on ${folder}`}${reason}`,
        {
          hint: folder === undefined ? undefined : startHint(folder, log),
          data: { log },
          cause: error,
        },
      );
    }
  }

  run(messages: Buffer | MessageStream, untilReady: boolean, onData: (bytes: Buffer) => void): void {
    if (this.#broken !== undefined) throw this.#broken;
    this.#log.length = 0;
    if (Buffer.isBuffer(messages)) {
      countBytes(messages.length);
      messages = this.#user.leadBack(onlyUtf8(messages, onData));
    }
    let last = Buffer.alloc(0);
    const onRawData = (bytes: Uint8Array): void => {
      // The bytes lie in the engine's memory and are overwritten by the next piece.
      const copy = Buffer.from(bytes);
      countBytes(copy.length * ANSWERS_WEIGH);
      last = copy.length >= READY_LENGTH ? copy : Buffer.concat([last, copy]);
      onData(copy);
    };
    // The work is done when the call returns. A rejection says nothing that the missing
    // ReadyForQuery does not: PGlite swallows most breakdowns of the backend.
    const work = (): void => {
      this.#pglite.execProtocolRawStream(messages as Uint8Array, { syncToFs: false, onRawData }).catch(() => {});
    };
    let isEnded = false;
    showingWork(this.place, () => {
      isEnded = withWorkLimit(this.limit, this.#instance.memory, this.#instance.flags, work);
    });
    // Behind the driver, which has its answers, and before whoever waits for them.
    queueMicrotask(tellHeard);
    if (!untilReady || last.at(-READY_LENGTH) === READY_FOR_QUERY) return;
    // What is left of it would keep the process.
    unawaited.count++;
    this.#broken = isEnded ? sessionEnded() : this.#brokenDown();
    throw this.#broken;
  }

  #brokenDown(): ConfitureError {
    const words = lastWords(this.#log);
    const why = words.includes("No space left on device")
      ? "The disk is full: free some space. "
      : "Most likely something nests deeper than its stack allows, such as a function that calls itself without end. ";
    return new ConfitureError("embedded_failed", `The embedded PostgreSQL broke down during this statement${words}`, {
      hint: `${why}Nothing uncommitted was kept; the next command starts it again.`,
      data: { log: [...this.#log] },
    });
  }

  /** The files of a database in memory. They are whole after a CHECKPOINT. */
  files(): DataFiles {
    return readFiles(this.#pglite.Module, PGlite.paths.PGDATA);
  }

  /** Stops PostgreSQL; what is committed is in the data folder. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    // A shutdown would trust memory that may be wrong. The next start recovers, as after a crash.
    if (this.#broken === undefined) await this.#pglite.close();
    giveBackPages(this.#instance.memory);
    this.#broken ??= new ConfitureError("internal", "The embedded PostgreSQL is closed");
  }
}

/** As a server tells it. */
function sessionEnded(): ConfitureError {
  const message = "terminating connection due to administrator command";
  return new ConfitureError("connection_lost", `The connection to the database was lost: ${message}`, {
    server: { severity: "FATAL", sqlstate: "57P01", message },
    data: { isEndedHere: true },
  });
}

function startHint(folder: string, log: readonly string[]): string {
  const wrongSetting = log.map((line) => /LOG: +(.*\.conf".*)/.exec(line)?.[1]).find((said) => said !== undefined);
  return wrongSetting === undefined
    ? "Delete the folder and build the database again."
    : `Mend the file in ${folder}; the data is not what is wrong. PostgreSQL says: ${wrongSetting.replaceAll(`${PGlite.paths.PGDATA}/`, "")}`;
}

/** What PostgreSQL said last and worst, as the end of a sentence. */
function lastWords(log: readonly string[]): string {
  const words = log.map((line) => /(?:PANIC|FATAL|ERROR): +(.*)/.exec(line)?.[1]);
  const last = words.findLast((word) => word !== undefined);
  return last === undefined ? "" : `: ${last}`;
}

/**
 * The file system with more in it before PostgreSQL starts, and PostgreSQL's code for PGlite to wait for
 * where it first needs it: compiling takes longest and runs beside the rest of the preparation.
 */
function prepared(
  fileSystem: MemoryFS | NodeFS,
  place: (engine: EngineModule) => void,
  code: Promise<WebAssembly.Module>,
  loaded: PromiseWithResolvers<Instance>,
): FileSystem {
  const init = fileSystem.init.bind(fileSystem);
  fileSystem.init = async (pglite, options) => {
    const { emscriptenOpts } = await init(pglite, options);
    return {
      emscriptenOpts: {
        ...emscriptenOpts,
        preRun: [...(emscriptenOpts.preRun ?? []), place],
        instantiateWasm: (imports: Imports, received: WasmReceiver) => {
          // PGlite itself would wait for ever.
          code
            .then(async (module) => {
              const instance = await WebAssembly.instantiate(module, wakeable(imports));
              loaded.resolve(partsOf(instance, imports));
              return received(instance, module);
            })
            .catch(loaded.reject);
          return {};
        },
      },
    };
  };
  return fileSystem;
}
