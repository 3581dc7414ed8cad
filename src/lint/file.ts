import type { Location } from "#errors/error.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { Severity } from "./severity.ts";
import type { Node } from "#sql/parser.ts";
import type { Span, Statement } from "#sql/statement.ts";

/** A file, or the way up of one, cut into statements for the rules. */
export interface LintFile {
  /** As shown to people. */
  readonly path: string;
  readonly kind: "migration" | "schema";
  /** Undefined for a file that lies outside the folder of migrations. */
  readonly migration: MigrationFile | undefined;
  /** The file's text; of a large file only an outline. */
  readonly text: string;
  readonly isOutline: boolean;
  readonly statements: readonly LintStatement[];
  /** Whether it may have others as well: TypeScript that did not run to its end, or that may do something else elsewhere. */
  readonly hasMore: boolean;
  readonly comments: readonly Comment[];
  /** The statements of its way back; undefined where it has none, or none that can be read. */
  readonly wayBack: readonly Statement[] | undefined;
  /** Why the runner would not run it, or rules could not look at it. */
  readonly problems: readonly FileProblem[];
  /** Where an offset into `text` is. */
  readonly locate: (offset: number) => Location;
}

/** A comment that may be for lint. Offsets are of the text that it stands in: the SQL, or the TypeScript around it. */
export interface Comment extends Span {
  readonly text: string;
  readonly location: Location;
  /** Whether nothing stands where it points, wherever the file runs. */
  readonly isAstray: boolean;
  /** The statements that it stands in, ends the line of, or stands before. */
  readonly about: (file: Pick<LintFile, "statements" | "locate">) => readonly LintStatement[];
}

export interface FileProblem {
  /** The rule that it is reported under. */
  readonly rule: string;
  readonly message: string;
  /** By its text when undefined. */
  readonly how?: "measured";
  /** Where it is less bad than its rule says. */
  readonly severity?: Severity | undefined;
  readonly fix?: string | undefined;
  readonly location: Location;
  readonly statement?: LintStatement | undefined;
}

export interface LintStatement {
  /** UTF-16 offsets into the file's text. */
  readonly span: Span;
  readonly text: string;
  /** Words in upper case, as `Statement.words`. */
  readonly words: readonly string[];
  /** Undefined for what PostgreSQL's grammar does not take, and for long INSERTs of more than constants. A long statement has few of its rows. */
  readonly node: Node | undefined;
  /** What it has in common with statements that write rows and of which every rule says the same by their text. */
  readonly shape: string | undefined;
  /** Whether `node` is that of an earlier statement, from which this one differs in values and white space alone. */
  readonly isAlike: boolean;
  readonly transaction: Transaction;
}

/** Statements that are committed together. */
export interface Transaction {
  /** `none`: the statement commits by itself. */
  readonly kind: "runner" | "own" | "none";
  readonly statements: LintStatement[];
}
