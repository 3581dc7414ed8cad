import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { ConfitureError } from "#errors/error.ts";
import { sendCancelRequest } from "./cancel-request.ts";
import { copyIn } from "./copy-in.ts";
import { adviceFor } from "./advice.ts";
import { countAnswer } from "./answers.ts";
import type { ByteStream } from "./byte-stream.ts";
import { LIFT_LIMITS } from "./settings.ts";
import { ARRAY_TYPES, ArrayTypes, type ArrayType } from "./arrays.ts";
import type { Database, OpenOptions, ResultListener } from "./database.ts";
import { DriverStream } from "./driver-stream.ts";
import { giveBack, TERMINATE } from "./chunks.ts";
import { NoticeOrder } from "./notice-order.ts";
import { longSql, LongQuery } from "./long-sql.ts";
import { guardSerializers, requireParameters } from "./parameters.ts";
import { ProtocolViolation, ResponseWatcher } from "./responses.ts";
import { isStatementPooling, transactionPooling } from "./transaction-pooling.ts";
import { violation, abandoned, type WireError, toReport, toNotice } from "./session-reports.ts";

export interface SessionOptions extends OpenOptions {
  readonly engine: Database["engine"];
  readonly user: string;
  readonly database: string;
  readonly applicationName: string;
  /** The byte stream to the backend: one that authenticates nobody, or where that is over. */
  readonly stream: ByteStream;
  /** Another one to the same server, for a request to cancel; the embedded engine has no use for it. */
  readonly connectAgain?: (signal: AbortSignal) => Promise<ByteStream>;
}

/** Milliseconds between two requests to cancel: one that finds the server between two statements is lost. */
const CANCEL_AGAIN = 200;

/** Milliseconds that an answer may take after an interruption. */
const PATIENCE = 1_500;

/**
 * One session of postgres.js over a byte stream of ours: the same driver for every engine. The driver
 * would open a new connection when one is lost; a session that holds locks must not, so the stream is
 * handed out once.
 * @throws ConfitureError `connection_lost`, `sql_failed`
 */
