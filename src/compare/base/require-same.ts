import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { isBase } from "#migrate/files/version.ts";
import { unquoteNames } from "#sql/lexer/unquote.ts";
import { parseQualifiedName, quoteQualified } from "#sql/quote.ts";
import { changeInLine, compareCatalogues } from "../catalogue/changes.ts";
import type { State } from "../contained/replayed.ts";
import { changedTables, rowsOf } from "../contained/rows.ts";
import type { SequencePlace } from "../sources/sequences.ts";
import { lastWriter, type ValueSource, writersOf } from "./value-sources.ts";

/** What ran on the way to a state. */
export interface Ran {
  /** The base, and what goes into the new one. */
  readonly before: readonly LoadedMigration[];
  /** What came behind it. */
  readonly rest: readonly LoadedMigration[];
}

/**
 * @param what that made it: "The new base"
 * @throws ConfitureError `squash_refused` with what differs, the migration that last spoke of it, and the way on
 */
export function requireSame(made: State, wanted: State, what: string, ran: Ran): void {
  const changes = compareCatalogues(made.catalogue, wanted.catalogue).map((change) => ({
    line: changeInLine(change),
    by: lastOf(change.path.at(-1) ?? change.name, ran, NAMES),
  }));
  if (changes.length > 0) throw refused(`${what} would not make what there is now`, changes, ran);
  const tables = [...changedTables(made.rows, wanted.rows)].map((table) => ({
    line: otherRows(table, made, wanted),
    by: lastOf(parseQualifiedName(table)?.name ?? table, ran),
  }));
  if (tables.length > 0) throw refused(`${what} would leave other rows than there are now`, tables, ran);
  const places = otherPlaces(made.sequences, wanted.sequences).map(({ line, name }) => ({
    line,
    by: lastOf(name, ran, NAMES),
  }));
  if (places.length > 0) throw refused(`${what} would leave sequences elsewhere than they are now`, places, ran);
}

/** Something that differs, and who may have made it so. */
interface Differing {
  readonly line: string;
  readonly by: ValueSource | undefined;
}

/** A statement that does anything with what it names. */
const NAMES = /./;

function lastOf(name: string, { before, rest }: Ran, doing?: RegExp): ValueSource | undefined {
  const all = [...before, ...rest];
  return lastWriter(name, writersOf(all), all, doing);
}

function otherRows(table: string, made: State, wanted: State): string {
  const [here, there] = [made.rows.get(table) ?? new Map<string, number>(), wanted.rows.get(table) ?? new Map()];
  const more = (some: ReadonlyMap<string, number>, others: ReadonlyMap<string, number>): number =>
    [...some].reduce((sum, [hash, times]) => sum + Math.max(0, times - (others.get(hash) ?? 0)), 0);
  const [lacking, others] = [more(there, here), more(here, there)];
  return [
    ...(lacking === 0 ? [] : [`lacks ${rowsOf(lacking, table)}`]),
    ...(others === 0 ? [] : [`has ${rowsOf(others, table)} that ${others === 1 ? "is" : "are"} not there now`]),
  ].join(", ");
}

function otherPlaces(
  made: readonly SequencePlace[],
  wanted: readonly SequencePlace[],
): { line: string; name: string }[] {
  const key = ({ schema, name }: SequencePlace): string => quoteQualified(schema, name);
  const say = (place: SequencePlace | undefined): string =>
    place === undefined ? "at its beginning" : `${place.isCalled ? "behind" : "at"} ${place.last}`;
  const [here, there] = [made, wanted].map((places) => new Map(places.map((place) => [key(place), place])));
  return [...new Set([...made, ...wanted].map(key))].flatMap((sequence) => {
    const [is, should] = [here?.get(sequence), there?.get(sequence)];
    if (Bun.deepEquals(is, should)) return [];
    const { name = sequence } = is ?? should ?? {};
    return [{ line: `${unquoteNames(sequence)} is ${say(is)}, and now ${say(should)}`, name }];
  });
}

function refused(message: string, differing: readonly Differing[], ran: Ran): ConfitureError {
  const lines = differing.map(({ line, by }) => `  ${line}${by === undefined ? "" : ` (last: ${by.by}${at(by)})`}`);
  const first = differing.find(({ by }) => by !== undefined)?.by;
  return new ConfitureError("squash_refused", `${message}:\n${lines.join("\n")}`, {
    hint: `Nothing was changed. ${wayOn(first?.by, ran)}`,
    ...(first?.location === undefined ? {} : { location: first.location }),
  });
}

function at({ location }: ValueSource): string {
  if (location === undefined) return "";
  return `, ${location.file}${location.line === undefined ? "" : `:${location.line}`}`;
}

/** @param id of the migration that may have made the difference */
function wayOn(id: string | undefined, { before, rest }: Ran): string {
  const isIt = ({ file }: LoadedMigration): boolean => migrationId(file) === id;
  const later = rest.find(isIt);
  if (later !== undefined) {
    return `${id} does something else on the new base than on what that stands for: it goes by what no base carries, such as the numbers of columns and objects or the order of rows. To take it into the base as well: ${squashThrough(later)}`;
  }
  return (
    stopBefore(before, before.find(isIt)) ??
    "`confiture verify` says whether base and migrations are right as they are."
  );
}

/**
 * What to do about a migration that cannot go into a base; undefined where that is not known, or the base itself.
 * @param before the base, and what goes into the new one
 */
export function stopBefore(
  before: readonly LoadedMigration[],
  migration: LoadedMigration | undefined,
): string | undefined {
  if (migration === undefined || isBase(migration.file.version)) return undefined;
  const id = migrationId(migration.file);
  const previous = before[before.indexOf(migration) - 1];
  if (previous === undefined || isBase(previous.file.version))
    return `${id} is the first of them, so there is nothing before it to squash.`;
  return `To stop before ${id}: ${squashThrough(previous)}`;
}

function squashThrough({ file }: LoadedMigration): string {
  return `confiture migrate squash --through ${shellWord(file.version)}`;
}
