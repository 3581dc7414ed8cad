import type { ProjectFiles, Source } from "../sources/sources.ts";
import type { Permit } from "./removals.ts";
import type { RenameOptions } from "./rename-first.ts";

/** What a migration is to be generated from, and what it may do. */
export interface GenerateOptions extends ProjectFiles, RenameOptions {
  readonly from: Source;
  /** Asked about everything that would be taken away; where it is left out, nothing may be. */
  readonly permit?: Permit | undefined;
  /** Does without a way back. */
  readonly noDown: boolean;
  /** Prefers forms that do not keep others from a table in use, in several files where that takes several steps. */
  readonly online: boolean;
}
