import { ConfitureError, type ServerReport } from "#errors/error.ts";
import { COPY_WAYS, ROWS_FROM_HERE, ROWS_TO_HERE } from "../advice.ts";
import type { Database, OpenOptions } from "../database.ts";
import { CopySource } from "./copy.ts";
import { loadAssets } from "./load.ts";
import type { DataFiles } from "./saved.ts";
import { longSql, LongQuery } from "../long-sql.ts";
import { READ_ONLY } from "./outside-data.ts";
import { NO_PROGRAMS } from "./raise.ts";
import { EmbeddedSocket } from "./socket.ts";
import { type Backend } from "../backend.ts";
import { openSession } from "../session.ts";
import type { EmbeddedTarget } from "../target.ts";

/** PostgreSQL running inside this process. */
export interface EmbeddedEngine {
  /**
   * The client's end of a new protocol connection. The engine is a single backend: one connection at a
   * time, and a new one only after the last has ended. Each begins with a clean session.
   */
  connect(): EmbeddedSocket;
  /** As of `StartedEngine`. */
  files(): DataFiles;
  /** As of `Database`. */
  limitWork(milliseconds: number | undefined): number | undefined;
  /** As of `Database`. */
  placeWork(place: string | undefined): string | undefined;
  /** Ends the live connection, stops PostgreSQL and frees the data folder. Safe to call twice. */
  close(): Promise<void>;
}

type StartOptions = Pick<OpenOptions, "lockWait" | "onHeld" | "signal">;

/** The one backend of a PostgreSQL inside this process, for whoever shares it out. */
export interface StartedEngine {
  readonly backend: Backend;
  /** Those of a database in memory; whole after a CHECKPOINT. */
  files(): DataFiles;
  /** As of `Database`. */
  limitWork(milliseconds: number | undefined): number | undefined;
  /** As of `Database`. */
  placeWork(place: string | undefined): string | undefined;
  /** Stops PostgreSQL and frees the data folder. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts PostgreSQL inside this process.
 * @throws ConfitureError `embedded_failed`, or `embedded_in_use` when another process has the folder
 */
export async function startEmbedded(target: EmbeddedTarget, options: StartOptions = {}): Promise<StartedEngine> {
  // Compiling PostgreSQL takes longest and another thread: it begins before everything else. A failure
  // comes up where the result is used.
  loadAssets()
    .then((assets) => assets.postgresModule())
    .catch(() => {});
  const { openDataFolder } = await import("./folder.ts");
  const { PGliteBackend } = await import("./backend.ts");
  const folder =
    target.path === undefined ? undefined : await openDataFolder(target.path, options.lockWait ?? 0, options);
  const backend = await PGliteBackend.start(folder?.path, target.settings, target.saved, folder?.mostFiles).catch(
    (error: unknown) => {
      folder?.release();
      throw error;
    },
  );
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    try {
      await backend.stop();
    } finally {
      folder?.release();
    }
  };
  const limitWork = (milliseconds: number | undefined): number | undefined => {
    const before = backend.limit;
    backend.limit = milliseconds;
    return before;
  };
  const placeWork = (place: string | undefined): string | undefined => {
    const before = backend.place;
    backend.place = place;
    return before;
  };
  return { backend, files: () => backend.files(), limitWork, placeWork, close: () => (closing ??= close()) };
}

/**
 * Starts PostgreSQL inside this process, for one connection at a time.
 * @throws ConfitureError as `startEmbedded`
 */
export async function openEmbedded(target: EmbeddedTarget, options: StartOptions = {}): Promise<EmbeddedEngine> {
  const engine = await startEmbedded(target, options);
  let live: EmbeddedSocket | undefined;
  let closed = false;
  return {
    connect() {
      if (closed) throw new ConfitureError("internal", "The embedded PostgreSQL is closed");
      if (live !== undefined) {
        throw new ConfitureError("internal", "The embedded PostgreSQL serves one connection at a time");
      }
      live = new EmbeddedSocket(engine.backend, () => {
        live = undefined;
      });
      return live;
    },
    files: () => engine.files(),
    limitWork: (milliseconds) => engine.limitWork(milliseconds),
    placeWork: (place) => engine.placeWork(place),
    async close() {
      closed = true;
      live?.destroy();
      await engine.close();
    },
  };
}

/**
 * Opens the engine and its one session, as one thing to close.
 * @throws ConfitureError as `openEmbedded`
 */
