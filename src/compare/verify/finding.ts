import type { ConfitureError } from "#errors/error.ts";
import type { MigrationFile } from "#migrate/migration-file.ts";
import type { Change } from "../catalogue/changes.ts";

/** Something that does not hold. */
export interface Finding {
  /** The migration that it is about. */
  readonly migration?: MigrationFile;
  readonly message: string;
  /** What PostgreSQL or the tool said, where something failed. */
  readonly error?: ConfitureError;
  /** What differs, from what should be to what is. */
  readonly changes?: readonly Change[];
  /** The SQL that would close the gap. */
  readonly sql?: readonly string[];
  /** SQL that the schema files lack, where the migrations make more than they do. */
  readonly missing?: readonly string[];
}
