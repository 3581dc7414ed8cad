import type { Script } from "#database/script.ts";
import type { MigrationFile } from "./migration-file.ts";
import type { Migration } from "./migration.ts";

/** One direction of a migration, ready to run. */
export type Body = SqlBody | TypeScriptBody;

export interface SqlBody {
  readonly kind: "sql";
  readonly script: Script;
  readonly transactional: boolean;
  /**
   * How its transaction begins, where the file says something about that: "begin isolation level serializable", or
   * "begin" for a file whose first statement is SET TRANSACTION. Nothing may come between it and that statement.
   */
  readonly opening: string | undefined;
  /** What to write into this file so that it runs outside a transaction, for hints. */
  readonly howToRunOutside: string;
}

export interface TypeScriptBody {
  readonly kind: "typescript";
  /** The file, for messages. */
  readonly file: string;
  readonly absolutePath: string;
  readonly method: "up" | "down";
  /** A new instance, so that nothing is left over from an earlier run. */
  readonly create: () => Migration;
  readonly transactional: boolean;
}

export interface LoadedMigration {
  readonly file: MigrationFile;
  readonly checksum: string;
  readonly up: Body;
  /** Undefined when the migration has no way back. */
  readonly down: Body | undefined;
}
