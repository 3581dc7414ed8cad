import { LOCK_MODES, type Lock, type LockMode, type Relation, type RelationKind, type RowChanges } from "./facts.ts";
import type { Measured, Watching } from "./measured.ts";
import type { AfterRelation, Before, RelationRow } from "./watch-queries.ts";

/** What a statement did to relations, as far as two looks at them tell. */
type Compared = Omit<Measured, "runs" | "gone" | "setsBack" | "sets" | "writes">;

/** Tables, views, indexes and sequences as they were at the last look, and which of them somebody may be using. */
export class Relations {
  /** By number (OID). */
  #known: ReadonlyMap<number, Known> = new Map();
  #inUse: ReadonlySet<number> = new Set();
  /** What was dropped: its locks are held to the end of the transaction all the same. */
  readonly #gone = new Map<number, Known>();

  get size(): number {
    return this.#known.size;
  }

  /** Everything there is now. */
  look(rows: readonly RelationRow[]): void {
    this.#known = new Map(rows.map((row) => [row.oid, knownOf(row)]));
  }

  /**
   * What is there now is in use.
   * @param without tables that are the tool's own, as `Relation.name`
   */
  takeIntoUse(without: ReadonlySet<string>): void {
    const used = [...this.#known].filter(([, { name, table }]) => !without.has(table ?? name));
    this.#inUse = new Set(used.map(([oid]) => oid));
  }

  /** What is there now, and was not then, is in use as well. */
  addToUse(then: ReadonlyMap<number, Known>): void {
    this.#inUse = new Set([...this.#inUse, ...[...this.#known.keys()].filter((oid) => !then.has(oid))]);
  }

  get hasInUse(): boolean {
    return this.#inUse.size > 0;
  }

  /** For `goBack`, when what came after it was taken back. */
  get now(): ReadonlyMap<number, Known> {
    return this.#known;
  }

  goBack(then: ReadonlyMap<number, Known>): void {
    this.#known = then;
  }

  /** By its name, as `Relation.name`. */
  find(name: string): Relation | undefined {
    for (const [oid, known] of this.#known) if (known.name === name) return this.#shown(oid, known);
    return undefined;
  }

  get(oid: number): Relation | undefined {
    const known = this.#known.get(oid);
    return known && this.#shown(oid, known);
  }

  all(): Relation[] {
    return [...this.#known].map(([oid, known]) => this.#shown(oid, known));
  }

  /** What has changed since an earlier look, and is kept already. */
  since(
    before: ReadonlyMap<number, Known>,
  ): Pick<Measured, "rewrites" | "rewritesIndexes" | "buildsIndexes" | "drops"> {
    const rewritten = new Set<string>();
    const lists = { rewrites: [], rewritesIndexes: [], buildsIndexes: [], drops: [] } as Lists;
    for (const [oid, known] of this.#known) {
      const old = before.get(oid);
      if (old === undefined && known.kind === "index") lists.buildsIndexes.push(this.#shown(oid, known));
      if (old === undefined || old.file === known.file || known.kind === "index" || known.file === null) continue;
      lists.rewrites.push(this.#shown(oid, old));
      rewritten.add(known.name);
    }
    for (const [oid, old] of before) {
      const known = this.#known.get(oid);
      if (known === undefined) lists.drops.push(this.#shown(oid, old));
      else if (old.kind === "index" && known.file !== old.file && !rewritten.has(known.table ?? "")) {
        lists.rewritesIndexes.push(this.#shown(oid, old));
      }
    }
    return lists;
  }

  /** What a statement did, by what there was before it and the relations that it has locked. */
  compare(before: Before, rows: readonly AfterRelation[], { text, isPlanned }: Watching): Compared {
    const countsBefore = new Map(before.counts.map(([oid, ...counts]) => [oid, counts]));
    const heldBefore = new Set(before.locks);
    const next = new Map(this.#known);
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
      const old = this.#known.get(row.oid);
      const now = row.name === null ? undefined : knownOf(row as RelationRow);
      const known = old ?? now ?? this.#gone.get(row.oid);
      // Of PostgreSQL's own, temporary, or made and dropped in between.
      if (known === undefined || (now !== undefined && !row.own)) continue;
      const relation = this.#shown(row.oid, known);
      const modes = row.modes.map((mode) => MODES.get(mode)).filter((mode) => mode !== undefined);
      const added = row.modes.filter((mode) => !heldBefore.has(`${row.oid} ${mode}`));
      const strongest = strongestOf(modes);
      const strongestAdded = strongestOf(added.map((mode) => MODES.get(mode)).filter((mode) => mode !== undefined));
      if (strongest !== undefined) held.push({ ...relation, mode: strongest });
      if (strongestAdded !== undefined) locks.push({ ...relation, mode: strongestAdded });
      if (now === undefined) {
        if (old === undefined) continue;
        this.#gone.set(row.oid, old);
        next.delete(row.oid);
        lists.drops.push(relation);
        continue;
      }
      next.set(row.oid, now);
      if (old === undefined && now.kind === "index") lists.buildsIndexes.push(relation);
      if (old !== undefined && old.file !== now.file && now.file !== null && now.kind !== "index") {
        if (now.kind !== "sequence" && !EMPTIES.test(text)) lists.rewrites.push(relation);
        rewritten.add(now.name);
      }
      if (old !== undefined && now.dropped > old.dropped) dropsColumns.push(relation);
      const [scans = 0, updated = 0, deleted = 0, inserted = 0] = countsBefore.get(row.oid) ?? [];
      if (now.kind === "table" || now.kind === "materialized view" || now.kind === "foreign table") {
        changes.push({
          ...relation,
          updated: row.updated - updated,
          deleted: row.deleted - deleted,
          // Of a foreign key that ALTER TABLE adds or validates, PostgreSQL reads both tables and locks no row.
          locked: row.modes.includes(ROW_SHARE) && ((isPlanned && added.includes(ROW_SHARE)) || LOCKS_ROWS.test(text)),
        });
        inserts ||= row.inserted > inserted;
        const isUntouched = row.updated <= updated && row.deleted <= deleted && row.inserted <= inserted;
        if (isUntouched && row.modes.includes(ROW_EXCLUSIVE))
          reached.set(now.name, { relation, isAdded: added.includes(ROW_EXCLUSIVE) });
      }
      if (now.kind !== "index") lockedTables.set(now.name, relation);
      if (row.scans <= scans) continue;
      // A sequence is one row, which every look at it reads.
      if (now.kind === "sequence") continue;
      if (now.kind !== "index") read.set(now.name, "whole");
      // A look-up of single rows, unless it goes with a lock.
      else if (!read.has(now.table ?? "")) read.set(now.table ?? "", "index");
    }
    for (const row of rows) {
      const old = this.#known.get(row.oid);
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
    this.#known = next;
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
    for (const [oid, { name, kind }] of next) if (kind === "index" && !this.#known.has(oid)) made.set(name, oid);
    for (const [oid, old] of this.#known) {
      const other = made.get(old.name);
      if (other === undefined || next.has(oid)) continue;
      if (this.#inUse.has(oid)) this.#inUse = new Set([...this.#inUse, other]);
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
export interface Known {
  readonly name: string;
  readonly kind: RelationKind;
  readonly table: string | null;
  /** Another one holds its rows after a rewrite; null or 0 where there are none to hold. */
  readonly file: number | null;
  /** How many of its columns are dropped. */
  readonly dropped: number;
  readonly ancestors: readonly string[] | null;
}

const ROW_SHARE = "RowShareLock";
const ROW_EXCLUSIVE = "RowExclusiveLock";

/** Its tables have new files, into which nothing is written. */
const EMPTIES = /^truncate\b/i;

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
