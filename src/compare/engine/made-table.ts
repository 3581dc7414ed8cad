/** A table that a statement makes, in parts: what stands before the list of columns, what is in it, and what follows. */
export interface MadeTable {
  readonly head: string;
  /** Columns, in their order, then constraints. */
  readonly elements: readonly string[];
  readonly tail: string;
}

/** The statement. The planner writes tables with it (`scripts/patch-planner.ts`). Pure. */
export function writeTable({ head, elements, tail }: MadeTable): string {
  return `${head} (${elements.join(", ")})${tail}`;
}
