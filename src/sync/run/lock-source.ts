import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteQualified, reportedName } from "#sql/quote.ts";
import { readingFailed } from "./reading-failed.ts";
import { isOfUsers } from "./schemas-of-users.ts";

/** The SQLSTATE of a lock that was not to be had within lock_timeout. */
export const LOCK_NOT_AVAILABLE = "55P03";

const LOCKED_AT_ONCE = 500;

/**
 * Locks come before the first look: what is locked cannot be changed any more, and then the moment is taken.
 * Partitions come with their parents.
 * @param begin opens the transaction that holds the locks
 * @param lockTimeout milliseconds to wait for tables that somebody has locked
 * @throws ConfitureError `sync_source_failed` with the tables that are locked, and by whom
 */
export async function lockTables(holder: Database, begin: string, lockTimeout: number): Promise<void> {
  const rows = await holder.query<{ schema: string; name: string }>(
    `select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
      where c.relkind operator(pg_catalog.=) any ('{r,p}') and c.relpersistence operator(pg_catalog.<>) 't'
        and ${isOfUsers("n")}
        and pg_catalog.has_table_privilege(c.oid, 'select')
      order by c.oid`,
  );
  await holder.execute(`${begin}; set local lock_timeout = ${Math.ceil(lockTimeout)}`);
  for (let i = 0; i < rows.length; i += LOCKED_AT_ONCE) {
    const names = rows.slice(i, i + LOCKED_AT_ONCE).map(({ schema, name }) => quoteQualified(schema, name));
    try {
      await holder.execute(`lock table only ${names.join(", only ")} in access share mode`);
    } catch (error) {
      throw await namingHolders(holder, error);
    }
  }
  await holder.execute("set local lock_timeout = 0");
}

/** A session of the server, for people: "4711 (role app)". */
export function shownProcess({ pid, role }: { readonly pid: number; readonly role: string | null }): string {
  return role === null ? `${pid}` : `${pid} (role ${role})`;
}

/** The error, with the tables that others have for themselves alone. */
async function namingHolders(holder: Database, error: unknown): Promise<unknown> {
  if (!(error instanceof ConfitureError) || error.server?.sqlstate !== LOCK_NOT_AVAILABLE) return error;
  await holder.execute("rollback");
  const locks = await holder.query<{ schema: string; name: string; pid: number; role: string | null }>(
    `select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name, l.pid, a.usename::pg_catalog.text as role
       from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) l.relation
       join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
       left join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) l.pid
      where l.granted and l.mode operator(pg_catalog.=) 'AccessExclusiveLock' and c.relkind operator(pg_catalog.=) any ('{r,p}')
        and l.database operator(pg_catalog.=) (select d.oid from pg_catalog.pg_database d where d.datname operator(pg_catalog.=) pg_catalog.current_database())
        and ${isOfUsers("n")}
      order by 1, 2, 3`,
  );
  const [first] = locks;
  if (first === undefined) return error;
  const failed = readingFailed(error, reportedName(first.schema, first.name)) as ConfitureError;
  const holders = locks.map((lock) => `${reportedName(lock.schema, lock.name)} by process ${shownProcess(lock)}`);
  return failed.with({ hint: `Locked: ${holders.join(", ")}. ${failed.hint ?? ""}` });
}
