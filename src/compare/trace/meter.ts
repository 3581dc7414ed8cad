import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";
import {
  LOCK_MODES,
  type Lock,
  type LockMode,
  type Relation,
  type RelationKind,
  type RowChanges,
  type StatementFacts,
} from "./facts.ts";

/** What a statement, or several, did to relations: the lists are those of `StatementFacts`. */
export interface Measured extends Pick<
  StatementFacts,
  "locks" | "held" | "rewrites" | "rewritesIndexes" | "scans" | "buildsIndexes" | "drops" | "rows"
> {
  /** Tables that have lost a column. */
  readonly dropsColumns: readonly Relation[];
  /** Tables that it took a writer's lock of, and changed no row of: those that it looked for are not here. */
  readonly reaches: readonly Relation[];
  /** Functions that ran, or that may have run where PostgreSQL does not count them. */
  readonly runs: readonly Called[];
}

export interface Called {
  /** Schema and name. */
  readonly name: string;
  /** Whether there may be something in it that was not entered. */
  readonly hasBranches: boolean;
  /** Whether it may delete, change or drop something, by the words of its body. */
  readonly takes: boolean;
}

export interface ColumnType {
  readonly name: string;
  readonly type: string;
}

/** How a statement is watched. */
export interface Watching {
  /** Its text, which names the functions that it may run. */
  readonly text: string;
  /** Whether PostgreSQL plans how it reads rows: then an index that it reads is no scan of the table. */
  readonly isPlanned: boolean;
}

export const NOTHING_MEASURED: Measured = {
  locks: [],
  held: [],
  rewrites: [],
  rewritesIndexes: [],
  scans: [],
  buildsIndexes: [],
  drops: [],
  rows: [],
  dropsColumns: [],
  reaches: [],
  runs: [],
};

/**
 * Measures instead of guessing: PostgreSQL itself tells which locks a session has, in which files tables and indexes are,
 * and how often it began to read them. It counts the scan of an empty table as it does that of a full one.
 */
export class Meter {
  readonly #database: Database;
  /** By number (OID), as they were before the statement that is watched next. */
  #relations: ReadonlyMap<number, Known> = new Map();
  /** Those that somebody may be using. */
  #inUse = new Set<number>();
  /** Names of prepared statements, by their text. */
  readonly #prepared = new Map<string, string>();
  /** How many relations there were when they were planned. */
  #plannedFor = 0;
  /** Whether PostgreSQL counts calls of functions for this role, once it is set to. */
  countsCalls = false;

  private constructor(database: Database) {
    this.#database = database;
  }

  /**
   * @param without tables that are the tool's own, as `Relation.name`
   * @returns a meter to which everything else that is there now is in use
   */
  static async start(database: Database, without: ReadonlySet<string> = new Set()): Promise<Meter> {
    const meter = new Meter(database);
    await meter.refresh();
    const used = [...meter.#relations].filter(([, { name, table }]) => !without.has(table ?? name));
    meter.#inUse = new Set(used.map(([oid]) => oid));
    meter.countsCalls = await meter.#canCountCalls();
    return meter;
  }

  /** Only a superuser may, unless it was granted. */
  async #canCountCalls(): Promise<boolean> {
    try {
      await this.#database.execute(COUNT_CALLS);
      return true;
    } catch (error) {
      if (error instanceof ConfitureError && error.server?.sqlstate === INSUFFICIENT_PRIVILEGE) return false;
      throw error;
    }
  }

  /** Runs a query that is asked again and again: most of its time is PostgreSQL's for planning it. */
  async #look<Row extends object>(sql: string): Promise<Row[]> {
    if (this.#database.pooled) return await this.#database.query<Row>(sql);
    const { size } = this.#relations;
    // A catalogue that has grown calls for another plan.
    if (size > 2 * this.#plannedFor) {
      this.#prepared.clear();
      this.#plannedFor = Math.max(size, FEW);
    }
    let name = this.#prepared.get(sql);
    if (name === undefined) {
      name = `${PREPARED}${++prepared}`;
      await this.#database.execute(`prepare ${name} as ${sql}`);
      this.#prepared.set(sql, name);
    }
    return await this.#database.query<Row>(`execute ${name}`);
  }

