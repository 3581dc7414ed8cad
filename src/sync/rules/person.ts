import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { namesPerson } from "./guess.ts";
import type { Reference } from "./references.ts";

/** Who has written a row, and is seldom whom it is about. */
const ACTOR = /_by(?:_id)?$/i;

/** What tables of people are called. */
const PEOPLE =
  /(^|_)(users?|people|persons?|customers?|clients?|patients?|employees?|members?|contacts?|accounts?|students?|guests?|subscribers?|leads?|profiles?)$/i;

/**
 * The column that most likely says whose a row is: the key of a table of people; or what refers to the table with most columns about a person, the first of several; or the key of such a table.
 * Undefined where nothing says it.
 */
export function personOf(references: readonly Reference[], table: SourceTable): string | undefined {
  const up = references
    .filter(({ from, to, where }) => from === table && to !== table && where === undefined)
    .flatMap((reference) => {
      const column = columnOfOwn(reference, references);
      return column === undefined
        ? []
        : [{ name: column.name, number: column.number, columns: columnsOfPerson(reference.to) }];
    })
    .filter(({ columns }) => columns > 0)
    .toSorted((a, b) => b.columns - a.columns || a.number - b.number);
  const own = columnsOfPerson(table);
  if (own > (up[0]?.columns ?? 0) && (PEOPLE.test(table.name) || hasUniquePerson(table))) return keyOf(table);
  const about = up.find(({ name }) => !ACTOR.test(name))?.name;
  return about ?? (own > 0 ? keyOf(table) : undefined) ?? up[0]?.name;
}

/** Whether no two rows have the same person in a column: the same address, or number. */
function hasUniquePerson({ unique, columns }: SourceTable): boolean {
  const numbers = new Set(columns.filter((column) => namesPerson(column)).map(({ number }) => number));
  return unique.some((one) => one.columns.length === 1 && numbers.has(one.columns[0]!));
}

/** Of several columns, the one that is not shared by both tables as that of a tenant is: it has another name there, or refers no further. */
function columnOfOwn(
  { to, fromColumns, toColumns }: Reference,
  references: readonly Reference[],
): SourceColumn | undefined {
  if (fromColumns.length === 1) return fromColumns[0];
  const renamed = fromColumns.filter(({ name }, at) => name !== toColumns[at]!.name);
  const ending = fromColumns.filter(
    (_, at) => !references.some((one) => one.from === to && one.fromColumns.includes(toColumns[at]!)),
  );
  const own = renamed.length > 0 ? renamed : ending;
  return own.length === 1 ? own[0] : undefined;
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
