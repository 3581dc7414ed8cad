import type { TakenObject } from "#sql/effects/cascading.ts";
import type { ConfitureError, Location } from "#errors/error.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { Danger } from "#sql/effects/danger-kinds.ts";
import type { Exposure } from "#sql/effects/exposure-kinds.ts";
import type { Span } from "#sql/statement.ts";
import type { WayBack } from "../runs/there-and-back.ts";
import type { ProjectFiles, Source } from "../sources/sources.ts";

/**
 * PostgreSQL's own names of the lock modes that stand in somebody's way, the weakest first (manual, "Explicit Locking").
 * What only reads or writes rows takes weaker ones, which are no facts here.
 */
export const LOCK_MODES = [
  "SHARE UPDATE EXCLUSIVE",
  "SHARE",
  "SHARE ROW EXCLUSIVE",
  "EXCLUSIVE",
  "ACCESS EXCLUSIVE",
] as const;

export type LockMode = (typeof LOCK_MODES)[number];

/** `index` and `table` also stand for the partitioned ones. */
export type RelationKind = "table" | "index" | "view" | "materialized view" | "foreign table" | "sequence";

/** A table or whatever else PostgreSQL locks as one. */
export interface Relation {
  /** Schema and name as SQL takes them, quoted where they have to be: `public.users`, `public."Order"`. */
  readonly name: string;
  readonly kind: RelationKind;
  /** Only of an index: the name of its table, in the same form. */
  readonly table?: string;
  /** Only of a partition or a child by INHERITS: the tables that it is a part of, in the same form. */
  readonly partitionOf?: readonly string[];
  /** Made by this migration or by another one that is traced with it: nobody can be using it yet. */
  readonly isNew: boolean;
}

/** A lock that a statement takes; it is kept to the end of the transaction. */
export interface Lock extends Relation {
  readonly mode: LockMode;
}

/** What a statement, or the code and triggers that it wakes, did to rows that were there. */
export interface RowChanges extends Relation {
  readonly updated: number;
  readonly deleted: number;
  /** Whether rows are locked although they are not changed: SELECT ... FOR UPDATE. */
  readonly locked: boolean;
}

/** Where facts come from. */
export type How =
  /** Read off the statement when it ran in a scratch database. */
  | { readonly kind: "measured" }
  /** From the table in known.ts: one connection cannot watch the statement (CONCURRENTLY, VACUUM). */
  | { readonly kind: "known" }
  /** It did not run, or nothing could be read off it: the lists are empty, which says nothing. */
  | ({ readonly kind: "not-traced" } & NotTraced);

export interface NotTraced {
  readonly reason: string;
  /** Whether it lacks something that a statement before it, which did not run, would have made. */
  readonly follows?: true;
}

/** What PostgreSQL said when a statement failed in the scratch database. */
export interface StatementError {
  /** With the place in the file. */
  readonly error: ConfitureError;
  /** For example 23502; undefined where it was no error of the server. */
  readonly sqlstate: string | undefined;
  /** Set when the statement works as soon as these rows are gone: so it depends on the rows that there are. */
  readonly onRows:
    | {
        /** The table whose rows were in the way, in the form of `Relation.name`; undefined where PostgreSQL names none. */
        readonly table: string | undefined;
        /** The row or key as PostgreSQL wrote it, or what it says of it: `Key (email)=(a) is duplicated.` */
        readonly example: string;
        /** Whether no other row of this table could do instead: one is enough for the statement to fail. */
        readonly isEvery: boolean;
        /** Whether the row was made up for the trace; otherwise it is one of the fixtures, or a migration inserted it. */
        readonly madeUp: boolean;
        /** "rows made up for this", "rows of the fixtures", "rows that a migration inserted", or several of them. */
        readonly whose: string;
      }
    | undefined;
}

