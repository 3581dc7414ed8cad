import type { Location } from "#errors/error.ts";

/** Something in the rules, or missing from them, for which nothing is copied. */
export interface SyncFinding {
  /** Which kind: "column-without-rule". */
  readonly rule: string;
  readonly message: string;
  /** What to write, and where: the line to add. */
  readonly fix: string | undefined;
  readonly location: Location;
  /** What it is about, "public.users", and its column. */
  readonly table: string | undefined;
  readonly column: string | undefined;
  /** Of what is wrong inside documents: the path in them. */
  readonly path?: string;
}

/** A question that has to be answered before the first row is copied: whether PostgreSQL takes what the rules say. */
export interface Trial {
  /**
   * - `parse`: it is only parsed, so that an error speaks of the rule alone;
   * - `steady`: it is read, and what it calls is looked up: it has to choose the same rows in every query;
   * - `value`: it is run, and reads no table;
   * - `rows`: it is run over rows, and must not fail; errors speak of values;
   * - `count`: it gives one row with `refused`, how many results a constraint does not allow; errors speak of values;
   *   with `paths` it has `found`, a list of `UnfitValue` as JSON;
   * - `refused`: the same, with true or false.
   */
  readonly kind: "parse" | "steady" | "value" | "rows" | "count" | "refused";
  readonly sql: string;
  /** Of a trial that is only needed if something fails on rows: the SQL of the rules, of which the database knows what it reaches. */
  readonly ifMayFail?: string;
  /** What to say where the answer is no. PostgreSQL's own words are put behind the message where they may be. */
  readonly finding: SyncFinding;
  /** Of documents: the paths of the rule, for what is at one of them and has none. */
  readonly paths?: readonly (Omit<WrittenPath, "offset"> & { readonly location: Location })[];
  /** Names that the SQL may mean where it names a column that is not there. */
  readonly columns?: readonly string[];
  /** The place in the rules of an offset into the SQL; undefined for what no rule has written. */
  readonly locate?: (offset: number) => Location | undefined;
}

/** A path of documents with its rule. */
export interface WrittenPath {
  readonly path: string;
  /** In one line of YAML. */
  readonly rule: string;
  /** Where the path is. */
  readonly offset: number;
}
