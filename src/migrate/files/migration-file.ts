import type { LayoutName } from "../layouts/names.ts";

/**
 * How a migration is written; docs/formats.md describes each form. `sql-pair`: its way back is a file of its own.
 * `foreign`: a program of another tool's (Go, Java, Ruby), which is listed and recorded, and cannot run here.
 */
export type MigrationForm = "typescript" | "sql" | "sql-pair" | "foreign";

/** A migration whose file is gone, since the base does what it did. */
export interface SquashedMigration {
  readonly version: string;
  readonly name: string;
  /** Of its file, as in the ledger. */
  readonly checksum: string;
  /** What the ledger of a database calls it that ran it before its file was imported from another tool's folder. */
  readonly formerly?: Pick<SquashedMigration, "version" | "checksum"> | undefined;
}

/** One migration as its file name tells it; nothing has been read yet. */
export interface MigrationFile {
  /** As in the file name, leading zeros kept; version.ts says what it may be. */
  readonly version: string;
  readonly name: string;
  readonly form: MigrationForm;
  /** The layout of the folder it was found in, which says how the file is read. */
  readonly layout: LayoutName;
  /** Paths as shown to the user: below the project, with forward slashes. */
  readonly path: string;
  /** The file with its way back, where that is a file of its own. */
  readonly downPath?: string;
  /** An empty database begins with it, instead of the migrations up to its version. */
  readonly baseline?: true;
  /** What a base says that it stands for: migrations whose files are gone. */
  readonly squashed?: readonly SquashedMigration[];
  /** Up to where a base says that it stands for another tool's migrations, of which there are no files. */
  readonly through?: string;
  /** The version of the row that the ledger has of it from before it was imported, when it ran again and again. */
  readonly replaces?: string;
  /** What its tool calls it in its history, where that is not its version. */
  readonly key?: string;
  /** What its layout says about transactions outside the SQL, such as Diesel's metadata.toml. */
  readonly transaction?: boolean;
}

/** "001_add_user_bio" */
export function migrationId(migration: { readonly version: string; readonly name: string }): string {
  return migration.name === "" ? migration.version : `${migration.version}_${migration.name}`;
}
