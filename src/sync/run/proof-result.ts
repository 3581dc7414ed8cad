/** What is proven of a transformed column. */
export interface ColumnResult {
  /** "public.users.email"; of a value in a document with its path, "public.users.profile contact.email" */
  readonly column: string;
  readonly transform: string;
  /**
   * - `only results`: rows cannot be told apart, so each value of the target that is an original is a result as well;
   * - `no key`: for that, the key of the copy is needed, and is not there.
   */
  readonly how: "no value in common" | "no row has its own" | "only results" | "no key" | "not compared";
  readonly holds: boolean;
  /** Values on the source and in the target: distinct ones, or one for each place in each row. */
  readonly originals: number;
  readonly results: number;
  /** How many of those of the target are originals that it should not hold. */
  readonly same: number;
}

/** Of a column or path, what was found. */
export type Found = Omit<ColumnResult, "column" | "transform">;
