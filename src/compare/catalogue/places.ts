import { locate } from "#sql/position.ts";
import { changing, making, namesOf, OF_TABLE, type Readings, type Sought, taking } from "./readings.ts";
import { findReadings, type Reading, type SourceText } from "./statement-words.ts";

/** Where a file speaks of an object. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/**
 * The place to go to for a changed object: the last statement that can have made or changed it, by what it begins with; else where
 * its own name last follows that of what it belongs to, otherwise where what it belongs to is first named. A guess by words, for
 * people; undefined when no text names either.
 */
export function findPlace(changed: Sought, sources: readonly SourceText[]): Place | undefined {
  return lastOf(changing(changed), sources) ?? findUnnamed(changed, sources) ?? findMention(changed, sources);
}

/**
 * The statement that made an object, or a property of one; where none of them does by its text, the last place in a program that
 * names it. A guess like `findPlace`.
 */
export function findMaker(taken: Sought, sources: readonly SourceText[]): Place | undefined {
  return (
    lastOf(making(taken), sources) ??
    findUnnamed(taken, sources) ??
    findMention({ path: taken.path.slice(-1) }, sources.filter(isCode))
  );
}

/** The last statement that takes an object away, by its text. A guess like `findPlace`. */
export function findTaker(taken: Sought, sources: readonly SourceText[]): Place | undefined {
  // Few migrations take anything away.
  return lastOf(
    taking(taken),
    sources.filter(({ text }) => /\bdrop\b/i.test(text)),
  );
}

/** The first statement that writes rows of a table, by its text. A guess like `findPlace`. */
export function findRows(table: string, sources: readonly SourceText[]): Place | undefined {
  return firstOf({ begins: /^(?:insert into|copy) /, names: [table], isSubject: true }, sources);
}

function isCode(source: SourceText): boolean {
  return source.isCode === true;
}

function findMention(sought: Pick<Sought, "path">, sources: readonly SourceText[]): Place | undefined {
  const names = namesOf(sought);
  const place = lastOf([[{ begins: ANY, names }]], sources);
  return place ?? (names.length > 1 ? firstOf({ begins: ANY, names: names.slice(0, 1) }, sources) : undefined);
}

const ANY = /^/;

/** The last place in the last text, for the first of the readings that any text has. */
function lastOf(readings: Readings, sources: readonly SourceText[]): Place | undefined {
  for (const alike of readings) {
    for (const source of sources.toReversed()) {
      const offsets = alike.flatMap((reading) => findReadings(source, reading));
      if (offsets.length > 0) return placeAt(source, Math.max(...offsets));
    }
  }
  return undefined;
}

function firstOf(reading: Reading, sources: readonly SourceText[]): Place | undefined {
  for (const source of sources) {
    const [offset] = findReadings(source, reading);
    if (offset !== undefined) return placeAt(source, offset);
  }
  return undefined;
}

/** By the ends of the names that PostgreSQL gives (ChooseIndexName, ChooseConstraintName): what makes such a constraint. */
const UNNAMED: Readonly<Record<string, string>> = {
  pkey: "primary",
  key: "unique",
  check: "check",
  fkey: "references",
};

/** Where a constraint is made without its name, which then tells its column: `email text UNIQUE`. */
function findUnnamed(sought: Sought, sources: readonly SourceText[]): Place | undefined {
  if (sought.kind !== "constraint") return undefined;
  const [table = "", name = ""] = namesOf(sought);
  const end = name.slice(name.lastIndexOf("_") + 1);
  const word = UNNAMED[end];
  if (word === undefined || !name.startsWith(`${table}_`)) return undefined;
  const column = name.slice(table.length + 1, -end.length - 1);
  const ways =
    end === "pkey"
      ? [[table, word]]
      : [
          [table, column, word],
          [table, word, column],
        ];
  for (const names of ways) {
    const place = firstOf({ begins: OF_TABLE, names }, sources);
    if (place !== undefined) return place;
  }
  return undefined;
}

function placeAt({ file, text }: SourceText, offset: number): Place {
  return { file, line: locate(text, offset).line };
}
