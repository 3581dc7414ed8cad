import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";

/** When a backfill holds back. */
export interface ThrottleOptions {
  /** Milliseconds that a replica may be behind; nothing is asked when undefined. */
  readonly maxLag?: number | undefined;
  /** Bytes of WAL that may wait for the archive or for replication slots. */
  readonly maxWalBacklog?: number | undefined;
  /** A query that returns true while it is to wait. */
  readonly pauseWhen?: string | undefined;
}

/** A replica or slot, and how far it is behind. */
interface Replica {
  readonly name: string;
  /** Milliseconds; null where the server does not say. */
  readonly lag: number | null;
  /** It is an inactive slot, which stands for a replica that is not connected. */
  readonly isSlot: boolean;
}

/**
 * Tells whether the server can take another batch. What is not known is not taken for good: a replica that was there and
 * is gone, or whose lag this role may not see, is waited for.
 */
export class Throttle {
  readonly #options: ThrottleOptions;
  /** Replicas that were seen. */
  readonly #seen = new Set<string>();
  #isLagging = false;

  constructor(options: ThrottleOptions) {
    this.#options = options;
  }

  /**
   * Why to wait, as the end of "waits: "; undefined to go on.
   * @param table the table's number in pg_class
   */
  async reason(database: Database, table: number): Promise<string | undefined> {
    return (
      (await this.#vacuum(database, table)) ??
      (await this.#lag(database)) ??
      (await this.#backlog(database)) ??
      (await this.#asked(database))
    );
  }

  /** One that keeps transaction numbers from running out is cancelled by nobody, and must not be kept waiting. */
  async #vacuum(database: Database, table: number): Promise<string | undefined> {
    const [found] = await queryCatalogue<{ pid: number }>(
      database,
      `select a.pid from pg_stat_progress_vacuum p join pg_stat_activity a on a.pid = p.pid
        where p.datname = current_database() and p.relid = $1::int8::oid and a.query ~ 'to prevent wraparound'`,
      [table],
    );
    return found === undefined
      ? undefined
      : `for the vacuum of the table that prevents wraparound (process ${found.pid})`;
  }

  async #lag(database: Database): Promise<string | undefined> {
    const { maxLag } = this.#options;
    if (maxLag === undefined) return undefined;
    const replicas = await queryCatalogue<Replica>(database, REPLICAS);
    const gone = [...this.#seen].find((name) => !replicas.some((replica) => replica.name === name));
    // A slot goes only when somebody drops it.
    for (const { name, isSlot } of replicas) if (!isSlot) this.#seen.add(name);
    if (gone !== undefined) {
      return `for the replica ${gone}, which was there and is gone (to do without it, end this run and start it again)`;
    }
    const unknown = replicas.find(({ lag }) => lag === null);
    if (unknown !== undefined) return `for the replica ${unknown.name}: how far it is behind is not known`;
    const worst = replicas.toSorted((a, b) => (b.lag ?? 0) - (a.lag ?? 0))[0];
    const lag = worst?.lag ?? 0;
    this.#isLagging = isBehind(lag, maxLag, this.#isLagging);
    return this.#isLagging
      ? `for the replica ${worst?.name}, which is ${seconds(lag)} behind (max_lag ${seconds(maxLag)})`
      : undefined;
  }

  async #backlog(database: Database): Promise<string | undefined> {
    const { maxWalBacklog } = this.#options;
    if (maxWalBacklog === undefined) return undefined;
    const [found] = await queryCatalogue<{ slot: string | null; bytes: string | null }>(database, BACKLOG);
    const slots = Number(found?.bytes ?? 0);
    if (slots > maxWalBacklog) {
      return `for the replication slot ${found?.slot}, which holds ${megabytes(slots)} of WAL back (max_wal_backlog ${megabytes(maxWalBacklog)})`;
    }
    const archive = await waitingForArchive(database);
    if (archive === null)
      return "for the WAL archive: how much waits for it is not known (GRANT pg_monitor to the role)";
    return archive > maxWalBacklog
      ? `for the WAL archive, ${megabytes(archive)} behind (max_wal_backlog ${megabytes(maxWalBacklog)})`
      : undefined;
  }

  async #asked(database: Database): Promise<string | undefined> {
    const { pauseWhen } = this.#options;
    if (pauseWhen === undefined) return undefined;
    // Whatever it does is undone.
    await database.execute("begin read only");
    try {
      const [row] = await database.query(pauseWhen.replace(/;\s*$/, ""));
      const [value] = Object.values(row ?? {});
      return value === true ? "for pause_when, which says so" : undefined;
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.code !== "sql_failed") throw error;
      throw error.with({
        message: `The query of pause_when failed: ${error.message}`,
        hint: "It has to be one SELECT that returns true while the backfill is to wait.",
      });
    } finally {
      await database.execute("rollback").catch(() => {});
    }
  }
}

/**
 * Whether a replica is too far behind. Half of the limit has to be reached before the fill goes on: it would stop and go with
 * every batch otherwise. Pure.
 */
export function isBehind(lag: number, maxLag: number, wasBehind: boolean): boolean {
  return wasBehind ? lag >= maxLag / 2 : lag > maxLag;
}

/** A replica that has replayed everything has no lag, though replay_lag is null after a while without writes. */
const REPLICAS = `
  select coalesce(nullif(r.application_name, ''), r.client_addr::text, r.pid::text) as name,
         case when r.state is null then null
              when r.replay_lag is not null then (extract(epoch from r.replay_lag) * 1000)::float8
              when r.replay_lsn >= r.sent_lsn and r.sent_lsn is not null then 0::float8
         end as lag,
         false as "isSlot"
    from pg_stat_replication r
  union all
  select 'slot ' || slot_name::text, null::float8, true from pg_replication_slots where slot_type = 'physical' and not active`;

const BACKLOG = `
  select slot_name::text as slot, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::text as bytes
    from pg_replication_slots where restart_lsn is not null and not pg_is_in_recovery()
   order by pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) desc limit 1`;

/** Bytes of finished WAL segments that are not archived yet; null where this role may not see it. */
async function waitingForArchive(database: Database): Promise<number | null> {
  const [mode] = await queryCatalogue<{ off: boolean }>(
    database,
    "select current_setting('archive_mode') = 'off' as off",
  );
  if (mode?.off === true) return 0;
  try {
    const [row] = await queryCatalogue<{ bytes: string }>(
      database,
      `select (count(*) * (select setting::int8 from pg_settings where name = 'wal_segment_size'))::text as bytes
         from pg_ls_archive_statusdir() where name like '%.ready'`,
    );
    return Number(row?.bytes ?? 0);
  } catch (error) {
    if (error instanceof ConfitureError && error.server?.sqlstate === "42501") return null;
    throw error;
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / (1 << 20)).toLocaleString("en-US")} MB`;
}
