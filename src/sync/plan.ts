import type { Location } from "#errors/error.ts";
import type { SyncFinding, Trial } from "./finding.ts";
import type { TableName } from "./source/catalogue.ts";

/**
 * What a sync does, as data: made from the source's tables and the rules by `planSync`, carried out by the run, and printed by
 * `--dry-run`. All SQL in it reads the source only.
 */
export interface SyncPlan {
  /** Every table with rows of its own, partitions one by one, by schema and name. */
  readonly tables: readonly SyncTable[];
  /**
   * What each session that runs a query of the plan is given first, outside any log of ours: `select set_config($1, $2, false)`. The
   * search_path is among them. Others hold subkeys, never the key; they are secret.
   */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  /** Partitioned tables without a partition, which have no rows and are not among the tables. */
  readonly unpartitioned?: number;
  /** SHA-256 of what the rules mean, as hex: the same rules have the same digest, whatever the key. */
  readonly digest: string;
  /** Whether the key was given, so that another run has the same results. */
  readonly reproducible: boolean;
  /** Tells the key from another one, and nothing of it; undefined without rules, as nothing is made with a key then. */
  readonly keyMark?: string;
  /** Of a plan for one tenant: what counts rows of the tenant that it leaves out. */
  readonly losses?: readonly LossQuery[];
  /** Of a plan for one tenant: what counts rows that are not the tenant's, or may not be, and that it copies. */
  readonly others?: readonly OthersQuery[];
  /** What counts rows of a table that its condition does not take, and that are copied. */
  readonly beyond?: readonly BeyondQuery[];
  /** What the rules copy that somebody may not expect, a sentence each. */
  readonly warnings: readonly string[];
}

/** A question about one table: how many rows of the tenant are left out of it, for which cause. */
export interface LossQuery {
  /** As rules name it. */
  readonly table: string;
  /** "tenant (clinic_id = 2)" */
  readonly tenant: string;
  /** A query for one row: `every`, how many rows are the tenant's, and `by0`, `by1` and so on, how many of them are left out for each cause. */
  readonly sql: string;
  /** In words, and whether it matters only where no row is left. */
  readonly causes: readonly { readonly because: string; readonly ifAll: boolean }[];
}

/** A question about one table: how many rows of others are copied of it, and the words around that number. */
export interface OthersQuery {
  /** As rules name it. */
  readonly table: string;
  /** "tenant (clinic_id = 2)" */
  readonly tenant: string;
  /** A query for one row with `rows`, how many there are, or 1 for some. */
  readonly sql: string;
  /** What stands behind the number of rows: " outside the tenant". */
  readonly whose: string;
  /** What stands behind "are copied", or "may be copied": " of teams, where ...". */
  readonly rest: string;
  /** Of a table that is copied as a whole, as nothing tells whose its rows are: the column that it lacks. The words are usual ones then. */
  readonly without?: string;
}

/** A question about one table: how many rows it gets that its condition does not take, and the words around that number. */
export interface BeyondQuery {
  /** As rules name it. */
  readonly table: string;
  /** A query for one row with `rows`, how many there are. */
  readonly sql: string;
  /** Where its rule is: "db/sync/tables.yaml:7". */
  readonly at: string;
  /** What stands behind "gets 3 rows", or "may get rows". */
  readonly rest: string;
}

export interface SyncTable {
  readonly schema: string;
  readonly name: string;
  /** Of a partition, the name of its table, for people: "public.orders". */
  readonly partOf?: string;
  /** `skip`: the table is made, and stays empty. */
  readonly mode: "rows" | "skip";
  /** In the order of the query's result and of `COPY target (columns) FROM`; generated ones are left out. May be empty. */
  readonly columns: readonly SyncColumn[];
  /**
   * For `COPY (query) TO STDOUT`; no semicolon. The table is called `source` in it, and its text ends with a WHERE of which every part
   * is in brackets, so that ` AND source.ctid >= '(0,0)'` or ` LIMIT 10` may be put behind it. "" for a skipped table.
   */
  readonly query: string;
  /** Every column kept and every row: `COPY ONLY table (columns) TO STDOUT` does the same as the query. */
  readonly whole: boolean;
  /** Which rows, for people: the conditions of the rules in short. Undefined for all. */
  readonly where: string | undefined;
  /** Of a table that a rule skips: the place of that rule. */
  readonly skippedBy?: Location;
  /** Of a table without rows: columns whose originals are looked for in the copy all the same. */
  readonly behind?: readonly Behind[];
  /** Of a skipped table: columns whose names do not say what is in them; its first rows may. */
  readonly unnamed?: readonly string[];
  /** What tells its rows apart on both sides; undefined where nothing does. */
  readonly identity?: Identity;
}

/** A column that stays behind with its table. */
export interface Behind extends Pick<SyncColumn, "name" | "tokens" | "inside"> {
  /** No rule replaces it: its name says what is in it, so that an original of it in the copy is told, and may be meant. */
  readonly isGuessed?: true;
}

