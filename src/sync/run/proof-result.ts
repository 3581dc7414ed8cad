import { unmatchedPath } from "../unmatched-paths.ts";
import type { Elsewhere } from "./elsewhere.ts";
import type { SyncEvent } from "./events.ts";

/** What is proven of a transformed column. */
export interface ColumnResult {
  /** "public.users.email"; of a value in a document with its path, "public.users.profile contact.email" */
  readonly column: string;
  readonly transform: string;
  /**
   * - `only results`: rows cannot be told apart, so each value of the target that is an original is a result as well;
   * - `no key`: for that, the key of the copy is needed, and is not there.
   */
  readonly how: "no value in common" | "no row has its own" | "only results" | "no key" | "not compared";
  readonly holds: boolean;
  /** Values on the source and in the target: one for each place in each row, also where they are equal. */
  readonly originals: number;
  readonly results: number;
  /** How many of those of the target are originals that it should not hold. */
  readonly same: number;
  /** Of a `value`: nobody has counted the originals that are equal to it. */
  readonly uncounted?: true;
  /**
   * Where rows were compared with their own originals: originals of other rows that no rule has put there, and how many there may be by
   * chance; `no key`: only the key of the copy tells them. Of a copy that was just made nobody asks: all of it are results.
   */
  readonly elsewhere?: Elsewhere | "no key";
  /** Of a path: no document of the source has a text or number there, though there are documents. */
  readonly unmatched?: true;
  /** Values of the copy that the rule cannot have made, so that somebody has written them. Of a copy that was just made nobody asks. */
  readonly written?: number;
  /** Originals of a form that is not looked for in the text of the copy. */
  readonly otherForms?: number;
}

/** Of a column or path, what was found. */
export type Found = Omit<ColumnResult, "column" | "transform">;

/** Warns of paths that lead nowhere: they may be misspelt. */
export function warnOfPaths(columns: readonly ColumnResult[], onEvent: (event: SyncEvent) => void): void {
  for (const { column, transform, unmatched } of columns) {
    if (unmatched === true) onEvent({ type: "warning", message: unmatchedPath(column, transform) });
  }
}
