import type { Database, OpenOptions } from "#database/database.ts";
import { openDatabase } from "#database/open.ts";
import { refuseTransactionPooling } from "#database/pooling.ts";
import type { Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { LOCK_NOT_AVAILABLE, lockTables, shownProcess } from "./lock-source.ts";
import { readingFailed } from "./reading-failed.ts";
import { PINNED_LOCALLY, pinOpened } from "./settings.ts";

export interface SourceOptions {
  readonly target: Target;
  /** Milliseconds to wait for tables that somebody has locked. */
  readonly lockTimeout: number;
  readonly connect?: Pick<OpenOptions, "wait" | "onRetry">;
  readonly signal?: AbortSignal | undefined;
}

/** A setting of a session: of those that a plan gives, some are secret. */
export interface Setting {
  readonly name: string;
  readonly value: string;
}

/**
 * Sessions that all see the source as it was at one moment. They read only, and fail where a policy would hide rows. What
 * PostgreSQL says about an error there may quote values of rows, so nothing of it goes on.
 */
export class Source {
  readonly #options: SourceOptions;
  /** Holds the moment, and the tables against being changed. */
  readonly #holder: Database;
  readonly #identity: Identity;
  #isClosed = false;
  /** Undefined on the embedded engine, which has one session. */
  readonly snapshot: string | undefined;

  private constructor(options: SourceOptions, holder: Database, identity: Identity, snapshot: string | undefined) {
    this.#options = options;
    this.#holder = holder;
    this.#identity = identity;
    this.snapshot = snapshot;
  }

  /**
   * Opens the session that keeps the moment, with a lock on every table that it may read, so that none is changed meanwhile.
   * @throws ConfitureError `connect_*`, `transaction_pooling`, `pooler_busy`, `sync_source_failed`
   */
  static async open(options: SourceOptions): Promise<Source> {
    const holder = await openSource(options);
    try {
      await refuseTransactionPooling(options.target, holder, options.signal);
      const identity = await identityOf(holder);
      // Nobody else can be in the embedded one.
      if (holder.engine === "embedded") {
        await holder.execute("set row_security = off");
        return new Source(options, holder, identity, undefined);
      }
      await lockTables(holder, `${BEGIN}; ${READING}`, options.lockTimeout);
      return new Source(options, holder, identity, await exportSnapshot(holder));
    } catch (error) {
      await holder.close();
      throw readingFailed(error);
    }
  }

  /** The session itself, in its transaction: for questions that are asked one after the other. */
  get session(): Database {
    return this.#holder;
  }

  get isEmbedded(): boolean {
    return this.#holder.engine === "embedded";
  }

  get serverVersion(): number {
    return this.#holder.serverVersion;
  }

  /**
   * A further session, outside any transaction, on the same server.
   * @throws ConfitureError `sync_load_balanced` when it is another one
   */
  async openSession(): Promise<Database> {
    return await this.#open(({ started }, other) => started === other.started);
  }

  /**
   * A session in a transaction that sees the moment. On the embedded engine it is that of the source itself.
   * @throws ConfitureError as `openSession`
   */
  async openAtMoment(): Promise<Database> {
    if (this.isEmbedded) return this.#holder;
    const database = await this.openSession();
    try {
      await this.enter(database, []);
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /**
   * A session that does not see the moment, also when that is over: the server may have been started again since.
   * @throws ConfitureError as `openSession`
   */
  async openLater(): Promise<Database> {
    return await this.#open(({ port, replica }, other) => port === other.port && replica === other.replica);
  }

  async #open(isSame: (own: Identity, other: Identity) => boolean): Promise<Database> {
    const database = await openSource(this.#options);
    try {
      const [own, other] = [this.#identity, await identityOf(database)];
      if (own.address !== other.address || own.database !== other.database || !isSame(own, other)) throw divided();
      return database;
    } catch (error) {
      await database.close();
      throw readingFailed(error);
    }
  }

  /** Brings a session to the moment, with the settings of the plan. */
  async enter(database: Database, settings: readonly Setting[]): Promise<void> {
    try {
      if (this.snapshot !== undefined) {
        await database.execute(
          `${BEGIN}; set transaction snapshot ${quoteLiteral(this.snapshot)}; ${READING}; ${this.#lockTimeout}`,
        );
      }
      for (const { name, value } of settings) {
        await database.query("select pg_catalog.set_config($1, $2, false)", [name, value]);
      }
    } catch (error) {
      throw readingFailed(error);
    }
  }

  /**
   * The holder has locked every table, so that whoever wants one alone waits for it; and these sessions would wait for that one.
   * PostgreSQL sees no deadlock in that, and everybody else would wait as well.
   */
  get #lockTimeout(): string {
    return `set local lock_timeout = ${Math.ceil(this.#options.lockTimeout)}`;
  }

  /** The same session, in which every transaction of a look at the catalogue sees the moment. */
  atMoment(database: Database): Database {
    const { snapshot } = this;
    if (snapshot === undefined) return database;
    const enter = `${BEGIN}; set transaction snapshot ${quoteLiteral(snapshot)}; ${this.#lockTimeout};`;
    return {
      ...database,
      execute: (sql, results) =>
        database.execute(typeof sql === "string" ? sql.replace(/^begin\b[^;]*;/i, () => enter) : sql, results),
    };
  }

  /**
   * Whether a session is in the very database that is read, or in the one that it is a replica of. Servers whose files were copied once
   * have the same identifier as well, but only a replica is in recovery.
   */
  async isIn(database: Database): Promise<"same" | "replica" | undefined> {
    const [own, other] = [this.#identity, await identityOf(database)];
    if (other.database !== own.database) return undefined;
    if (other.started === own.started) return "same";
    const isReplicated = own.system !== null && own.system === other.system && own.replica !== other.replica;
    return isReplicated ? "replica" : undefined;
  }

  /** Whether the moment can still be entered. */
  async isHeld(): Promise<boolean> {
    try {
      await this.#holder.query("select 1");
      return true;
    } catch {
      return false;
    }
  }

  /** The error, or where it came of a moment that nobody holds any more, that; with who wants a table for himself. */
  async explain(error: unknown): Promise<unknown> {
    if (this.#isClosed || !isOfSource(error)) return error;
    if (await this.isHeld()) return await this.#withWaiting(error);
    const ended = this.#identity.replica
      ? "The replica was restarted, somebody ended the session, or it was in the way of replay: raise max_standby_streaming_delay there."
      : "The source was restarted, or somebody ended the session.";
    return new ConfitureError("sync_snapshot_lost", "The source's session that held the moment of the copy is gone", {
      hint: `${ended} Rows that are read now would belong to another snapshot, so the copy cannot go on: run it again.`,
    });
  }

  /** Where a lock was not to be had, who waits for one that this copy is in the way of. */
  async #withWaiting(error: unknown): Promise<unknown> {
    if (!(error instanceof ConfitureError) || error.data?.["sqlstate"] !== LOCK_NOT_AVAILABLE) return error;
    const waiting = await this.#holder.query<{ pid: number; role: string | null }>(
      `select a.pid, a.usename::pg_catalog.text as role from pg_catalog.pg_stat_activity a
        where (select pg_catalog.pg_backend_pid()) operator(pg_catalog.=) any (pg_catalog.pg_blocking_pids(a.pid)) order by a.pid`,
    );
    if (waiting.length === 0) return error;
    const who = waiting.map(shownProcess).join(", ");
    return error.with({
      hint: `Somebody wants to change a table that is being copied, and waits for the copy: process ${who}. The copy would wait for that process in turn, and everybody else as well. Run it again when the change is made; a change with a lock_timeout gives way by itself.`,
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#holder.close();
  }
}

/** What may come of a moment that nobody holds any more. */
function isOfSource(error: unknown): boolean {
  if (!(error instanceof ConfitureError)) return false;
  const { code, data } = error;
  return (
    code === "sync_source_failed" ||
    code === "connect_failed" ||
    (code === "connection_lost" && data?.["target"] !== true)
  );
}

const BEGIN = "begin isolation level repeatable read read only";

/** For the time of a transaction. What a role or database sets as limits is lifted when a session is opened. */
const READING = `set local row_security = off; set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0; set local lock_timeout = 0; ${PINNED_LOCALLY}`;

async function openSource({ target, connect, signal }: SourceOptions): Promise<Database> {
  return await pinOpened(await openDatabase(target, { ...connect, signal }));
}

interface Identity {
  /** What a server has in common with its replicas; null where the role may not read it. */
  readonly system: string | null;
  readonly replica: boolean;
  readonly started: string;
  readonly address: string | null;
  readonly port: number | null;
  readonly database: number;
}

/** What tells one server from another: a load balancer may give each connection one of its own choosing. */
async function identityOf(database: Database): Promise<Identity> {
  const [row] = await database.query<Omit<Identity, "system">>(
    `select pg_catalog.pg_is_in_recovery() as replica, pg_catalog.pg_postmaster_start_time()::pg_catalog.text as started, pg_catalog.host(pg_catalog.inet_server_addr()) as address,
            pg_catalog.inet_server_port() as port,
            (select d.oid::pg_catalog.int8::pg_catalog.float8 from pg_catalog.pg_database d where d.datname operator(pg_catalog.=) pg_catalog.current_database()) as database`,
  );
  return { ...row!, system: await systemOf(database) };
}

/** Everybody may read it, unless somebody has taken that right away. */
async function systemOf(database: Database): Promise<string | null> {
  const [may] = await database.query<{ may: boolean }>(
    "select pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute') as may",
  );
  if (may?.may !== true) return null;
  const [row] = await database.query<{ system: string }>(
    "select s.system_identifier::pg_catalog.text as system from pg_catalog.pg_control_system() s",
  );
  return row?.system ?? null;
}

function divided(): ConfitureError {
  return new ConfitureError("sync_load_balanced", "Two connections to the source reached two different servers", {
    hint: "There is a load balancer in between, and its servers do not see the same data at the same moment. Name one server, for example a replica of its own.",
  });
}

async function exportSnapshot(holder: Database): Promise<string> {
  const [row] = await holder.query<{ snapshot: string }>("select pg_catalog.pg_export_snapshot() as snapshot");
  return row!.snapshot;
}
