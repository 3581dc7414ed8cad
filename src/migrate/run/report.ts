import type { ConfitureError } from "#errors/error.ts";
import type { MigrationFile } from "../files/migration-file.ts";
import type { Direction } from "../events.ts";

export interface MigrationResult {
  readonly migration: MigrationFile;
  readonly direction: Direction;
  /** `unfinished`: a backfill that the next run goes on with, or that another runner works on. */
  readonly outcome: "done" | "failed" | "not-run" | "unfinished";
  /** Milliseconds; only when done. */
  readonly duration?: number;
}

/** What a run did. `error` is what stopped it; the results before it stand. */
export interface RunReport {
  readonly results: readonly MigrationResult[];
  readonly error: ConfitureError | undefined;
  /** What waits for something else than this run. */
  readonly held?: readonly HeldMigration[];
}

/** A migration that is not run for the time being. */
export interface HeldMigration {
  readonly migration: MigrationFile;
  /** Completes "NAME waits: ". */
  readonly why: string;
  /** Whether it is a contract that somebody named. */
  readonly isAskedFor?: boolean;
}