/** What one statement of a migration did in a scratch database whose tables hold a few rows. */
export interface StatementFacts {
  /** As it was sent, without the semicolon. */
  readonly sql: string;
  /** Of its first token. Without a line where a TypeScript migration put the text together. */
  readonly place: Location;
  /** Where it stands in the text of the file, in UTF-16 units; undefined for TypeScript and for very large files. */
  readonly span: Span | undefined;
  /**
   * What a TypeScript migration sent as one text, and where in it the statement stands, in UTF-16 units; `place` is where the text
   * begins, if it stands in the file as it was sent. Undefined for SQL files.
   */
  readonly sent: { readonly text: string; readonly start: number; readonly place: Location | undefined } | undefined;
  /** Whether the runner, or the file's own BEGIN, has a transaction around it. */
  readonly inTransaction: boolean;
  /** It is a backfill's, and runs in batches, each in a transaction of its own. */
  readonly inBatches: boolean;
  readonly how: How;
  /** What it locks, the strongest mode for each relation, the strongest first; also what its transaction had locked before. */
  readonly locks: readonly Lock[];
  /** What its transaction has locked by then, this statement included; outside a transaction the same as `locks`. */
  readonly held: readonly Lock[];
  /** Tables (and materialized views) whose rows are written anew. */
  readonly rewrites: readonly Relation[];
  /** Indexes that were there before and are built anew, where their table is not rewritten. */
  readonly rewritesIndexes: readonly Relation[];
  /** Tables that are read from beginning to end (or through an index), and are not rewritten. */
  readonly scans: readonly Relation[];
  /** Indexes that are made. `table` says on what. */
  readonly buildsIndexes: readonly Relation[];
  /** Tables, views, indexes and sequences that are gone afterwards, those that CASCADE takes among them. */
  readonly drops: readonly Relation[];
  /** Tables of whose rows it changed, deleted or locked some here. */
  readonly rows: readonly RowChanges[];
  /** Sequences in use that go on from another value than before, without giving any of them again: "public.users_id_seq". */
  readonly sets: readonly string[];
  /** What it takes away, in words: "drops COLUMN bio of TABLE users" (see `lossOf`), and what CASCADE and code were seen to take. */
  readonly loses: readonly string[];
  /** Of what is in use, what it drops without naming it; `loses` says it as well. */
  readonly takesAlong: readonly TakenObject[];
  /** What it puts at risk without taking it away. */
  readonly endangers: readonly Danger[];
  /** What it shows to people who could not see it before. */
  readonly exposes: readonly Exposure[];
  /** What it would drop IF EXISTS and was not there: "TABLE old". Elsewhere it may be. */
  readonly absent: string | undefined;
  readonly error: StatementError | undefined;
  /** Why the PostgreSQL that it is for refuses it, which is older than the one that ran it. */
  readonly tooNew: string | undefined;
  /**
   * It runs code with branches (DO, CALL, a function): what the rows and settings here did not lead into was not seen.
   */
  readonly opaque: boolean;
  /**
   * How many statements were measured as one, this one among them: they differ in nothing but their values. `scans` and `rows` are
   * those of all of them. Undefined for one that was measured by itself.
   */
  readonly together?: number | undefined;
}

/** What one migration did. */
export interface MigrationFacts {
  readonly file: MigrationFile;
  readonly checksum: string;
  /** Whether the runner has one transaction around all of it. */
  readonly transactional: boolean;
  /** It runs in batches. */
  readonly backfill: boolean;
  /** Whether it has a way back. */
  readonly reversible: boolean;
  /** What became of the way back, where it was tried. */
  readonly wayBack: WayBack;
  /** It is TypeScript with branches or loops: what they did not lead into with the rows that were there was not seen. */
  readonly hasBranches: boolean;
  /** In the order they ran. Those of TypeScript are the ones that it asked for here. */
  readonly statements: readonly StatementFacts[];
  /** Why it cannot run as a whole, or stopped: a file that is refused, an exception, a deferred constraint at COMMIT. */
  readonly error: ConfitureError | undefined;
}

