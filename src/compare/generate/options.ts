import type { Catalogue } from "../catalogue/catalogue.ts";
import type { ProjectFiles, Source } from "../sources/sources.ts";
import type { Conversion } from "./conversion.ts";
import type { WrittenStatements } from "../sources/written.ts";
import type { Names } from "./migration-file.ts";
import type { Means } from "../plan/plan.ts";
import type { FindUndone, Permit } from "./removals.ts";
import type { RenameOptions } from "./rename-first.ts";

/** What a plan may do. */
export interface PlanOptions extends ProjectFiles, RenameOptions, Means {
  readonly from: Source;
  /** Takes out of what the scratch database holds what does not count, before it is compared with the other side. */
  readonly level?: ((catalogue: Catalogue) => Catalogue) | undefined;
  /** It is for the database that it begins from, and no other: what it makes anew keeps grants that do not count. */
  readonly keepsGrants?: boolean | undefined;
  /** Asked about everything that would be taken away; where it is left out, nothing may be. */
  readonly permit?: Permit | undefined;
  /** Asked where a plan changes something; nothing is looked for when undefined. */
  readonly undone?: FindUndone | undefined;
  /** Statements that are taken as they stand there, where they make the same. */
  readonly written?: WrittenStatements | undefined;
  /** Does without a way back. */
  readonly noDown: boolean;
  /** Prefers forms that do not keep others from a table in use, in several files where that takes several steps. */
  readonly online: boolean;
  /** What the migration is called, for a change in steps. */
  readonly name?: string | undefined;
  /** How old columns become new ones, where that is what differs; `isLossy` allows that not every value comes back. */
  readonly convert?: (Conversion & { readonly isLossy: boolean }) | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
  /** How names are written; `qualified` where they would not be found otherwise, or as something else. */
  readonly names?: Names | undefined;
}

/**
 * Carries the migrations of a change in steps out with rows, while releases write.
 * @throws ConfitureError `generate_refused` with a row that would not be right
 */
export type ProveRows = (options: PlanOptions, texts: readonly string[]) => Promise<Shortcomings>;

/** What was found with rows and is allowed, as examples; undefined for nothing. */
export interface Shortcomings {
  /** What the new release may write and the old columns do not keep. */
  readonly notKept?: string | undefined;
  /** What the old columns held and the way back does not bring back. */
  readonly notRestored?: string | undefined;
}
