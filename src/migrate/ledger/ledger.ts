/**
 * `applied`: done. `applying` and `reverting`: a migration outside a transaction began its way up or down
 * and has not finished; `statementsDone` tells how far it came.
 */
export type LedgerState = "applied" | "applying" | "reverting";

/** One row of the ledger, docs/formats.md "Ledger". */
export interface LedgerRow {
  readonly version: string;
  readonly name: string;
  /** sha256 in hex, or null where the history was taken over without files to hash. */
  readonly checksum: string | null;
  /** PostgreSQL's text where no Date can say it (infinity, 4000 BC); null where someone took it away. */
  readonly appliedAt: Date | string | null;
  readonly executionMs: number | null;
  readonly appliedBy: string;
  readonly toolVersion: string;
  readonly state: LedgerState;
  readonly statementsDone: number | null;
  readonly statementsTotal: number | null;
}

/** What a new row says about a migration; the database adds who and when. */
export interface LedgerEntry {
  readonly version: string;
  readonly name: string;
  readonly checksum: string | null;
  /** Undefined where nothing of it is kept. */
  readonly kept?: KeptText | undefined;
  /** The version of a row in place of which it comes. */
  readonly replaces?: string | undefined;
}

/** The texts of a migration that the ledger keeps: an edit can be shown then, and a way back be found without its file. */
export interface KeptText {
  /** The file's path below the project. */
  readonly file: string | null;
  /** The file's text; null where it is too long, or no text. */
  readonly source: string | null;
  /** That of the file with its way back, where that is a file of its own. */
  readonly sourceDown: string | null;
}

/** The ledger's table in one database: where it is, whether it exists, and the statements that change it. */
export interface Ledger {
  readonly schema: string;
  readonly table: string;
  readonly exists: boolean;
  /** Which texts of files it can take: those of the database's encoding. Undefined: none, as in a scratch database. */
  readonly keeps?: "any" | "ascii" | undefined;
  /** Columns for texts that are to be added by whoever writes next. */
  readonly lacks?: readonly KeptColumn[];
}

/** Younger than the others: a ledger may lack them, and older versions of this tool do not know them. */
export const KEPT_COLUMNS = ["source", "source_down", "source_file"] as const;

export type KeptColumn = (typeof KEPT_COLUMNS)[number];

/** How each column is made. */
export const DEFINITIONS = {
  version: "text primary key",
  name: "text not null",
  checksum: "text",
  applied_at: "timestamptz not null",
  execution_ms: "bigint",
  applied_by: "text not null",
  tool_version: "text not null",
  state: "text not null check (state in ('applied', 'applying', 'reverting'))",
  statements_done: "integer",
  statements_total: "integer",
} as const;

export type Column = keyof typeof DEFINITIONS;

export const COLUMNS = Object.keys(DEFINITIONS) as Column[];

/** How a table that this tool made is told from others. */
export const LEDGER_COMMENT = "Migrations applied by confiture";

export function keptColumns({ keeps, lacks = [] }: Ledger): KeptColumn[] {
  return keeps === undefined ? [] : KEPT_COLUMNS.filter((column) => !lacks.includes(column));
}
