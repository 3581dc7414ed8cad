import type { Database } from "#database/database.ts";
import type { Target } from "#database/target.ts";

/** The beginning of every comment on a database that a copy was made into. */
export const COPY_MARK = "Copied by Confiture";

/** What stands in it before the numbers of rows, which end it. */
export const BY_TABLE = "; by table:";

/** Room for a copy. What was there before stays until `finish`; in place, until `clear`. */
export interface PreparedTarget {
  readonly place: "new database" | "in place" | "new folder";
  readonly engine: Database["engine"];
  /** Leftovers of killed runs that were removed. */
  readonly removed: readonly string[];
  /** Where the copy is made. */
  readonly databaseTarget: Target;
  /** What somebody has to know before anything is changed. */
  readonly warning?: string;
  /** In place: removes what is there, and marks the database as incomplete, in the open transaction of the session. */
  readonly clear?: (session: Database) => Promise<void>;
  /** A session in it. The embedded engine has one alone, which the caller closes before `finish`. */
  open(): Promise<Database>;
  /**
   * Puts the copy in the place of what was there.
   * @returns what is left over nevertheless, in a sentence
   */
  finish(comment: string): Promise<string | undefined>;
  /**
   * Drops the copy; nothing else has changed, except in place.
   * @returns the database that could not be dropped
   */
  abandon(): Promise<string | undefined>;
}
