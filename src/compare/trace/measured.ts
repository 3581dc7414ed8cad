import type { GoneObject } from "./dependents.ts";
import type { Relation, StatementFacts } from "./facts.ts";

/** What a statement, or several, did to relations: the lists are those of `StatementFacts`. */
export interface Measured extends Pick<
  StatementFacts,
  "locks" | "held" | "rewrites" | "rewritesIndexes" | "scans" | "buildsIndexes" | "drops" | "rows" | "sets"
> {
  /** Tables, views and whatever depended on something, that are gone: what the statement names among them. */
  readonly gone: readonly GoneObject[];
  /** Tables that have lost a column. */
  readonly dropsColumns: readonly Relation[];
  /** Tables that it took a writer's lock of, and changed no row of: those that it looked for are not here. */
  readonly reaches: readonly Relation[];
  /** Functions that ran, or that may have run where PostgreSQL does not count them. */
  readonly runs: readonly Called[];
  /** Sequences that give values again which they have given: "public.users_id_seq". */
  readonly setsBack: readonly string[];
  /** Whether it wrote anything at all, to tables or to the catalogue. */
  readonly writes: boolean;
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

/** Of a statement that reads rows in the one way it has. */
export const UTILITY: Watching = { text: "", isPlanned: false };

export const NOTHING_MEASURED: Measured = {
  locks: [],
  held: [],
  rewrites: [],
  rewritesIndexes: [],
  scans: [],
  buildsIndexes: [],
  drops: [],
  gone: [],
  rows: [],
  sets: [],
  dropsColumns: [],
  reaches: [],
  runs: [],
  setsBack: [],
  writes: true,
};

/** What of it is told as it was measured. */
export function factsOf({
  locks,
  held,
  rewrites,
  rewritesIndexes,
  scans,
  buildsIndexes,
  drops,
  rows,
  sets,
}: Measured): Omit<Measured, "gone" | "dropsColumns" | "reaches" | "runs" | "setsBack" | "writes"> {
  return { locks, held, rewrites, rewritesIndexes, scans, buildsIndexes, drops, rows, sets };
}

/** Whether INSERTs did nothing but add rows. */
export function addsRowsAlone({ held: _held, writes: _writes, ...lists }: Measured): boolean {
  return Object.values(lists).every((list) => list.length === 0);
}

/** Whether statements did nothing but read, change and delete rows, and woke no code that may do more elsewhere. */
export function changesRowsAlone({
  held: _h,
  writes: _w,
  rows: _r,
  scans: _s,
  reaches: _a,
  runs,
  ...lists
}: Measured): boolean {
  return (
    Object.values(lists).every((list) => list.length === 0) &&
    runs.every(({ takes, hasBranches }) => !takes && !hasBranches)
  );
}