/** What traced migrations did, one after the other, in one scratch database. */
export interface Trace {
  readonly migrations: readonly MigrationFacts[];
  /** `server_version_num` of the PostgreSQL that was watched, for example 180001. */
  readonly serverVersion: number;
  /** Tables for which no rows could be made up, or of which migrations leave none, as `Relation.name`: what fails on rows is not found there. */
  readonly withoutRows: readonly string[];
  /** Statements of base and applied migrations that this PostgreSQL could not run (an extension that it lacks). */
  readonly leftOut: readonly ConfitureError[];
  /** Set where all of it was tried in a copy of `otherwise`, because files do not make all that is there: what was missing. */
  readonly notReplayed?: ConfitureError | undefined;
}

/** What is traced, and from where (see `traceMigrations`). */
export interface TraceOptions extends ProjectFiles {
  /** In the order in which they would be applied. */
  readonly migrations: readonly MigrationFile[];
  /** What is run before them; every older migration of the project when undefined. The base always is. */
  readonly applied?: readonly MigrationFile[] | undefined;
  /** Where to begin when the migrations alter what only schema files make, or what is applied does not run again. */
  readonly otherwise?: Source | undefined;
  /** Whether to begin there as well where a statement misses what somebody may have made by hand. */
  readonly trustsOtherwise?: boolean | undefined;
  /** A folder of rows (`collectFixtures`) to load before each of them; tables without any get made-up rows. */
  readonly fixturesDir?: string | undefined;
  /** Told at the end of each file of rows that could not be loaded at any time. */
  readonly onUnloaded?: ((file: string, error: ConfitureError) => void) | undefined;
  /** The major version of the database in use, where that is known. */
  readonly postgres?: number | undefined;
  /** What sessions of the database in use begin with, where that is known: conversions of timestamps depend on it. */
  readonly timeZone?: string | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
  /** Whether to try the ways back as well. */
  readonly triesBack?: boolean | undefined;
}

/** Whether one mode is at least as strong as another. Pure. */
export function isAtLeast(mode: LockMode, other: LockMode): boolean {
  return LOCK_MODES.indexOf(mode) >= LOCK_MODES.indexOf(other);
}

/** A lock that is in the way of those who use a table. */
export interface TableLock extends Lock {
  /** Of the table. */
  readonly name: string;
  /** What is locked: the table, or "public.users_email, an index of public.users". */
  readonly on: string;
}

/**
 * Locks on tables, and the strongest ones on their indexes: whoever plans a query locks every index of its tables. In the order that
 * they have. Pure.
 */
export function tableLocks(locks: readonly Lock[]): TableLock[] {
  const isLocked = (table: string): boolean =>
    locks.some(({ name, mode }) => name === table && mode === "ACCESS EXCLUSIVE");
  return locks.flatMap((lock): TableLock[] => {
    const { kind, name, mode, table } = lock;
    if (kind !== "index") return [{ ...lock, on: name }];
    return table === undefined || mode !== "ACCESS EXCLUSIVE" || isLocked(table)
      ? []
      : [{ ...lock, kind: "table", name: table, on: `${name}, an index of ${table}` }];
  });
}

/**
 * Who has to wait for a lock, in words: "reads and writes". The modes that conflict with each are those of PostgreSQL's
 * manual ("Explicit Locking", table of conflicting lock modes). Pure.
 */
export function blockedBy(mode: LockMode, kind: RelationKind = "table"): string {
  // Whoever plans a query locks every index of its tables.
  if (kind === "index") return mode === "ACCESS EXCLUSIVE" ? "reads and writes of its table" : "other DDL on it";
  switch (mode) {
    case "SHARE UPDATE EXCLUSIVE":
      return "other DDL, VACUUM";
    case "SHARE":
    case "SHARE ROW EXCLUSIVE":
      return "writes";
    case "EXCLUSIVE":
      return "writes, SELECT FOR UPDATE";
    case "ACCESS EXCLUSIVE":
      return "reads and writes";
  }
}
