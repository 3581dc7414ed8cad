import type { LockMode, StatementFacts } from "#compare/trace/facts.ts";
import type { SizeOf } from "#compare/trace/sizes.ts";
import type { Node, RangeVar } from "#sql/parser.ts";
import type { LintFile, LintStatement } from "./file.ts";
import type { Severity } from "./severity.ts";
import type { World } from "./world/world.ts";

export const GROUPS = {
  locks: "Locks, and the time they are held",
  data: "Data, and applications that run at the same time",
  transactions: "Transactions, order, and running again",
  objects: "New objects",
  security: "Row level security, and who may do what",
  lint: "About lint itself",
} as const;
export type Group = keyof typeof GROUPS;

/** What a rule looks at. `trace` replaces what `syntax` says wherever the statement could be traced. */
export type Asks = "syntax" | "neighbours" | "trace" | "sizes";

/** What the same rule is called elsewhere. */
export interface Aliases {
  readonly squawk?: readonly string[];
  readonly eugene?: readonly string[];
  readonly atlas?: readonly string[];
  readonly strongMigrations?: readonly string[];
}

/** Something that a rule found in a statement. */
export interface Found {
  /** What happens, and to whom; one or two sentences without a full stop at the end. */
  readonly message: string;
  /** SQL to write instead, or what to do. */
  readonly fix?: string | undefined;
  /** Byte of the statement's text in UTF-8 that it is about; its beginning when undefined. */
  readonly at?: number | undefined;
  readonly rewrite?: Rewrite | undefined;
  /** Why `--fix` does not make a rewrite that it makes elsewhere, for this rule. */
  readonly notRewritten?: string | undefined;
  /** In place of the rule's own. */
  readonly severity?: Severity | undefined;
}

/** A rewrite that takes no decision, which `--fix` makes. */
export interface Rewrite {
  /** What stands in the statement's place; undefined where nothing does. */
  readonly here: string | undefined;
  /** What stands there where the statement is the only one of its file; nothing goes elsewhere then. */
  readonly alone?: string;
  /** A migration of its own, for later. */
  readonly later: { readonly name: string; readonly up: string; readonly down: string };
  /** A name that nothing behind the statement may speak of, nor the way back. */
  readonly uses?: string;
}

/** A lock on a table. */
export interface TableLock {
  readonly table: RangeVar;
  readonly mode: LockMode;
}

/** One statement, and what a rule may know about it. */
export interface Context {
  readonly file: LintFile;
  readonly statement: LintStatement;
  readonly node: Node;
  /** What earlier statements made, this one not included. */
  readonly world: World;
  /** What the statement did in a scratch database; undefined where that was not watched. */
  readonly facts: StatementFacts | undefined;
  /** As `facts`, of another statement of the file. */
  readonly factsOf: (statement: LintStatement) => StatementFacts | undefined;
  /** Whether applications may be using it: it was not made by the migrations that are linted together. */
  readonly isOld: (table: RangeVar | undefined) => boolean;
  /** Whether that holds of what it gives another name or schema, under the name that it had before. */
  readonly movesOld: boolean;
  /** Whether the statement reads the table from beginning to end; undefined where it was not traced. */
  readonly scans: (table: RangeVar | undefined) => boolean | undefined;
  /** Whether the statement writes the table's rows anew; undefined where it was not traced. */
  readonly rewrites: (table: RangeVar | undefined) => boolean | undefined;
  /** How large a table is where it is to run; undefined where that is not known. */
  readonly sizeOf: (table: RangeVar | undefined) => SizeOf | undefined;
  /** The major version of PostgreSQL where it is to run; undefined where that is not known. */
  readonly postgres: number | undefined;
  /** As of `LintOptions`. */
  readonly isStandIn: boolean;
  /** Statements before this one in the same transaction, but those that only read or write rows. */
  readonly earlier: readonly LintStatement[];
  /** Locks on tables in use that those have taken. */
  readonly held: readonly TableLock[];
}

/** A rule: what it looks for, and everything that is said about it. A file each, listed in registry.ts. */
export interface Rule {
  readonly id: string;
  /** What it finds, in a few words: "CREATE INDEX that blocks writes". */
  readonly title: string;
  readonly group: Group;
  readonly severity: Severity;
  /** Where a finding has another severity, for its page: "note where IF EXISTS found nothing". */
  readonly severityElse?: string;
  /** False for a rule that has to be asked for. */
  readonly on?: false;
  /** Schema files are built into empty databases: only rules about the objects themselves look at them. */
  readonly schemaFiles?: true;
  readonly asks: readonly Asks[];
  readonly aliases?: Aliases;
  /** For its page: what goes wrong, and what to do instead. Markdown. */
  readonly why: string;
  readonly instead: string;
  /**
   * A migration in which it finds something, and one in which it does not, after a migration that was applied before; a test
   * lints both.
   */
  readonly given?: string;
  readonly wrong: string;
  readonly right: string;
  /** Left out where the reader of files finds it (`syntax-error`) or the linter itself (`ignore-unused`). */
  readonly check?: (context: Context) => readonly Found[];
  /** As `check`, when all statements of the file have been seen: `world` is what they left. */
  readonly atEnd?: (context: Context) => readonly Found[];
}
