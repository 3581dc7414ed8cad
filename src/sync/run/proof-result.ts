import type { TokenKind } from "../plan.ts";
import type { Elsewhere } from "./elsewhere.ts";

/** What is proven of a transformed column. */
export interface ColumnResult {
  /** "public.users.email"; of a value in a document with its path, "public.users.profile contact.email" */
  readonly column: string;
  /** The table, "public.users"; of a partition, the table that it is a part of. */
  readonly table: string;
  /** What the table calls it: "email", "profile contact.email". */
  readonly part: string;
  readonly transform: string;
  /**
   * - `only results`: rows cannot be told apart, so each value of the target that is an original is a result as well;
   * - `no key`: for that, the key of the copy is needed, and is not there.
   */
  readonly how: "no value in common" | "no row has its own" | "only results" | "no key" | "not compared";
  readonly holds: boolean;
  /** Values on the source and in the target: one for each place in each row, also where they are equal. */
  readonly originals: number;
  readonly results: number;
  /** How many of those of the target are originals that it should not hold. */
  readonly same: number;
  /** Of a `value`: nobody has counted the originals that are equal to it. */
  readonly uncounted?: true;
  /**
   * Where rows were compared with their own originals: originals of other rows that no rule has put there, and how many there may be by
   * chance; `no key`: only the key of the copy tells them. Of a copy that was just made nobody asks: all of it are results.
   */
  readonly elsewhere?: Elsewhere | "no key";
  /** Values of the copy that the rule cannot have made, so that somebody has written them. Of a copy that was just made nobody asks. */
  readonly written?: number;
  /** Originals of a form that is not looked for in the text of the copy. */
  readonly otherForms?: number;
}

/** Of a column or path, what was found. */
export type Found = Omit<ColumnResult, "column" | "table" | "part" | "transform">;

/** A column of the target that holds originals. */
export interface Leak {
  readonly column: string;
  readonly kind: TokenKind;
  /** Rows with at least one. */
  readonly rows: number;
  /** There may be more: only so many originals are looked for in single columns. */
  readonly more?: true;
  /** In a spelling in which `scrub` would leave some of them. */
  readonly escapesScrub?: true;
  /** All of them are of tables that are left out, of which no rule says that they are personal. */
  readonly isGuessed?: true;
  /** It is in the text of the schema, which is copied as it is: `column` is an object, as "view public.v". */
  readonly isInSchema?: true;
  /** They are numbers in a kept column of numbers, and no more of those are than chance may explain. */
  readonly mayBeChance?: true;
}
