import type { Script } from "#database/script.ts";
import type { MigrationFile } from "./discover.ts";
import type { Migration } from "./migration.ts";

/** One direction of a migration, ready to run. */
export type Body = SqlBody | TypeScriptBody;

export interface SqlBody {
  readonly kind: "sql";
  readonly script: Script;
  readonly transactional: boolean;
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
