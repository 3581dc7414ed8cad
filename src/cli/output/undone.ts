import type { UndoneChange } from "#compare/generate/removals.ts";
import type { Place } from "#compare/catalogue/places.ts";
import { inLine } from "./visible.ts";

/** Something that SQL sets back to what it was before a migration, as it is shown. */
export interface ToldUndone {
  readonly kind: string;
  readonly name: string;
  /** The migration that changed it. */
  readonly file: string;
  readonly line: number | null;
}

/** @param place where the migration changes it */
export function toldUndone({ change: { kind, name }, by }: UndoneChange, place: Place | undefined): ToldUndone {
  return { kind, name, file: by.path, line: place?.file === by.path ? place.line : null };
}

/** "undoes what db/migrations/002_rls.sql:4 did: policy public.users.own_rows". Pure. */
export function undoneInLine(undone: ToldUndone): string {
  return `undoes what ${placeOf(undone)} did: ${undone.kind} ${inLine(undone.name)}`;
}

/** "view public.docs, which they have as it was before db/migrations/002_rls.sql:4". Pure. */
export function asBeforeInLine(undone: ToldUndone): string {
  return `${undone.kind} ${inLine(undone.name)}, which they have as it was before ${placeOf(undone)}`;
}

function placeOf({ file, line }: ToldUndone): string {
  return `${inLine(file)}${line === null ? "" : `:${line}`}`;
}
