import type { SourceTable } from "../source/catalogue.ts";
import { namesPerson } from "./guess.ts";
import type { Reference } from "./references.ts";

/** Who has written a row, and is seldom whom it is about. */
const ACTOR = /_by(?:_id)?$/i;

/**
 * The column that most likely says whose a row is: what refers to the table with most columns about a person, the first of several, or the key of such a table.
 * Undefined where nothing says it.
 */
export function personOf(references: readonly Reference[], table: SourceTable): string | undefined {
  const up = references
    .filter(
      ({ from, to, where, fromColumns }) =>
        from === table && to !== table && where === undefined && fromColumns.length === 1,
    )
    .map(({ to, fromColumns: [column] }) => ({
      name: column!.name,
      number: column!.number,
      columns: columnsOfPerson(to),
    }))
    .filter(({ columns }) => columns > 0)
    .toSorted((a, b) => b.columns - a.columns || a.number - b.number);
  const about = up.find(({ name }) => !ACTOR.test(name))?.name;
  return about ?? (columnsOfPerson(table) > 0 ? keyOf(table) : undefined) ?? up[0]?.name;
}

/** The column of the primary key, where it has one alone. */
export function keyOf({ unique, columns }: SourceTable): string | undefined {
  const key = unique.find((one) => one.isPrimary && one.columns.length === 1)?.columns[0];
  return columns.find(({ number }) => number === key)?.name;
}

/** How many columns of a table say something of a person, and not of a place or a thing. */
export function columnsOfPerson({ columns }: SourceTable): number {
  return columns.filter((column) => namesPerson(column)).length;
}
