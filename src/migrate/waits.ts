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

async function watch({ target, pid, signal, onWait }: WatchOptions, ended: AbortSignal): Promise<void> {
  const until = signal === undefined ? ended : AbortSignal.any([ended, signal]);
  await sleep(FIRST_LOOK, undefined, { signal: until, ref: false });
  await withDatabase(target, { signal: until }, async (database) => {
    const told = new Set<string>();
    for (;;) {
      for (const wait of await readWaits(database, pid)) {
        const name = `${wait.pid} ${wait.on} ${wait.query}`;
        if (!told.has(name) && !ended.aborted) onWait(wait);
        told.add(name);
      }
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