export async function openEmbeddedDatabase(target: EmbeddedTarget, options: OpenOptions = {}): Promise<Database> {
  const engine = await openEmbedded(target, options);
  try {
    const stream = engine.connect();
    const session = await openSession({
      ...options,
      engine: "embedded",
      user: "postgres",
      database: "postgres",
      applicationName: "confiture",
      stream,
    });
    const close = async (): Promise<void> => {
      try {
        await session.close();
      } finally {
        await engine.close();
      }
    };
    const explained = <T>(work: Promise<T>): Promise<T> =>
      work.catch((error: unknown) => {
        throw explainMissing(error);
      });
    const copyIn: Database["copyIn"] = async (sql, data, results) => {
      if (Symbol.asyncIterator in data) {
        throw new ConfitureError("internal", "The embedded PostgreSQL cannot wait for data");
      }
      const source = new CopySource(data);
      stream.offer(source);
      try {
        await session.execute(sql, results);
      } catch (error) {
        throw source.failure === undefined ? error : source.failure.error;
      } finally {
        stream.offer(undefined);
      }
    };
    const execute: Database["execute"] = async (sql, results) => {
      const long = longSql(sql);
      if (long === undefined) return await session.execute(sql, results);
      const query = new LongQuery(long);
      using _ = stream.expect(query);
      try {
        await session.execute(query.token, results);
      } catch (error) {
        throw query.failure === undefined ? error : query.failure.error;
      }
    };
    return {
      ...session,
      execute: (sql, results) => explained(execute(sql, results)),
      query: (sql, parameters) => explained(session.query(sql, parameters)),
      copyIn: (sql, data, results) => explained(copyIn(sql, data, results)),
      limitWork: (milliseconds) => engine.limitWork(milliseconds),
      placeWork: (place) => engine.placeWork(place),
      ...(target.path === undefined && { save: () => explained(save(session, engine)) }),
      close,
    };
  } catch (error) {
    await engine.close();
    if (options.signal?.aborted !== true) throw error;
    throw new ConfitureError("interrupted", "Interrupted while starting the embedded PostgreSQL", { cause: error });
  }
}

/** Where rows were to come from or to go that the engine does not have: how they do. */
function waysOfRows(server: ServerReport | undefined): string | undefined {
  if (server === undefined) return undefined;
  if (server.message === NO_PROGRAMS) return COPY_WAYS;
  if (server.message.endsWith(READ_ONLY)) return ROWS_TO_HERE;
  return server.hint?.includes("\\copy") === true ? ROWS_FROM_HERE : undefined;
}

/** What is in a database in memory: its files, but for segments of the log that it does not begin with. */
async function save(session: Database, engine: EmbeddedEngine): Promise<Uint8Array | undefined> {
  await session.execute("checkpoint");
  const [state] = await session.query<{ keeps: boolean; first: string; last: string }>(`
    select redo_wal_file as first, pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()) as last,
           not exists (select from pg_catalog.pg_class where relpersistence = 'u') as keeps
      from pg_catalog.pg_control_checkpoint()`);
  if (state?.keeps !== true) return undefined;
  const { packSaved } = await import("./saved.ts");
  const isNeeded = (path: string): boolean => {
    const segment = /^pg_wal\/([0-9A-F]{24})$/.exec(path)?.[1];
    return path !== "postmaster.pid" && (segment === undefined || (segment >= state.first && segment <= state.last));
  };
  return await packSaved(new Map([...engine.files()].filter(([path]) => isNeeded(path))));
}

/** PostgreSQL's own hints are for a server: to install a missing extension, to raise a setting, to look into its machine's files. */
function explainMissing(error: unknown): unknown {
  if (!(error instanceof ConfitureError)) return error;
  const ways = waysOfRows(error.server);
  if (ways !== undefined) {
    return error.with({ hint: `The embedded PostgreSQL has no files and no programs of this machine.\n${ways}` });
  }
  if (error.server?.sqlstate === "53200") {
    return error.with({
      hint: "The embedded PostgreSQL has room for some 48,000 locks in one transaction (a table takes one, and so do each of its indexes and its sequence, and two more where it has long texts), and no more memory than this process may have. Split the work (`confiture build --no-transaction` runs each statement by itself), or do it on a server.",
    });
  }
  if (error.server?.sqlstate !== "0A000") return error;
  const name = /^extension "(.+)" is not available$/.exec(error.server.message)?.[1];
  if (name === undefined) return error;
  return error.with({
    hint:
      `The embedded engine carries PostgreSQL's own extensions (SELECT * FROM pg_available_extensions), not ${name}. ` +
      "Schemas that need it have to be built on a server.",
  });
}
