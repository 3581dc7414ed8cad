import type { RowsHazard } from "#sql/effects/hazard.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { ColumnState } from "./column-facts.ts";
import type { Belongings } from "./belongings.ts";
import { type Expression, operand } from "./expression.ts";

/** Columns of a table that others take the place of, while releases that know the ones and the others write. */
export interface SyncedColumns {
  readonly schema: string;
  readonly table: string;
  /** What goes; none where only something is computed. */
  readonly old: readonly ColumnState[];
  /** What comes. */
  readonly fresh: readonly ColumnState[];
  /** The value of each of `fresh`. */
  readonly forward: readonly Expression[];
  /** The value of each of `old`. */
  readonly backward: readonly Expression[];
  /** Whether a release writes `fresh` before the contract. */
  readonly isTwoWay: boolean;
  /** Whether a value may be another one after the way there and back. */
  readonly isLossy: boolean;
  /** Indexes and constraints of both, where each has its own. */
  readonly belongings?: Belongings | undefined;
  /** Options of the marker of its backfill. */
  readonly backfill: string;
  /** What that does to rows. */
  readonly filling: RowsHazard;
  /** What its new columns do to subscribers of the table. */
  readonly published?: RowsHazard | undefined;
  /** What the migrations call it: "split_name". */
  readonly change: string | undefined;
  /** The search_path that its function needs; undefined for none (`sync-path.ts`). */
  readonly path?: string | undefined;
}

/** What is found of a change by looking at the two sides. */
export type FoundColumns = Omit<SyncedColumns, "backfill" | "filling" | "published" | "change">;

/** The columns that are empty in a row that is not filled yet: those that may not be, where there are such. Pure. */
export function markersOf({ fresh }: Pick<SyncedColumns, "fresh">): readonly ColumnState[] {
  const required = fresh.filter(({ notNull }) => notNull);
  return required.length > 0 ? required : fresh;
}

/** The condition for a row that is not filled yet. Pure. */
export function isUnfilled(change: Pick<SyncedColumns, "fresh" | "forward">): string {
  const markers = markersOf(change);
  const areEmpty = markers.map(({ name }) => `${writeIdentifier(name)} IS NULL`).join(" AND ");
  if (markers.some(({ notNull }) => notNull)) return areEmpty;
  const values = change.forward.map((expression) => `${operand(expression, "")} IS NOT NULL`);
  return `${areEmpty} AND ${values.length === 1 ? values[0] : `(${values.join(" OR ")})`}`;
}