/** Columns of a unique key without NULL, of which each value is that of one row. */
export interface Identity {
  readonly columns: readonly string[];
  /** Whether all of them are copied as they are, so that both sides have the same values whatever the key of the copy was. */
  readonly isKept: boolean;
}

/** What kind of values a transform works on. A column's type belongs to one; `other` is for those that no transform replaces in part. */
export type Family =
  | "text"
  | "integer"
  | "uuid"
  | "date"
  | "timestamp"
  | "network"
  | "json"
  | "hstore"
  | "number"
  | "other";

export interface SyncColumn {
  readonly name: string;
  /** As PostgreSQL prints it: "character varying(20)". */
  readonly type: string;
  readonly treatment: "keep" | "transform";
  /** Where its rule is; not without rules. */
  readonly ruledBy?: Location;
  /** The name of the transform: "email". */
  readonly transform?: string;
  /** Columns of one domain have the same result for the same original. */
  readonly domain?: string;
  /** The SQL of the result, over `source`; for a kept column its name. */
  readonly expression: string;
  /** Whether different originals have different results: always; but for chance (one in ten million rows or less); not. */
  readonly class: "preserving" | "probable" | "lossy";
  /** What can be proven afterwards. */
  readonly proof: ColumnProof;
  /** What the originals may look like, which a scan for leaks looks for. */
  readonly tokens?: readonly TokenKind[];
  /** What its results may look like as well. */
  readonly resultTokens?: TokenKind;
  /** A pattern of LIKE that every result matches: where no original does, the two have nothing in common. */
  readonly shape?: string;
  /** SQL for a condition, true on either side for every result, as a text `each.v`, and for few others; names in it are qualified. */
  readonly mayBeResult?: string;
  /** Texts that every row may keep, as nothing personal is in them: "infinity". */
  readonly stays?: readonly string[];
  /** Whether the elements of an array are replaced, one by one. */
  readonly elements?: boolean;
  /** Of a column that `differs` but for chance: a query for one row with `same`, in how many the result is the original. */
  readonly comparison?: string;
  /**
   * Of a column that `differs`, or in which a path does: queries for two columns of each row that is copied, its identity as the copy has
   * it, as text (NULL without one), and the original or the result.
   */
  readonly pairs?: { readonly originals: string; readonly results: string };
  /** Of documents: the values in them that are replaced. */
  readonly inside?: readonly SyncInside[];
  /** Of documents: the paths to what stays, with queries that have a row for each value that is there. */
  readonly kept?: readonly Pick<SyncInside, "path" | "values" | "location">[];
  /**
   * Of documents: a query, over `source`, for the keys in them that no rule names and that are left out, each with the path of the object that it is
   * in ("" for the document).
   */
  readonly unruled?: string;
}

/** What personal data looks like inside a text. */
export const TOKEN_KINDS = ["email", "phone", "card", "iban", "ssn"] as const;

export type TokenKind = (typeof TOKEN_KINDS)[number];

/** Values at a path of documents. */
export interface SyncInside {
  /** As the rule has it: "friends[].phone" */
  readonly path: string;
  /** Where the rule has it. */
  readonly location: Location;
  readonly transform: string;
  readonly proof: ColumnProof;
  /** These are as of a column. */
  readonly tokens?: readonly TokenKind[];
  readonly resultTokens?: TokenKind;
  readonly shape?: string;
  readonly mayBeResult?: string;
  /** A query for them, as texts, each with where in the document it is, also a text, over `source`; names in it are qualified. */
  readonly values: string;
}

/**
 * - `kept`: the values are the originals.
 * - `disjoint`: no result is an original of any row, but for a chance of 2^-50 a row.
 * - `differs`: no row has its own original, though it may have that of another row; empty texts apart. `chance` is how likely a row
 *   has it nevertheless: 0 where it cannot.
 * - `partial`: some values stay as they are, because there is nothing in them to replace (a note without an address, January 1st).
 */
export type ColumnProof =
  | { readonly kind: "kept" | "disjoint" | "partial" }
  | { readonly kind: "differs"; readonly chance: number };

/** What of a database is read, for which a role needs rights. */
export interface Reads {
  /** Whatever rows are read of, by its own name: tables, partitions and views. */
  readonly tables: readonly TableName[];
  /** Schemas in which something else is used: a type, a function. */
  readonly schemas?: readonly string[];
  /** Where sequences are read as well: tables that stay empty, whose sequences may begin anew. */
  readonly empty?: readonly TableName[];
  /** Whether rules may leave tables out. */
  readonly maySkip?: boolean;
}

export type Planned =
  | { readonly kind: "plan"; readonly plan: SyncPlan; readonly trials: readonly Trial[]; readonly reads: Reads }
  | {
      readonly kind: "findings";
      readonly findings: readonly SyncFinding[];
      /** Whether PostgreSQL compares the columns of references: where it does not, how their rules agree does not matter. */
      readonly comparing: readonly Trial[];
    };
