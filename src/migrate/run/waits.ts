import { setTimeout as sleep } from "node:timers/promises";
import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";

/** What the runner's statement waits for: one other session and what it is at. */
export interface Wait {
  readonly pid: number;
  readonly user: string | null;
  readonly application: string | null;
  /** "idle in transaction" */
  readonly state: string | null;
  /** Its statement, or its last one; null where this role may not see it. */
  readonly query: string | null;
  /** "AccessExclusiveLock" */
  readonly mode: string | null;
  /** The relation, "public.users", or else the kind of thing: "transactionid". */
  readonly on: string | null;
}

/** How far a statement is, where PostgreSQL says so: building an index, COPY. */
export interface StatementProgress {
  /** "CREATE INDEX CONCURRENTLY: building index: scanning table" */
  readonly what: string;
  /** From 0 to 1. */
  readonly share: number | null;
  /** Rows done so far. */
  readonly rows: number | null;
}

/** Milliseconds of work before anybody looks, and between two looks: below PostgreSQL's usual lock_timeout here. */
const FIRST_LOOK = 3000;
const NEXT_LOOK = 1000;

export interface WatchOptions {
  readonly target: Target;
  /** The session that does the work. */
  readonly pid: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once for each session that is waited for. */
  readonly onWait: (wait: Wait) => void;
  /** Called at every look that finds something else than the one before. */
  readonly onProgress: (progress: StatementProgress) => void;
}

/**
 * Does the work, and looks from a second session what it waits for while it takes long. The second session is opened only then. It is
 * there to tell, so that nothing becomes of it where it cannot be opened or is not allowed to see.
 */
export async function watchingWaits<T>(options: WatchOptions, work: () => Promise<T>): Promise<T> {
  const ended = new AbortController();
  const watched = watch(options, ended.signal).catch(() => undefined);
  try {
    return await work();
  } finally {
    ended.abort();
    await watched;
  }
}

async function watch({ target, pid, signal, onWait, onProgress }: WatchOptions, ended: AbortSignal): Promise<void> {
  const until = signal === undefined ? ended : AbortSignal.any([ended, signal]);
  await sleep(FIRST_LOOK, undefined, { signal: until, ref: false });
  await withDatabase(target, { signal: until }, async (database) => {
    const told = new Set<string>();
    let last = "";
    for (;;) {
      for (const wait of await readWaits(database, pid)) {
        const name = `${wait.pid} ${wait.on} ${wait.query}`;
        if (!told.has(name) && !ended.aborted) onWait(wait);
        told.add(name);
      }
      const progress = await readProgress(database, pid);
      const state = JSON.stringify(progress);
      if (progress !== undefined && state !== last && !ended.aborted) onProgress(progress);
      last = state;
      await sleep(NEXT_LOOK, undefined, { signal: until, ref: false });
    }
  });
}

/** The sessions that stand in the way of another one (pg_blocking_pids), and what they do. */
async function readWaits(database: Database, pid: number): Promise<readonly Wait[]> {
  return await queryCatalogue<Wait>(
    database,
    `select blocking.pid, a.usename::text as "user", a.application_name as application, a.state, a.query,
            wanted.mode, wanted."on"
       from unnest(pg_blocking_pids($1::text::int)) as blocking(pid)
       left join lateral (select w.mode, coalesce(w.relation::regclass::text, w.locktype) as "on"
                            from pg_locks w where w.pid = $1::text::int and not w.granted limit 1) as wanted on true
       left join pg_stat_activity a on a.pid = blocking.pid
      order by blocking.pid`,
    [String(pid)],
  );
}

async function readProgress(database: Database, pid: number): Promise<StatementProgress | undefined> {
  const [progress] = await queryCatalogue<StatementProgress>(
    database,
    `select command || ': ' || phase as what,
            case when blocks_total > 0 then blocks_done::float8 / blocks_total
                 when tuples_total > 0 then tuples_done::float8 / tuples_total end as share,
            null::float8 as rows
       from pg_stat_progress_create_index where pid = $1::text::int
     union all
     select command, case when bytes_total > 0 then bytes_processed::float8 / bytes_total end, tuples_processed::float8
       from pg_stat_progress_copy where pid = $1::text::int`,
    [String(pid)],
  );
  return progress;
}

/** "CREATE INDEX: building index: scanning table, 45%", "COPY FROM, 1,200,000 rows" */
export function describeProgress({ what, share, rows }: StatementProgress): string {
  const percent = share === null ? [] : [`${Math.floor(Math.min(share, 1) * 100)}%`];
  const counted = rows === null ? [] : [`${rows.toLocaleString("en-US")} rows`];
  return [what, ...percent, ...counted].join(", ");
}

/** "AccessExclusiveLock on public.users, behind process 4711 (deploy, psql; idle in transaction): SELECT ..." */
export function describeWait({ pid, user, application, state, query, mode, on }: Wait): string {
  const wanted = mode === null || on === null ? "a lock" : `${mode} on ${on}`;
  const who = [user, application].filter((fact) => fact !== null && fact !== "").join(", ");
  const facts = [who, state].filter((fact) => fact !== null && fact !== "").join("; ");
  const statement = query === null ? "" : query.replaceAll(/\s+/g, " ").trim();
  const shown = statement.length > LONGEST ? `${statement.slice(0, LONGEST)}...` : statement;
  return `${wanted}, behind process ${pid}${facts === "" ? "" : ` (${facts})`}${shown === "" ? "" : `: ${shown}`}`;
}
const LONGEST = 200;
