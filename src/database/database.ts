import type { ServerTarget } from "./target.ts";
import type { ConfitureError } from "#errors/error.ts";
import type { Statement } from "#sql/statement.ts";
import type { LongSql } from "./long-sql.ts";

/**
 * The one interface to a PostgreSQL session, whatever is behind it: a server over the network or the
 * engine inside the executable. One `Database` is one backend, for its whole life: it never reconnects,
 * so a session-level lock that it took is held for as long as its calls succeed.
 */
export interface Database {
  readonly engine: "server" | "embedded";
  /** Of a target's several hosts, the one that this session is on; undefined on the embedded engine. */
  readonly host?: ServerTarget;
  /** PostgreSQL's process id of this session (0 on the embedded engine). */
  readonly backendPid: number;
  /**
   * True when something between here and the server hands out backends of its own choosing: PgBouncer and its
   * like invent the process id that the protocol announces, so it is not that of the backend.
   */
  readonly pooled: boolean;
  /** `server_version_num`, for example 180001. */
  readonly serverVersion: number;
  /** Set where not everything is run that is sent: in scratch databases, what would do something outside of them. */
  readonly leavesOut?: LeavesOut;

  /**
   * Sends `sql` (one or many statements) as one simple query: one round trip, and one implicit
   * transaction unless a transaction is open. Calls made without waiting are pipelined in order.
   * @param results hears what comes back, which is thrown away otherwise; such a call is made alone
   * @throws ConfitureError `sql_failed` (with `server.position` into `sql`) or `connection_lost`
   */
  execute(sql: string | LongSql, results?: ResultListener): Promise<void>;

  /**
   * Runs one statement with `$1`-style parameters and returns its rows as objects. Arrays may need a round trip
   * more: what has to come behind such a query waits for it.
   * @throws ConfitureError as `execute`
   */
  query<Row extends object = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;

  /**
   * Runs a `COPY ... FROM STDIN` and feeds it `data`: a piece has been sent, or copied, when the next is asked for.
   * Resolves when the server has taken all of it. The embedded engine cannot wait: what comes bit by bit goes to a server alone.
   * @throws ConfitureError as `execute`; what `data` throws
   */
  copyIn(
    sql: string,
    data: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
    results?: ResultListener,
  ): Promise<void>;

  /**
   * Asks the server to cancel what it does for this session, which then fails with SQLSTATE 57014. A request that finds it
   * between two statements is lost, and nobody can ask the embedded engine while it works.
   */
  cancel(): Promise<void>;

  /** Ends the session from outside (57P01), which nothing that it runs can catch; only of scratch databases on a server. */
  terminate?(): Promise<void>;

  /**
   * Only of the embedded engine: statements are cancelled (57014) from now on once they take so many milliseconds, and the session of
   * one that catches that is ended (57P01).
   * @returns what held before
   */
  limitWork?(milliseconds: number | undefined): number | undefined;

  /**
   * Only of the embedded engine: where the statements stand that it is given from now on, as is shown while they run.
   * @returns what held before
   */
  placeWork?(place: string | undefined): string | undefined;

  /**
   * Everything that is in an embedded database without a folder, for another one to begin with (`EmbeddedTarget.saved`). Undefined where not all
   * of it would be kept: tables that are unlogged are empty after it.
   */
  save?(): Promise<Uint8Array | undefined>;

  /**
   * Ends the session; an open transaction is rolled back by the server. Safe to call twice.
   * @param atOnce does not wait until the server has ended it: for who holds no lock, and has nothing open
   */
  close(atOnce?: boolean): Promise<void>;
}

/** What a session does not run, though it is sent. */
export interface LeavesOut {
  /** Why not, in words that go on from "it"; undefined for what runs. */
  why(statement: Statement): string | undefined;
  /** Says so to whoever is to know, for a statement that was not sent. */
  tell(statement: Statement): void;
}

/** Hears the results of statements as they arrive, values in the form in which PostgreSQL prints them. */
export interface ResultListener {
  /** A result with rows begins. */
  columns(columns: readonly ResultColumn[]): void;
  row(values: readonly (string | null)[]): void;
  /** Data of a COPY TO STDOUT: a line or less of it, between two places of a chunk that is valid for the length of the call. */
  copied(chunk: Buffer, from: number, to: number): void;
  /** A statement is done: "SELECT 3", "INSERT 0 1", "CREATE TABLE". */
  completed(tag: string): void;
  /** The server waits for the next query. */
  ready(transaction: TransactionState): void;
  /** Asked now and then: a promise keeps a server from sending more until it settles. The embedded engine cannot wait. */
  room?(): Promise<void> | undefined;
}

export interface ResultColumn {
  readonly name: string;
  /** The number of its type in pg_type; of a domain, that of the type below. */
  readonly type: number;
}

export type TransactionState = "none" | "open" | "failed";

/** A NOTICE, WARNING or INFO message from the server. */
export interface Notice {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** The function of the server that says it, whatever the language. */
  readonly routine?: string;
}

/** The process that has an embedded database's folder. */
export interface FolderHolder {
  /** Undefined when it cannot be told. */
  readonly pid: number | undefined;
  /** Whether the process is stopped (Ctrl-Z, SIGSTOP), so that it will not end by itself; false where that cannot be told. */
  readonly stopped: boolean;
}

export interface OpenOptions {
  readonly onNotice?: (notice: Notice) => void;
  /** Milliseconds to keep trying while the server cannot be reached or is starting up; once by default. */
  readonly wait?: number;
  /** Milliseconds to wait for another process that has the embedded database open; a server has no such limit. */
  readonly lockWait?: number;
  /** Called once when the wait for that other process begins. */
  readonly onHeld?: (holder: FolderHolder) => void;
  /** Called before each further attempt. */
  readonly onRetry?: (error: ConfitureError) => void;
  /** Closing does not wait until the server has ended the session: for who has only read, and holds no lock. */
  readonly leavesAtOnce?: boolean;
  /** Ends waiting and connecting; afterwards the server is asked to cancel what runs, which fails with SQLSTATE 57014. */
  readonly signal?: AbortSignal | undefined;
}
