import type { ConfitureError } from "#errors/error.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Change } from "../catalogue/changes.ts";
import type { PlanSegment } from "../generate/plan.ts";
import type { UndoneChange } from "../generate/removals.ts";

/** Something that does not hold. */
export interface Finding {
  /** The migration that it is about. */
  readonly migration?: MigrationFile;
  readonly message: string;
  /** What PostgreSQL or the tool said, where something failed. */
  readonly error?: ConfitureError;
  /** What differs, from what should be to what is. */
  readonly changes?: readonly Change[];
  /** What SQL would have to close; gone when it was asked for. */
  readonly gap?: Gap;
  /** The SQL that closes the gap. */
  readonly sql?: readonly string[];
  /** SQL that the schema files lack, where the migrations make more than they do. */
  readonly missing?: readonly string[];
  /** The one of the two that there is, with what is known of each statement. */
  readonly plan?: readonly PlanSegment[];
  /** What the SQL that closes the gap sets back to what it was before a migration. */
  readonly undone?: readonly UndoneChange[];
  /** Why there is no such SQL: what is in the way. */
  readonly refusal?: string;
}

export interface Gap {
  readonly from: Catalogue;
  readonly to: Catalogue;
  /** What the SQL between them is to a reader. */
  readonly as: "sql" | "missing";
}
