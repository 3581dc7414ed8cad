import type { MarkedColumn } from "./marks.ts";

/** A table that has rows, or a materialized view that is populated. */
export interface RowTable {
  readonly schema: string;
  readonly table: string;
  /** Higher than that of tables which were made before. */
  readonly made: number;
  /** Those that are not generated, in the order of their names. */
  readonly columns: readonly RowColumn[];
  /** Where some of its partitions or children are foreign tables: it and the others, quoted; else null. */
  readonly local: readonly string[] | null;
  /** Nobody writes rows into it. */
  readonly isView: boolean;
}

export interface RowColumn extends MarkedColumn {
  /** Whether a row has the same in every database: no number that is counted, no default that is computed. */
  readonly same: boolean;
  /** The names of tables whose foreign keys refer to it. */
  readonly referring: readonly string[];
  /** Its place in the table. */
  readonly at: number;
  /** GENERATED ALWAYS AS IDENTITY. */
  readonly always: boolean;
  /** A whole number or a truth value, which needs no quotes. */
  readonly bare: boolean;
}
