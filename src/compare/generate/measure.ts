import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";

/** What a statement did to tables and views that were there before, by qualified names. */
export interface Effects {
  /** Written anew, row by row. */
  readonly rewrites: readonly string[];
  /** Read from beginning to end while writing waits. */
  readonly scans: readonly string[];
  /** Locked so that even reading waits. */
  readonly blocksReads: readonly string[];
  /** Locked so that writing waits, but not reading. */
  readonly blocksWrites: readonly string[];
}

export const NO_EFFECTS: Effects = { rewrites: [], scans: [], blocksReads: [], blocksWrites: [] };

/** Watches statements in a scratch database. */
export interface Meter {
  /**
   * Runs a statement in a transaction of its own.
   * @throws ConfitureError as `Database.execute`; the statement has done nothing then
   */
  run(sql: string): Promise<Effects>;
  /** As `run`, but it has done nothing afterwards. */
  tryOut(sql: string): Promise<Effects>;
}

/**
 * Measures instead of guessing, in a database without rows: locks and rewrites do not depend on them, and PostgreSQL
 * counts the scan of an empty table as it does that of a full one.
 */
export async function startMeter(database: Database): Promise<Meter> {
  // Only what is there now: locks on what a migration makes itself are in nobody's way.
  const relations = new Map<number, Relation>();
  for (const row of await database.query<Relation>(RELATIONS)) relations.set(row.oid, row);
  const runUntil = async (sql: string, end: "commit" | "rollback"): Promise<Effects> => {
    const known = [...relations.keys()];
    try {
      await database.execute("begin");
      const counts = known.length === 0 ? [] : await database.query<Count>(countsOf(known));
      await database.execute(sql);
      const locked = known.length === 0 ? [] : await database.query<Locked>(locksOf(known));
      await database.execute(end);
      return effectsOf(locked, counts, end === "rollback" ? new Map(relations) : relations);
    } catch (error) {
      await rollback(database);
      throw error;
    }
  };
  return { run: (sql) => runUntil(sql, "commit"), tryOut: (sql) => runUntil(sql, "rollback") };
}

/** A table, view or materialized view. */
interface Relation {
  readonly oid: number;
  readonly name: string;
  /** Another one holds its rows after a rewrite. */
  readonly file: number | null;
}

interface Count {
  readonly oid: number;
  readonly scans: number;
}

interface Locked extends Count {
  /** Null when the statement dropped it. */
  readonly name: string | null;
  readonly file: number | null;
  /** Whether reading has to wait as well. */
  readonly exclusive: boolean;
}

const RELATIONS = `
  select c.oid::pg_catalog.int8::pg_catalog.int4, n.nspname || '.' || c.relname as name,
         pg_catalog.pg_relation_filenode(c.oid)::pg_catalog.int8::pg_catalog.int4 as file
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** How often a table was read, also through its indexes. Counts may go on from transaction to transaction. */
function scansOf(table: string): string {
  return `(pg_catalog.pg_stat_get_xact_numscans(${table}) + coalesce((
    select pg_catalog.sum(pg_catalog.pg_stat_get_xact_numscans(i.indexrelid))
      from pg_catalog.pg_index i where i.indrelid = ${table}), 0))::pg_catalog.int4`;
}

function countsOf(oids: readonly number[]): string {
  return `
    select t.oid::pg_catalog.int8::pg_catalog.int4,
           ${scansOf("t.oid")} as scans
      from pg_catalog.unnest('{${oids.join(",")}}'::pg_catalog.oid[]) t (oid)`;
}

function locksOf(oids: readonly number[]): string {
  return `
    with locked as (
      select relation as oid, pg_catalog.bool_or(mode = 'AccessExclusiveLock') as exclusive
        from pg_catalog.pg_locks
       where pid = pg_catalog.pg_backend_pid() and locktype = 'relation'
         and mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
         and relation = any ('{${oids.join(",")}}'::pg_catalog.oid[])
       group by relation)
    select l.oid::pg_catalog.int8::pg_catalog.int4, n.nspname || '.' || c.relname as name, l.exclusive,
           pg_catalog.pg_relation_filenode(c.oid)::pg_catalog.int8::pg_catalog.int4 as file,
           ${scansOf("l.oid")} as scans
      from locked l
      left join pg_catalog.pg_class c on c.oid = l.oid
      left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     order by l.oid`;
}

function effectsOf(locked: readonly Locked[], counts: readonly Count[], relations: Map<number, Relation>): Effects {
  const effects = {
    rewrites: [] as string[],
    scans: [] as string[],
    blocksReads: [] as string[],
    blocksWrites: [] as string[],
  };
  const countedBefore = new Map(counts.map(({ oid, scans }) => [oid, scans]));
  for (const { oid, name, file, exclusive, scans } of locked) {
    const before = relations.get(oid);
    if (before === undefined) continue;
    (exclusive ? effects.blocksReads : effects.blocksWrites).push(before.name);
    if (name === null) {
      relations.delete(oid);
      continue;
    }
    if (file !== before.file) effects.rewrites.push(before.name);
    else if (scans > (countedBefore.get(oid) ?? 0)) effects.scans.push(before.name);
    // For the statements behind it, it may have another name and another file.
    relations.set(oid, { oid, name, file });
  }
  return effects;
}
