import { setTimeout as sleep } from "node:timers/promises";
import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { canonicalVersion } from "../files/version.ts";

/** The session that holds the lock, as far as the server lets this role see it. */
export interface LockHolder {
  readonly pid: number;
  readonly user: string | null;
  readonly host: string | null;
  readonly application: string | null;
  readonly since: Date | null;
}

export interface LockOptions {
  /** Milliseconds to wait for another runner; 0 gives up at once. */
  readonly wait: number;
  readonly signal?: AbortSignal | undefined;
  readonly onWaiting?: (holder: LockHolder | undefined) => void;
}

/**
 * The advisory lock's key: one for each ledger, so two projects in one database do not block each other.
 * Advisory locks are per database already.
 */
export function lockKey(ledger: { readonly schema: string; readonly table: string }): bigint {
  return keyOf("confiture", ledger.schema, ledger.table);
}

/** The key of the lock that whoever works on a backfill holds, beside the ledger's, which others can have meanwhile. */
export function fillLockKey(ledger: { readonly schema: string; readonly table: string }, version: string): bigint {
  return keyOf("confiture", "backfill", ledger.schema, ledger.table, canonicalVersion(version));
}

function keyOf(...parts: readonly string[]): bigint {
  const digest = new Bun.CryptoHasher("sha256").update(parts.join("\0")).digest();
  return digest.readBigInt64BE(0);
}

/**
 * Takes the session-level lock by asking again and again. Waiting inside `pg_advisory_lock` would hold a
 * snapshot, and a CREATE INDEX CONCURRENTLY of the runner that has the lock waits for every snapshot.
 * @throws ConfitureError `lock_held`, `lock_unseen` or `interrupted`
 */
export async function acquireLock(database: Database, key: bigint, options: LockOptions): Promise<void> {
  const started = performance.now();
  let announced = false;
  while (!(await tryLock(database, key))) {
    const left = options.wait - (performance.now() - started);
    const holder = announced && left > 0 ? undefined : await findHolder(database, key);
    if (left <= 0) throw lockHeld(holder, options.wait);
    if (!announced) options.onWaiting?.(holder);
    announced = true;
    // Jitter, so that many waiting runners do not ask in step.
    const pause = Math.min(left, 50 + Math.random() * 150);
    try {
      await sleep(pause, undefined, options.signal === undefined ? {} : { signal: options.signal });
    } catch {
      throw new ConfitureError("interrupted", "Interrupted while waiting for another runner");
    }
  }
}

/**
 * Held by this session already counts as taken. A lock that cannot be seen is none: there are servers that answer "true" and lock
 * nothing (CockroachDB), and poolers that ask another backend than the one that answers next.
 * @throws ConfitureError `lock_unseen`
 */
export async function tryLock(database: Database, key: bigint): Promise<boolean> {
  const [high, low] = halves(key);
  // Outside a transaction and whatever the search_path is, so every name is qualified. The lock is looked for in
  // the same statement, once it has been asked for.
  const [row] = await database.query<{ locked: boolean; seen: boolean }>(
    `select asked.locked, asked.locked and exists (
       select from pg_catalog.pg_locks l
        where l.locktype operator(pg_catalog.=) 'advisory' and l.granted and asked.locked
          and l.pid operator(pg_catalog.=) pg_catalog.pg_backend_pid()
          and l.classid operator(pg_catalog.=) ${high}::pg_catalog.oid
          and l.objid operator(pg_catalog.=) ${low}::pg_catalog.oid
          and l.objsubid operator(pg_catalog.=) 1) as seen
       from (select pg_catalog.pg_try_advisory_lock(${key}) as locked offset 0) as asked`,
  );
  if (row?.locked !== true) return false;
  if (!row.seen) {
    throw new ConfitureError(
      "lock_unseen",
      "The server says that the lock is taken, but nothing shows it in pg_locks",
      {
        hint:
          "Without a lock two runners could apply the same migration, so nothing was run. This is a server that only looks like PostgreSQL " +
          "(CockroachDB answers so), or a proxy that moves statements between servers. Connect to PostgreSQL itself.",
      },
    );
  }
  return true;
}

/**
 * An expression for a select list, under any search_path, that fails unless this session has the lock, and takes it again where a
 * migration gave it up: a division by zero is an error that needs no procedural language.
 */
export function holdsLock(key: bigint): string {
  return `1 operator(pg_catalog./) pg_catalog.pg_try_advisory_lock(${key})::pg_catalog.int4`;
}

/** What `holdsLock` failed for. */
export function lockLost(): ConfitureError {
  return new ConfitureError("lock_lost", "A migration gave up the runner's lock, and another runner took it", {
    hint: "A migration must not call pg_advisory_unlock_all() or DISCARD ALL. `confiture migrate status` shows what the two have done.",
  });
}

/** Gives the lock back, however often this session has taken it: each time counts (manual, "Advisory Locks"). */
export async function releaseLock(database: Database, key: bigint): Promise<void> {
  const [high, low] = halves(key);
  for (;;) {
    const [row] = await database.query<{ held: boolean }>(
      `select exists (
         select from pg_catalog.pg_locks l
          where l.locktype operator(pg_catalog.=) 'advisory' and l.granted
            and l.pid operator(pg_catalog.=) pg_catalog.pg_backend_pid()
            and l.classid operator(pg_catalog.=) ${high}::pg_catalog.oid
            and l.objid operator(pg_catalog.=) ${low}::pg_catalog.oid
            and l.objsubid operator(pg_catalog.=) 1) as held`,
    );
    if (row?.held !== true) return;
    await database.execute(`select pg_catalog.pg_advisory_unlock(${key})`);
  }
}

/** Gives back every lock that this session has taken, the ledger's and those of backfills. */
export async function releaseLocks(database: Database): Promise<void> {
  await database.execute("select pg_catalog.pg_advisory_unlock_all()");
}

/** The key as pg_locks shows it: classid and objid, both unsigned. */
function halves(key: bigint): [high: bigint, low: bigint] {
  const unsigned = BigInt.asUintN(64, key);
  return [unsigned >> 32n, unsigned & 0xffffffffn];
}

export async function findHolder(database: Database, key: bigint): Promise<LockHolder | undefined> {
  const [high, low] = halves(key);
  const [holder] = await queryCatalogue<LockHolder>(
    database,
    `select l.pid, a.usename::text as "user", host(a.client_addr) as host, a.application_name as application,
            a.backend_start as since
       from pg_locks l left join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'advisory' and l.granted and l.objsubid = 1
        and l.classid = $1::text::oid and l.objid = $2::text::oid
        and l.database = (select oid from pg_database where datname = current_database())`,
    [String(high), String(low)],
  );
  return holder;
}

/** "process 4711 (deploy@10.0.0.5, confiture, since 2025-10-12 10:30:00)" */
export function describeHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return "another session";
  const from = holder.host === null ? holder.user : `${holder.user ?? "?"}@${holder.host}`;
  const facts = [from, holder.application, holder.since === null ? null : `since ${holder.since.toISOString()}`];
  return `process ${holder.pid} (${facts.filter((fact) => fact !== null && fact !== "").join(", ")})`;
}

function lockHeld(holder: LockHolder | undefined, wait: number): ConfitureError {
  return new ConfitureError("lock_held", `Another runner is at work: the lock is held by ${describeHolder(holder)}`, {
    hint: `Waited ${wait / 1000} s. Run again when it has finished, or wait longer with --lock-wait. If that process is stuck: SELECT pg_terminate_backend(${holder?.pid ?? "PID"})`,
    data: { holder: holder ?? null },
  });
}
