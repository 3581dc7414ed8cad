import type { ConfitureError } from "#errors/error.ts";

/** What a run tells while it goes on. No value of a row is ever in it. */
export type SyncEvent =
  | { readonly type: "step"; readonly step: string }
  /** A column that is proven now, or a table of them. */
  | { readonly type: "check"; readonly column: string }
  | { readonly type: "warning"; readonly message: string }
  /** What is worth knowing, and may well be meant. */
  | { readonly type: "note"; readonly message: string }
  | { readonly type: "retrying"; readonly table: string; readonly error: ConfitureError; readonly attempt: number }
  | { readonly type: "table-finished"; readonly table: TableReport }
  | { readonly type: "progress"; readonly progress: Progress };

/** How a table was copied. */
export interface TableReport {
  /** Qualified, for people. */
  readonly table: string;
  /** Of a table of which rows are left out: how many the source has, as PostgreSQL estimates. */
  readonly sourceRows: number | null;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly bytes: number;
  /** Milliseconds from the first piece's beginning to the last one's end. */
  readonly duration: number;
  readonly transformed: number;
  readonly where: string | null;
  readonly retries: number;
}

export interface Progress {
  readonly rows: number;
  readonly bytes: number;
  /** Milliseconds since the first piece. */
  readonly elapsed: number;
  /** Milliseconds that the rest will take, by PostgreSQL's estimates; null where it has none. */
  readonly left: number | null;
  readonly tables: { readonly finished: number; readonly total: number };
  /** What is being copied now. */
  readonly streams: readonly StreamProgress[];
}

/** A table, or a range of its pages, on its way. */
export interface StreamProgress {
  /** Qualified, for people. */
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly elapsed: number;
  readonly left: number | null;
}