export async function openSession(options: SessionOptions): Promise<Database> {
  const { stream: connection } = options;
  let opened: DriverStream | undefined;
  let lost = false;
  let closing = false;
  const responses = new ResponseWatcher();
  const order = new NoticeOrder((notice) => options.onNotice?.(notice));

  const socket = (): DriverStream => {
    // One that ended before the driver has it would never tell the driver so.
    if (opened !== undefined || connection.destroyed) {
      throw new ConfitureError("connection_lost", "The connection to the database was lost");
    }
    // The driver forgets some of what it has not sent yet. What it does tell comes first.
    connection.once("close", () => setImmediate(endRunning));
    opened = new DriverStream(
      connection,
      (chunk) => {
        const judged = responses.feed(chunk);
        if (judged.length === 0 && options.engine === "server") giveBack(chunk);
        return judged;
      },
      () => responses.listener?.room?.(),
    );
    return opened;
  };

  /** Statements may set another `client_encoding`, as the first of a dump does; all that is sent, and read, is in UTF-8. */
  let isUtf8 = true;
  const driver = {
    host: "session",
    port: 5432,
    user: options.user,
    database: options.database,
    pass: "",
    socket,
    sslnegotiation: null,
    ssl: false,
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: 0,
    // Everything goes out at once and in order; the driver never keeps a queue of its own.
    max_pipeline: Number.MAX_SAFE_INTEGER,
    prepare: false,
    fetch_types: false,
    debug: false,
    connection: { application_name: options.applicationName },
    onparameter: (name: string, value: string) => {
      if (name === "client_encoding") isUtf8 = /^(?:utf-?8|unicode)$/i.test(value);
    },
    onnotice: (notice: postgres.Notice) => order.notice(responses.takeNoticedAfter(), toNotice(notice)),
    onclose: () => (lost = true),
  };
  // The driver's types know neither `socket` nor `sslnegotiation`.
  const sql = postgres(driver as unknown as postgres.Options<Record<string, never>>);

  const failure = (error: unknown): unknown => {
    if (error instanceof postgres.PostgresError) {
      const server = toReport(error as unknown as WireError, responses.takeFailedAfter());
      return new ConfitureError("sql_failed", server.message, { server, hint: adviceFor(server) });
    }
    if (error instanceof ConfitureError) return error;
    if (error instanceof ProtocolViolation) return violation(error, identity !== undefined);
    // The driver stumbled over what the server sent: neither knows any more what the other means.
    if (error instanceof RangeError || error instanceof TypeError) connection.destroy();
    const { farewell } = responses;
    if (farewell !== undefined && isStatementPooling(farewell.message)) return transactionPooling(error);
    const because = farewell === undefined ? "" : `: ${farewell.message}`;
    return new ConfitureError("connection_lost", `The connection to the database was lost${because}`, {
      server: farewell === undefined ? undefined : { severity: "FATAL", ...farewell },
      hint:
        (farewell && adviceFor({ severity: "FATAL", ...farewell })) ??
        "The server ended the session or the network failed. What an open transaction had done was rolled back by the server, unless its COMMIT had arrived.",
      cause: error,
    });
  };
  const refuseWhenLost = (): void => {
    if (lost && !closing) throw failure(new Error("the session is over"));
  };

  // In the order they were sent: the first is the one the server is working on.
  const running = new Map<PromiseLike<unknown>, (error: unknown) => void>();
  let failures = 0;
  let ended = false;
  /** Runs from an interruption on, anew with each answer: a busy server may take its time to end the work in order. */
  let patience: NodeJS.Timeout | undefined;
  const answered = (): void => {
    countAnswer();
    patience?.refresh();
  };
  const run = <T extends object>(query: PromiseLike<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const number = order.send();
      const fail = (error: unknown): void => {
        if (!running.delete(query)) return;
        failures++;
        answered();
        reject(failure(error));
      };
      running.set(query, fail);
      query.then(
        (result) =>
          order.settle(number, () => {
            running.delete(query);
            answered();
            resolve(result);
          }),
        (error: unknown) => order.settle(number, () => fail(error)),
      );
      if (ended) endRunning();
    });
  function endRunning(): void {
    ended = true;
    for (const fail of running.values()) fail(new Error("the session is over"));
  }

  guardSerializers(sql.options);
  /** While somebody waits for rows, or for what COPY has to say, the driver has to see all answers. */
  let listening = 1;
  const listeningFor = async <T>(work: () => Promise<T>): Promise<T> => {
    listening++;
    responses.discarding = false;
    try {
      return await work();
    } finally {
      responses.discarding = --listening === 0;
    }
  };

  const heardBy = async (listener: ResultListener | undefined, work: () => Promise<unknown>): Promise<void> => {
    if (listener !== undefined && running.size > 0) {
      throw new ConfitureError("internal", "Results can be heard only of a query that is sent alone");
    }
    responses.listener = listener;
    try {
      await work();
    } finally {
      responses.listener = undefined;
    }
  };

  const arrays = new ArrayTypes(sql.options, () => listeningFor(() => run(sql.unsafe<ArrayType[]>(ARRAY_TYPES))));
  let identity: { pid: number; version: number } | undefined;
  let announced: { pid: number; secret: number } | undefined;

  const requestCancel = async (): Promise<void> => {
    // The embedded engine runs in this very thread: while a statement runs, nobody can ask for this.
    if (options.connectAgain === undefined || announced === undefined) return;
    await sendCancelRequest(options.connectAgain, announced, PATIENCE);
  };

  /** An interruption: whatever runs is cancelled, or else what runs next, until something has failed. */
  const interrupt = async (): Promise<void> => {
    if (identity === undefined) {
      connection.destroy();
      return;
    }
    const before = failures;
    const isOver = (): boolean => lost || closing || failures > before;
    while (!isOver()) {
      if (running.size > 0) await requestCancel().catch(() => {});
      await sleep(CANCEL_AGAIN, undefined, { ref: false });
    }
  };
  const onAbort = (): void => {
    void interrupt();
    // The embedded engine needs no patience: it does what it is asked, or keeps this very thread.
    if (options.engine === "server") patience = setTimeout(() => connection.destroy(abandoned()), PATIENCE);
  };
  options.signal?.addEventListener("abort", onAbort);

  const close = async (atOnce = options.leavesAtOnce): Promise<void> => {
    if (closing) return;
    closing = true;
    if (atOnce === true && connection.leave !== undefined && !lost && running.size === 0) {
      options.signal?.removeEventListener("abort", onAbort);
      clearTimeout(patience);
      if (!connection.destroyed) connection.leave(TERMINATE);
      return;
    }
    // Nobody answers the farewell on a line that is gone.
    await sql.end({ timeout: lost || connection.destroyed ? 0 : 5 });
    options.signal?.removeEventListener("abort", onAbort);
    clearTimeout(patience);
    // A server that keeps its side open would keep this process from ending.
    connection.destroy();
  };

  try {
    const rows = await run(
      sql.unsafe<{ pid: number; version: number }[]>(
        `select pg_catalog.pg_backend_pid() as pid, pg_catalog.current_setting('server_version_num')::pg_catalog.int4 as version${
          options.engine === "server" ? `, ${LIFT_LIMITS} as lifted` : ""
        }`,
      ),
    );
    [identity] = rows;
    announced = rows.state;
    responses.opened();
    responses.discarding = --listening === 0;
  } catch (error) {
    await close();
    throw failure(error);
  }

  return {
    engine: options.engine,
    backendPid: identity?.pid ?? 0,
    pooled: options.engine === "server" && announced?.pid !== identity?.pid,
    serverVersion: identity?.version ?? 0,

    async execute(text, results) {
      refuseWhenLost();
      const long = longSql(text);
      if (long === undefined) await send(text as string, results);
      else await sendLong(new LongQuery(long), results);
      if (!isUtf8) await send("set client_encoding to 'UTF8'", undefined);
    },

    async query<Row extends object>(text: string, parameters: readonly unknown[] = []): Promise<Row[]> {
      refuseWhenLost();
      requireParameters(parameters);
      if (arrays.isNeededFor(parameters)) await arrays.fetch();
      const rows = await listeningFor(() =>
        run(sql.unsafe<Row[]>(text, parameters as postgres.ParameterOrJSON<never>[])),
      );
      await arrays.complete(rows, rows);
      return [...rows];
    },

    copyIn: async (text, data, results) => {
      refuseWhenLost();
      order.send();
      await heardBy(results, () => listeningFor(() => copyIn(sql.unsafe(text), data, connection, failure)));
    },

    // What cannot be asked for is not cancelled, and the statement itself tells how it ended.
    cancel: () => requestCancel().catch(() => {}),

    close,
  };

  async function send(text: string, results: ResultListener | undefined): Promise<void> {
    if (results === undefined) await run(sql.unsafe(text));
    else await heardBy(results, () => run(sql.unsafe(text)));
  }

  async function sendLong(query: LongQuery, results: ResultListener | undefined): Promise<void> {
    using _ = opened?.expect(query);
    try {
      await send(query.token, results);
    } catch (error) {
      throw query.failure === undefined ? error : query.failure.error;
    }
  }
}
