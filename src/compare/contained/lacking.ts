import type { SequencePlace } from "../sources/sequences.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { isGrantToOwner, mainOwner } from "../catalogue/terms.ts";
import type { Fact } from "../engine/facts.ts";
import { shareOf } from "./effect.ts";
import { differInChance } from "./chance.ts";
import type { State } from "./replayed.ts";
import { hashesOf, type Rows, rowsOf } from "./rows.ts";

/** What of a change is not in a database. */
export interface Lacking {
  /** `objects`: what its catalogue tells; else what rows and sequences tell. */
  readonly of: "objects" | "rows" | "sequences";
  /** One sentence without its end, which goes on with where it is not: "1 row of public.t, made by 002_x, is not in". */
  readonly what: string;
  /** Whether the rows are there but for values that defaults compute. */
  readonly isOfValues?: boolean;
}

/**
 * What of a change from one state to another is not in a third database; undefined where everything is. Pure.
 * @param by what makes the change, for the sentence
 * @param isExact whether sequences have to be just where the change puts them, and not beyond
 */
export function lackingOf(
  before: State,
  after: State,
  database: State,
  { by, isExact = false }: { readonly by: By; readonly isExact?: boolean },
): Lacking | undefined {
  const one = typeof by === "string" ? by : "a migration";
  if (shareOf(before.catalogue, after.catalogue, database.catalogue) !== "all") {
    return { of: "objects", what: `some of what ${one} makes is not in` };
  }
  return (
    lackingRows(before, after, database.rows, by, database.upToDate) ??
    lackingPlaces(before, after, database, one, isExact)
  );
}

/** What makes a change, or who has made rows of a table come or go. */
export type By = string | ((what: "came" | "gone", table: string, rows: readonly string[]) => string);

/**
 * Rows that a change has left and that are not there, and those that it took away and that are. Pure.
 * @param except what does not count, by `Rows`' keys
 */
export function lackingRows(
  before: State,
  after: State,
  there: Rows,
  by: By,
  except: ReadonlySet<string> = new Set(),
): Lacking | undefined {
  const say = typeof by === "string" ? () => by : by;
  const [was, is] = [before.rows, after.rows];
  for (const [table, rows] of is) {
    if (except.has(table)) continue;
    let missing = 0;
    const keys: string[] = [];
    for (const [hash, times] of rows) {
      const left = times - hashesOf(was, table, hash);
      const lacking = left > 0 ? Math.max(0, left - hashesOf(there, table, hash)) : 0;
      missing += lacking;
      if (lacking > 0) keys.push(hash);
    }
    if (missing > 0) {
      const isOfValues = differInChance(keys, there.get(table));
      const how = isOfValues ? " with other values than defaults give" : "";
      const what = `${rowsOf(missing, table)}, made by ${say("came", table, keys)}${how}, ${missing === 1 ? "is" : "are"} not in`;
      return { of: "rows", what, isOfValues };
    }
  }
  for (const gone of [was, after.earlier]) {
    for (const [table, rows] of gone) {
      if (except.has(table)) continue;
      let left = 0;
      const keys: string[] = [];
      for (const [hash, times] of rows) {
        const still = hashesOf(is, table, hash);
        const more = still < times ? Math.max(0, hashesOf(there, table, hash) - still) : 0;
        left += more;
        if (more > 0) keys.push(hash);
      }
      if (left > 0) {
        return {
          of: "rows",
          what: `${rowsOf(left, table)}, which ${say("gone", table, keys)} takes away or changes, ${left === 1 ? "is" : "are"} still in`,
        };
      }
    }
  }
  return undefined;
}

/** A sequence that is not as far as a change has put it. Pure. */
export function lackingPlaces(
  before: Pick<State, "sequences">,
  after: Pick<State, "sequences">,
  database: Pick<State, "sequences">,
  by: string,
  isExact: boolean,
): Lacking | undefined {
  for (const place of after.sequences) {
    const there = samePlace(database.sequences, place);
    if (Bun.deepEquals(samePlace(before.sequences, place), place)) continue;
    if (there !== undefined && (isExact ? nextOf(there) === nextOf(place) : isAsFar(there, place))) continue;
    const name = `${place.schema}.${place.name}`;
    const { last, isCalled } = place;
    return {
      of: "sequences",
      what: `the sequence ${name}, which ${by} ${isCalled ? `leaves at ${last}` : `sets to go on with ${last}`}, has another number in`,
    };
  }
  return undefined;
}

function samePlace(places: readonly SequencePlace[], { schema, name }: SequencePlace): SequencePlace | undefined {
  return places.find((other) => other.schema === schema && other.name === name);
}

function nextOf({ last, isCalled, increment }: SequencePlace): bigint {
  return BigInt(last) + (isCalled ? BigInt(increment) : 0n);
}

function isAsFar(there: SequencePlace, wanted: SequencePlace): boolean {
  return BigInt(wanted.increment) > 0n ? nextOf(there) >= nextOf(wanted) : nextOf(there) <= nextOf(wanted);
}

/**
 * Names alone, which need no other words: what a change makes is there, and what it takes away is not. Those that name the role
 * which has made it tell nothing: in the database it may be another one. Pure.
 */
export function mayHold({ catalogue: from }: State, { catalogue: to }: State, { facts }: Catalogue): boolean {
  const made = namedAlike(to).filter(({ id }) => !from.facts.has(id));
  const gone = namedAlike(from).filter(({ id }) => !to.facts.has(id));
  return made.every(({ id }) => facts.has(id)) && gone.every(({ id }) => !facts.has(id));
}

/** What has the same name in every database, whoever owns it there. */
function namedAlike(catalogue: Catalogue): Fact[] {
  const owner = mainOwner(catalogue);
  return catalogue.facts.facts().filter(({ id }) => {
    if (id.kind === "role" || id.kind === "membership") return false;
    if (id.kind === "defaultPrivilege" && id.role === owner) return false;
    return !isGrantToOwner(catalogue.facts, id, owner);
  });
}
