/** Where an original may be in the target: texts, one a row. */
export interface Searched {
  /** For people: "public.notes.body", "public.mood (labels of the enum)". */
  readonly name: string;
  /** What comes after FROM; the row is called `t`. */
  readonly from: string;
  /** SQL for the text. */
  readonly text: string;
  /** Of a column: SQL for the text with the collation by which `scrub` finds patterns in it. */
  readonly plain?: string;
  /** SQL for the object of the schema that the text is of, which people are told in place of the name. */
  readonly object?: string;
}

/** A kept column of numbers, in which the digits of an original may stand. */
export interface NumberPlace {
  /** For people: "public.staff.mobile". */
  readonly name: string;
  /** What comes after FROM; the row is called `t`. */
  readonly from: string;
  /** SQL for the value. */
  readonly value: string;
  /** One number, and no array or range of them. */
  readonly isPlain: boolean;
  /** It tells rows apart, so that most of its numbers are given out one after the other. */
  readonly isKey: boolean;
}
