import type { YamlSource } from "#files/yaml-tree.ts";
import type { SourceColumn } from "../source/catalogue.ts";
import type { Made, Transform } from "../transforms/transform.ts";
import type { Place } from "./rules.ts";

/** What becomes of a column. */
export type Treatment = Kept | Transformed;

export interface Kept {
  readonly kind: "keep";
  readonly place: Place;
  /** Its name is in `keep: [...]`; otherwise it has a line of its own. */
  readonly isListed?: true;
}

export interface Transformed {
  readonly kind: "transform";
  readonly transform: Transform;
  readonly made: Made;
  readonly domain: string;
  /** Where the rule is: that of the key, for a foreign key that follows it. */
  readonly place: Place;
  /** The file that its paths are in: that of the other column, for one that is like it. */
  readonly file: YamlSource;
  /** The same for all columns that have their rule from one place: those agree. */
  readonly origin: object;
  /** Whether each element of an array is transformed, and not the array as a whole. */
  readonly elements: boolean;
}

/** What becomes of a column; undefined where no rule says it. */
export type TreatmentOf = (column: SourceColumn) => Treatment | undefined;

/** Whether a rule makes every value NULL. */
export function isNothing(treatment: Treatment | undefined): boolean {
  return treatment?.kind === "transform" && treatment.made.makesNull === true;
}
