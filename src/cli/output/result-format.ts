import type { ResultColumn } from "#database/database.ts";

/** How results of statements look. Each step gives what is to be written then; a format may keep rows for a while. Pure. */
export interface ResultFormat {
  columns(columns: readonly ResultColumn[]): string;
  row(values: readonly (string | null)[]): string;
  /** Data of a COPY TO STDOUT. */
  copied(bytes: Uint8Array): string | Uint8Array;
  /** A statement is done; the tag is for those who read along. */
  completed(tag: string): string;
  /** A statement failed, perhaps in the middle of its rows. */
  failed(): string;
  /** What would end a document here, if the results are parts of one. */
  unfinished?(): string;
}