  /** Looks at everything anew: after what was not watched. */
  async refresh(): Promise<void> {
    const rows = await this.#look<RelationRow>(`${RELATION} where ${IS_OWN}`);
    this.#relations = new Map(rows.map((row) => [row.oid, knownOf(row)]));
  }

  /** The relation of that name (as `Relation.name`), as it was at the last look. */
  find(name: string): Relation | undefined {
    for (const [oid, known] of this.#relations) if (known.name === name) return this.#shown(oid, known);
    return undefined;
  }

  /** The relation that a name in a statement stands for now. */
  async resolve(written: string): Promise<Relation | undefined> {
    const [row] = await this.#database.query<{ oid: number | null }>(
      "select pg_catalog.to_regclass($1)::pg_catalog.oid::pg_catalog.int8::pg_catalog.float8 as oid",
      [written],
    );
    const known = this.#relations.get(row?.oid ?? 0);
    return known && this.#shown(row?.oid ?? 0, known);
  }

  async isPartitioned(written: string): Promise<boolean> {
    const [row] = await this.#database.query<{ relkind: string }>(
      "select c.relkind::text as relkind from pg_catalog.pg_class c where c.oid operator(pg_catalog.=) pg_catalog.to_regclass($1)",
      [written],
    );
    return row?.relkind === "p";
  }

  /** The columns of a table with their types, as PostgreSQL writes them: "character varying(20)". */
  async typesOf(written: string): Promise<ColumnType[]> {
    return await this.#database.query<ColumnType>(
      `select a.attname as name, pg_catalog.format_type(a.atttypid, a.atttypmod) as type from pg_catalog.pg_attribute a
        where a.attrelid operator(pg_catalog.=) pg_catalog.to_regclass($1) and a.attnum > 0 and not a.attisdropped`,
      [written],
    );
  }

  /** Tables whose rows go or change with rows of this one, by foreign keys: "deletes rows of public.posts (ON DELETE CASCADE)". */
  async followers(written: string): Promise<string[]> {
    const rows = await this.#database.query<{ name: string; action: "c" | "n" | "d" }>(FOLLOWERS, [written]);
    return rows
      .filter(({ name }) => this.find(name)?.isNew === false)
      .map(({ name, action }) =>
        action === "c"
          ? `deletes rows of ${name} (ON DELETE CASCADE)`
          : `updates rows of ${name} (ON DELETE SET ${action === "n" ? "NULL" : "DEFAULT"})`,
      );
  }

  /** Whether somebody may be using anything. */
  get hasInUse(): boolean {
    return this.#inUse.size > 0;
  }

  /** Everything that is there, in an order of its own: "table public.users". */
  all(): string[] {
    return [...this.#relations.values()].map(({ kind, name }) => `${kind} ${name}`).toSorted();
  }

  /** Every table, partitioned ones and partitions among them. */
  tables(): string[] {
    return [...this.#relations.values()].flatMap(({ kind, name }) => (kind === "table" ? [name] : []));
  }

  /** Every index of a table. */
  indexesOf(table: string): Relation[] {
    return [...this.#relations].flatMap(([oid, known]) => (known.table === table ? [this.#shown(oid, known)] : []));
  }

  /**
   * Runs statements in a transaction of their own.
   * @param end what becomes of what they did
   * @throws ConfitureError as `Database.execute`; they have done nothing then
   */
  async runAlone(sql: string, end: "commit" | "rollback"): Promise<Measured> {
    const before = this.#relations;
    try {
      await this.#database.execute("begin");
      const measured = await this.watch(() => this.#database.execute(sql));
      await this.#database.execute(end);
      if (end === "rollback") this.#relations = before;
      return measured;
    } catch (error) {
      this.#relations = before;
      await rollback(this.#database);
      throw error;
    }
  }

  /**
   * Watches statements inside the transaction that is open. Locks that this transaction had before, in the same mode, are among `held`
   * and not among `locks`: PostgreSQL does not count how often one was asked for.
   * @throws whatever `work` throws; the caller then rolls back what was watched
   */
  async watch(work: () => Promise<void>, watching: Watching = UTILITY): Promise<Measured> {
    const { isPlanned, text } = watching;
    const [before] = await this.#look<Before>(isPlanned ? `${BEFORE}, ${BY_INDEX}` : BEFORE);
    await work();
    if (FORGETS.test(text)) this.#prepared.clear();
    const [after] = await this.#look<After>(isPlanned ? `${AFTER}, ${AS_ALWAYS}` : AFTER);
    return { ...this.#compare(before!, after!.relations, watching), runs: this.#called(before!, after!, watching) };
  }

  #called(before: Before, after: After, { text }: Watching): Called[] {
    const counts = new Map(before.calls);
    return (
      after.functions
        .filter(({ oid, calls, bare, isCounted }) =>
          isCounted ? calls > (counts.get(oid) ?? 0) : text.toLowerCase().includes(bare.toLowerCase()),
        )
        // Triggers wake for applications as well: only what they may take away counts.
        .map(({ name, hasBranches, takes, isTrigger }) => ({
          name,
          hasBranches: hasBranches && (takes || !isTrigger),
          takes,
        }))
    );
  }

  /**
   * What has changed since the last look, and is kept already: for statements that one connection cannot watch.
   * Locks and scans are not among it.
   */
  async lookAgain(): Promise<Pick<Measured, "rewrites" | "rewritesIndexes" | "buildsIndexes" | "drops">> {
    const before = this.#relations;
    await this.refresh();
    const rewritten = new Set<string>();
    const lists = { rewrites: [], rewritesIndexes: [], buildsIndexes: [], drops: [] } as Lists;
    for (const [oid, known] of this.#relations) {
      const old = before.get(oid);
      if (old === undefined && known.kind === "index") lists.buildsIndexes.push(this.#shown(oid, known));
      if (old === undefined || old.file === known.file || known.kind === "index" || known.file === null) continue;
      lists.rewrites.push(this.#shown(oid, old));
      rewritten.add(known.name);
    }
    for (const [oid, old] of before) {
      const known = this.#relations.get(oid);
      if (known === undefined) lists.drops.push(this.#shown(oid, old));
      else if (old.kind === "index" && known.file !== old.file && !rewritten.has(known.table ?? "")) {
        lists.rewritesIndexes.push(this.#shown(oid, old));
      }
    }
    return lists;
  }

  #compare(before: Before, rows: readonly AfterRelation[], { text, isPlanned }: Watching): Omit<Measured, "runs"> {
    const countsBefore = new Map(before.counts.map(([oid, ...counts]) => [oid, counts]));
    const heldBefore = new Set(before.locks);
    const next = new Map(this.#relations);
    const lists = { rewrites: [], rewritesIndexes: [], buildsIndexes: [], drops: [], scans: [] } as Lists & {
      scans: Relation[];
    };
    const changes: RowChanges[] = [];
    let inserts = false;
    const dropsColumns: Relation[] = [];
    const reached = new Map<string, { readonly relation: Relation; readonly isAdded: boolean }>();
    const locks: Lock[] = [];
    const held: Lock[] = [];
    const rewritten = new Set<string>();
    const read = new Map<string, "whole" | "index">();
    const lockedTables = new Map<string, Relation>();
    for (const row of rows) {
      const old = this.#relations.get(row.oid);
      const now = row.name === null ? undefined : knownOf(row as RelationRow);
      const known = old ?? now;
      // Of PostgreSQL's own, temporary, or made and dropped in between.
      if (known === undefined || (now === undefined && old === undefined) || (now !== undefined && !row.own)) continue;
      const relation = this.#shown(row.oid, known);
      const modes = row.modes.map((mode) => MODES.get(mode)).filter((mode) => mode !== undefined);
      const added = row.modes.filter((mode) => !heldBefore.has(`${row.oid} ${mode}`));
      const strongest = strongestOf(modes);
      const strongestAdded = strongestOf(added.map((mode) => MODES.get(mode)).filter((mode) => mode !== undefined));
      if (strongest !== undefined) held.push({ ...relation, mode: strongest });
      if (strongestAdded !== undefined) locks.push({ ...relation, mode: strongestAdded });
      if (now === undefined) {
        next.delete(row.oid);
        lists.drops.push(relation);
        continue;
      }
      next.set(row.oid, now);
      if (old === undefined && now.kind === "index") lists.buildsIndexes.push(relation);
      if (old !== undefined && old.file !== now.file && now.file !== null && now.kind !== "index") {
        if (now.kind !== "sequence") lists.rewrites.push(relation);
        rewritten.add(now.name);
      }
      if (old !== undefined && now.dropped > old.dropped) dropsColumns.push(relation);
      const [scans = 0, updated = 0, deleted = 0, inserted = 0] = countsBefore.get(row.oid) ?? [];
      if (now.kind === "table" || now.kind === "materialized view" || now.kind === "foreign table") {
        changes.push({
          ...relation,
          updated: row.updated - updated,
          deleted: row.deleted - deleted,
          locked: row.modes.includes(ROW_SHARE) && (added.includes(ROW_SHARE) || LOCKS_ROWS.test(text)),
        });
        inserts ||= row.inserted > inserted;
        const isUntouched = row.updated <= updated && row.deleted <= deleted && row.inserted <= inserted;
        if (isUntouched && row.modes.includes(ROW_EXCLUSIVE))
          reached.set(now.name, { relation, isAdded: added.includes(ROW_EXCLUSIVE) });
      }
      if (now.kind !== "index") lockedTables.set(now.name, relation);
      if (row.scans <= scans) continue;
      if (now.kind !== "index") read.set(now.name, "whole");
      // A look-up of single rows, unless it goes with a lock.
      else if (!read.has(now.table ?? "")) read.set(now.table ?? "", "index");
    }
    for (const row of rows) {
      const old = this.#relations.get(row.oid);
      const now = next.get(row.oid);
      if (old?.kind !== "index" || now === undefined || now.file === old.file) continue;
      if (!rewritten.has(now.table ?? "")) lists.rewritesIndexes.push(this.#shown(row.oid, old));
    }
    for (const [name, how] of read) {
      const relation = lockedTables.get(name);
      if (relation === undefined || rewritten.has(name)) continue;
      // A query holds no such lock by itself; code that it runs may have just taken one.
      const locked = isPlanned ? locks : held;
      if (how === "whole" || locked.some((lock) => lock.name === relation.name)) lists.scans.push(relation);
    }
    this.#takeRemade(lists, next);
    this.#relations = next;
    // Whoever made the rule that an INSERT wakes has the lock already.
    const isInsert = /^\s*insert\b/i.test(text);
    const reaches = [...reached].flatMap(([name, { relation, isAdded }]) =>
      isAdded || (isInsert && read.has(name)) ? [relation] : [],
    );
    return {
      ...lists,
      locks: inOrder(locks),
      held: inOrder(held),
      rows: changedRows(changes, inserts, text),
      dropsColumns,
      reaches,
    };
  }

  /**
   * A change of a type makes indexes anew, under their names. They are built anew as well, unless the new one takes the file of the
   * old one over.
   */
  #takeRemade(lists: Lists, next: ReadonlyMap<number, Known>): void {
    const made = new Map<string, number>();
    for (const [oid, { name, kind }] of next) if (kind === "index" && !this.#relations.has(oid)) made.set(name, oid);
    for (const [oid, old] of this.#relations) {
      const other = made.get(old.name);
      if (other === undefined || next.has(oid)) continue;
      if (this.#inUse.has(oid)) this.#inUse.add(other);
      lists.drops = lists.drops.filter(({ name }) => name !== old.name);
      lists.buildsIndexes = lists.buildsIndexes.filter(({ name }) => name !== old.name);
      const isRebuilt = next.get(other)?.file !== old.file;
      const isOfRewritten = lists.rewrites.some(({ name }) => name === old.table);
      if (isRebuilt && !isOfRewritten) lists.rewritesIndexes.push(this.#shown(oid, old));
    }
  }

  #shown(oid: number, { name, kind, table, ancestors }: Known): Relation {
    const more = { ...(table === null ? {} : { table }), ...(ancestors === null ? {} : { partitionOf: ancestors }) };
    return { name, kind, ...more, isNew: !this.#inUse.has(oid) };
  }
}

type Lists = Record<"rewrites" | "rewritesIndexes" | "buildsIndexes" | "drops", Relation[]>;

/** A relation as PostgreSQL has it. */
interface Known {
  readonly name: string;
  readonly kind: RelationKind;
  readonly table: string | null;
  /** Another one holds its rows after a rewrite; null or 0 where there are none to hold. */
  readonly file: number | null;
  /** How many of its columns are dropped. */
  readonly dropped: number;
  readonly ancestors: readonly string[] | null;
}

interface RelationRow {
  readonly oid: number;
  readonly name: string;
  readonly relkind: string;
  readonly table: string | null;
  readonly file: number | null;
  readonly dropped: number;
  readonly ancestors: readonly string[] | null;
}

interface Before {
  readonly counts: readonly (readonly [
    oid: number,
    scans: number,
    updated: number,
    deleted: number,
    inserted: number,
  ])[];
  /** "16384 ShareLock" */
  readonly locks: readonly string[];
  readonly calls: readonly (readonly [oid: number, calls: number])[];
}

interface After {
  readonly relations: readonly AfterRelation[];
  readonly functions: readonly {
    readonly oid: number;
    readonly calls: number;
    readonly name: string;
    /** Without its schema. */
    readonly bare: string;
    readonly hasBranches: boolean;
    readonly takes: boolean;
    readonly isTrigger: boolean;
    readonly isCounted: boolean;
  }[];
}

interface AfterRelation extends Omit<RelationRow, "name"> {
  /** Null when it was dropped. */
  readonly name: string | null;
  readonly own: boolean;
  readonly modes: readonly string[];
  readonly scans: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** Of a statement that reads rows in the one way it has. */
const UTILITY: Watching = { text: "", isPlanned: false };

/** What the names of prepared statements begin with: those that are kept between migrations (`deallocateOthers`). */
const PREPARED = "confiture_watch_";

/** Two meters may follow each other in one session. */
let prepared = 0;

/** So many relations make no difference to a plan. */
const FEW = 50;

/** What gives up prepared statements, those of others among them. */
const FORGETS = /\b(?:deallocate|discard)\b/i;

/** Set again by whoever sets a session back to how it began. */
export const COUNT_CALLS = "set track_functions = 'all'";

const INSUFFICIENT_PRIVILEGE = "42501";

const ROW_SHARE = "RowShareLock";
const ROW_EXCLUSIVE = "RowExclusiveLock";

const LOCKS_ROWS = /\bfor\s+(?:no\s+key\s+)?(?:update|(?:key\s+)?share)\b/i;

/**
 * Rows that a foreign key looks up are locked as well, which is in the way of those who delete them alone: whoever writes rows
 * knows.
 */
function changedRows(changes: readonly RowChanges[], inserts: boolean, text: string): RowChanges[] {
  const isChanged = ({ updated, deleted }: RowChanges): boolean => updated + deleted > 0;
  const mayLock = LOCKS_ROWS.test(text) || !(inserts || changes.some(isChanged));
  return changes
    .map((change) => (change.locked && !mayLock ? { ...change, locked: false } : change))
    .filter((change) => isChanged(change) || change.locked);
}

const KINDS: Readonly<Record<string, RelationKind>> = {
  r: "table",
  p: "table",
  i: "index",
  I: "index",
  v: "view",
  m: "materialized view",
  f: "foreign table",
  S: "sequence",
};

const MODES: ReadonlyMap<string, LockMode> = new Map([
  ["ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"],
  ["ShareLock", "SHARE"],
  ["ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"],
  ["ExclusiveLock", "EXCLUSIVE"],
  ["AccessExclusiveLock", "ACCESS EXCLUSIVE"],
]);

function knownOf({ name, relkind, table, file, dropped, ancestors }: RelationRow): Known {
  return { name, kind: KINDS[relkind] ?? "table", table, file, dropped, ancestors };
}

function strongestOf(modes: readonly LockMode[]): LockMode | undefined {
  return LOCK_MODES.findLast((mode) => modes.includes(mode));
}

/** The strongest first, tables before their indexes, the older before the newer. */
function inOrder(locks: readonly Lock[]): Lock[] {
  const rank = ({ mode, kind }: Lock): number => LOCK_MODES.indexOf(mode) * 2 + (kind === "index" ? 0 : 1);
  return locks.toSorted((a, b) => rank(b) - rank(a));
}

const NAME_OF = (n: string, c: string): string =>
  `pg_catalog.quote_ident(${n}.nspname) || '.' || pg_catalog.quote_ident(${c}.relname)`;

const COLUMNS = `c.oid::pg_catalog.int8::pg_catalog.float8 as oid, ${NAME_OF("n", "c")} as name, c.relkind::text,
         (select ${NAME_OF("tn", "t")} from pg_catalog.pg_index i
            join pg_catalog.pg_class t on t.oid = i.indrelid join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
           where i.indexrelid = c.oid) as "table",
         pg_catalog.pg_relation_filenode(c.oid)::pg_catalog.int8::pg_catalog.float8 as file,
         (select pg_catalog.count(*)::pg_catalog.int4 from pg_catalog.pg_attribute a
           where a.attrelid = c.oid and a.attisdropped and c.relkind in ('r', 'p')) as dropped,
         case when c.relkind in ('r', 'p', 'f') then
           (select pg_catalog.json_agg(${NAME_OF("pn", "p")})
              from (select a.relid from pg_catalog.pg_partition_ancestors(c.oid) a
                     where c.relispartition and a.relid <> c.oid
                    union select h.inhparent from pg_catalog.pg_inherits h where h.inhrelid = c.oid) above
              join pg_catalog.pg_class p on p.oid = above.relid join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace) end as ancestors`;

/** Neither PostgreSQL's own nor temporary. */
const IS_OWN = `c.relkind in ('r', 'p', 'i', 'I', 'v', 'm', 'f', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

const RELATION = `
  select ${COLUMNS}
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace`;

/** In SQL or a procedural language, and not what PostgreSQL itself brings. */
const FUNCTIONS = `from pg_catalog.pg_proc p
           join pg_catalog.pg_language l on l.oid = p.prolang and (l.lanispl or l.lanname = 'sql')
           join pg_catalog.pg_namespace n on n.oid = p.pronamespace
          where p.oid >= 16384`;

/** SQL has no branches. */
const HAS_BRANCHES = String.raw`l.lanispl and p.prosrc operator(pg_catalog.~*) '\m(if|case|loop|for|while|foreach|exception|execute)\M'`;

const TAKES = String.raw`coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) operator(pg_catalog.~*)
             '\m(delete\s+from|truncate|drop|merge\s+into|execute|update\s+(only\s+)?\S+\s+(as\s+)?(\S+\s+)?set)\M'`;

const IS_TRIGGER =
  "p.prorettype in ('pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype)";

/** Only what is deleted takes others along in turn. */
const FOLLOWERS = `
  with recursive follows (oid, action) as (
    select conrelid, confdeltype from pg_catalog.pg_constraint
     where contype = 'f' and confdeltype in ('c', 'n', 'd') and confrelid operator(pg_catalog.=) pg_catalog.to_regclass($1)
    union
    select k.conrelid, k.confdeltype from follows f join pg_catalog.pg_constraint k
        on k.contype = 'f' and k.confdeltype in ('c', 'n', 'd') and k.confrelid = f.oid
     where f.action = 'c')
  select distinct ${NAME_OF("n", "c")} as name, f.action::text as action
    from follows f join pg_catalog.pg_class c on c.oid = f.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where not c.relispartition
   order by 1`;

/** In tables of a few rows, no index would be used. */
const BY_INDEX = "pg_catalog.set_config('enable_seqscan', 'off', true)";
const AS_ALWAYS = "pg_catalog.set_config('enable_seqscan', 'on', true)";

const CALLS = "coalesce(pg_catalog.pg_stat_get_xact_function_calls(p.oid), 0)";

/** For this role, see COUNT_CALLS. */
const IS_UNCOUNTED = "(pg_catalog.current_setting('track_functions') = 'none')";

const changesOf = (oid: string): readonly string[] =>
  ["updated", "deleted", "inserted"].map((what) => `pg_catalog.pg_stat_get_xact_tuples_${what}(${oid})`);

/** Counts may go on from transaction to transaction. */
const BEFORE = `
  select coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(oid::pg_catalog.int8, pg_catalog.pg_stat_get_xact_numscans(oid), ${changesOf("oid").join(", ")}))
           from pg_catalog.pg_class
          where relkind in ('r', 'p', 'm', 'i') and oid >= 16384
            and (pg_catalog.pg_stat_get_xact_numscans(oid) > 0 or ${changesOf("oid").join(" + ")} > 0)), '[]') as counts,
         coalesce((select pg_catalog.json_agg(relation::pg_catalog.int8 || ' ' || mode) from pg_catalog.pg_locks
          where pid = pg_catalog.pg_backend_pid() and locktype = 'relation' and granted), '[]') as locks,
         coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(p.oid::pg_catalog.int8, ${CALLS}))
           ${FUNCTIONS} and ${CALLS} > 0), '[]') as calls`;

const AFTER_RELATIONS = `
  select l.oid::pg_catalog.int8 as oid, c.name, c.relkind, c."table", c.file, c.dropped, c.ancestors, c.own, l.modes,
         coalesce(pg_catalog.pg_stat_get_xact_numscans(l.oid), 0) as scans,
         ${changesOf("l.oid")
           .map((count, at) => `coalesce(${count}, 0) as ${["updated", "deleted", "inserted"][at]}`)
           .join(", ")}
    from (select relation as oid, pg_catalog.json_agg(mode) as modes from pg_catalog.pg_locks
           where pid = pg_catalog.pg_backend_pid() and locktype = 'relation' and granted and relation >= 16384
           group by relation) l
    left join lateral (select ${COLUMNS}, ${IS_OWN} as own
                 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where c.oid = l.oid) c on true
   order by l.oid`;

const AFTER = `
  select coalesce((select pg_catalog.json_agg(r) from (${AFTER_RELATIONS}) r), '[]') as relations,
         coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('oid', p.oid::pg_catalog.int8, 'calls', ${CALLS},
             'name', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname), 'bare', p.proname,
             'isCounted', not ${IS_UNCOUNTED}, 'hasBranches', ${HAS_BRANCHES}, 'takes', ${TAKES}, 'isTrigger', ${IS_TRIGGER}))
           ${FUNCTIONS} and (${CALLS} > 0 or ${IS_UNCOUNTED})), '[]') as functions`;
