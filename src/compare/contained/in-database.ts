import type { ObjectId } from "../engine/object-id.ts";
import type { Database } from "#database/database.ts";
import { shellWord } from "#errors/shell.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import { type MigrationFile, migrationId } from "#migrate/files/migration-file.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { fingerprints } from "../catalogue/fingerprint.ts";
import { compareCatalogues } from "../catalogue/changes.ts";
import { onTerms } from "../catalogue/terms.ts";
import { compareOnTerms } from "../sources/comparison.ts";
import { type ProjectFiles, readInUse } from "../sources/sources.ts";
import { type ScratchSeries, withScratchSeries } from "../runs/scratch-series.ts";
import { readSequences } from "../sources/sequences.ts";
import { byMigrations, firstDoubt, onceSeen, stillThere, withoutRows } from "./claims.ts";
import { type Contained, decided, divide } from "./contained.ts";
import { findLast } from "./find-last.ts";
import { type Share, shareOf } from "./effect.ts";
import { type By, type Lacking, lackingPlaces, lackingRows, mayHold } from "./lacking.ts";
import { dataKey, readUpToDate, viewOfDataKey, viewsIn } from "./materialized.ts";
import { firstStillThere, readNames } from "./names.ts";
import { type Replay, type Replayed, type State } from "./replayed.ts";
import { chanceChanges } from "./row-changes.ts";
import { rowsNotCompared } from "./rows-in-use.ts";
import { changedTables, readRowHashes } from "./rows.ts";

/**
 * Which unrecorded migrations a database in use holds already: what base and migrations lead to, up to one of them, is in it,
 * rows included. The database is only read.
 */
export async function containedInDatabase(replay: Replay, database: Database, ledger: Ledger): Promise<Contained> {
  return await decided(replay, async (open) => {
    const take = await fingerprints(database);
    const seen = await take();
    const live = await readInUse(database, replay.options.table);
    // Nobody but the tool goes by its lock.
    const hasChanged = async (): Promise<boolean> =>
      (await take()) !== seen && compareCatalogues(live, await readInUse(database, replay.options.table)).length > 0;
    return await withScratchSeries(replay.options, async (series) => {
      const replayed = await replay.run(series);
      if (replayed === undefined) return divide(open, 0, NOT_FROM_NOTHING);
      const there = { database, ledger, live };
      const found = await heldBy(there, replay, replayed, series);
      const held = found.contained.length;
      const all = { ...found, rowsNotCompared: await rowsNotCompared(there, replay, replayed, [0, held]) };
      return found.contained.length > 0 && (await hasChanged()) ? { ...divide(open, 0, CHANGED), next: AGAIN } : all;
    });
  });
}

/** A database in use. */
interface InUse {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly live: Catalogue;
}

/** Compares what is replayed with what is there. */
async function heldBy(
  { database, ledger, live }: InUse,
  replay: Replay,
  replayed: Replayed,
  series: ScratchSeries,
): Promise<Contained> {
  const { options } = replay;
  const { states, failure, changes: rowsChanged, fixed } = replayed;
  const before = states.get(0)!;
  const loaded = await replay.load();
  const { open } = loaded;
  const sequences = await readSequences(database);
  const lackingRowsOf = async (from: State, state: State, by: By): Promise<Lacking | undefined> => {
    const only = changedTables(from.rows, state.rows);
    for (const table of state.earlier.keys()) only.add(table);
    const { written } = loaded;
    const rows =
      only.size === 0 ? new Map() : await readRowHashes(database, ledger, { only, written, chance: { fixed } });
    const one = typeof by === "string" ? by : "a migration";
    const except = await viewsNotCompared(database, replayed, open, state);
    return lackingRows(from, state, rows, by, except) ?? lackingPlaces(from, state, { sequences }, one, false);
  };
  const holdsObjectsOf = async (state: State): Promise<boolean> =>
    mayHold(before, state, live) && (await shareIn(options, before, state, live)) === "all";
  const last = await findLast(replayed, series, options.clock, async (state) => {
    return (await holdsObjectsOf(state)) && (await lackingRowsOf(before, state, "")) === undefined;
  });
  const doubt = firstDoubt(
    loaded,
    { major: live.major, roles: await options.roles?.() },
    {
      major: before.catalogue.major,
      chanceChanges: chanceChanges(rowsChanged, fixed),
    },
  );
  const still = replayed.taken.size === 0 ? undefined : firstStillThere(replayed.taken, await readNames(database));
  if (still !== undefined && still.at < Math.min(last, doubt?.at ?? last)) {
    // What comes behind it, and is there, could not be run once more.
    const why = stillThere(open[still.at]!, still.name);
    return divide(open, still.at, still.at === last - 1 ? undefined : why, { why });
  }
  if (doubt !== undefined && doubt.at < last) return divide(open, doubt.at, doubt.why, onceSeen(open, doubt.at, last));
  const held = await withoutIdle(replayed, series, last);
  const [next, migration] = [states.get(held + 1), open[held]];
  if (next === undefined || migration === undefined) return divide(open, held, failure);
  const from = states.get(held)!;
  const share = await shareIn(options, from, next, live);
  const made = share === "some" ? HALF : madeAlready(open, replayed, held, live);
  const untold = (): Contained => divide(open, held, made?.why, made);
  const changes = compareCatalogues(from.catalogue, next.catalogue).length > 0;
  if (share !== "all") {
    const atEnd = states.get(open.length);
    const alone =
      atEnd !== undefined && (await holdsObjectsOf(atEnd))
        ? await lackingRowsOf(before, atEnd, byMigrations(replayed, open))
        : undefined;
    if (alone === undefined) return untold();
    const known = withoutRows(alone, open.at(-1)!, "the database");
    return divide(open, held, known.why, known);
  }
  const by = migrationId(migration.file);
  const lacking = (await lackingRowsOf(from, next, by)) ?? (await lackingRowsOf(before, next, by));
  if (lacking === undefined) return untold();
  const known = withoutRows(lacking, migration, "the database");
  if (!changes && made?.next !== undefined) return untold();
  return divide(open, held, changes ? known.why : made?.why, known);
}

/**
 * Materialized views whose rows tell nothing: a database in use has others than a replay, and its views as well. But what a migration
 * has given to one that was populated before, by a REFRESH, is there, or the view is up to date.
 */
async function viewsNotCompared(
  database: Database,
  { states, changes }: Replayed,
  open: readonly LoadedMigration[],
  state: State,
): Promise<ReadonlySet<string>> {
  const views = viewsIn(state.rows);
  if (views.size === 0) return views;
  const through = [...states].find(([, one]) => one === state)?.[0] ?? open.length;
  const made = new Set(
    changes.flatMap(({ at, table }) => (viewOfDataKey(table) === undefined ? [] : [`${at} ${table}`])),
  );
  const refreshed = new Set(
    changes.flatMap(({ at, table }) => {
      if (at >= through || !views.has(table) || made.has(`${at} ${dataKey(table)}`)) return [];
      return isMadeAnew(open[at]!) ? [] : [table];
    }),
  );
  const upToDate = refreshed.size === 0 ? refreshed : await readUpToDate(database, refreshed);
  return views.difference(refreshed).union(upToDate);
}

/** Whether a migration makes a view once more, which the catalogue tells, and refreshes none. */
function isMadeAnew({ kept }: LoadedMigration): boolean {
  const source = kept.source ?? "";
  return /\bcreate\s+materialized\b/i.test(source) && !/\brefresh\b/i.test(source);
}

const NOT_FROM_NOTHING =
  "the migrations do not start from an empty database; `confiture migrate base` writes down what is there before them";
const CHANGED = "the database was changed while it was looked at";
const AGAIN = "  confiture migrate baseline --proven   looks once more";
const HALF: Told = { why: "the database holds some of what the next migration does" };

/** Without the last ones that change nothing but rows that are not here: they may have been run, or not. */
async function withoutIdle({ states, read }: Replayed, series: ScratchSeries, last: number): Promise<number> {
  let held = last;
  for (; held > 0; held--) {
    if (!states.has(held - 1)) {
      const few = Array.from({ length: IDLE }, (_, back) => held - 1 - back);
      await read(
        series,
        few.filter((count) => count > 0 && !states.has(count)),
      );
    }
    const [before, after] = [states.get(held - 1)!, states.get(held)!];
    if (compareCatalogues(before.catalogue, after.catalogue).length > 0) break;
    if (changedTables(before.rows, after.rows).size > 0) break;
  }
  return held;
}

/** States that are read in one more replay: there is seldom more than one such migration in a row. */
const IDLE = 3;

/** Why nobody can tell whether the next one is there, and what to do. */
type Told = Pick<Contained, "next"> & { readonly why: string };

/** What a later migration makes may be there already, made by a build: it would not apply. */
function madeAlready(
  open: readonly LoadedMigration[],
  { states }: Replayed,
  held: number,
  live: Catalogue,
): Told | undefined {
  const id = (count: number): string => migrationId(open[count - 1]!.file);
  const before = states.get(0)!.catalogue.facts;
  let last = held;
  for (const count of [...states.keys()].filter((key) => key > held).toSorted((a, b) => a - b)) {
    const from = states.get(last)!.catalogue.facts;
    const made = states
      .get(count)!
      .catalogue.facts.facts()
      .find((fact) => isThing(fact.id) && !from.has(fact.id) && !before.has(fact.id) && live.facts.has(fact.id));
    if (made !== undefined) {
      if (count === held + 1) return HALF;
      const lacks = `and lacks what ${id(held + 1)} does`;
      if (count > last + 1)
        return { why: `the database holds some of what ${id(last + 1)} to ${id(count)} make, ${lacks}` };
      const next = upTo(open[count - 2]!.file);
      return { why: `the database holds what ${id(count)} makes, ${lacks}`, next };
    }
    last = count;
  }
  return undefined;
}

/** It would fail at what is there already: the ones before that are run alone, and what is there is recorded then. */
function upTo({ version }: MigrationFile): string {
  const up = `confiture migrate up --to ${shellWord(version)}`;
  return [
    `  ${up}   runs what comes before what is there already`,
    "  confiture migrate baseline --proven   then records what is there, or says what it lacks",
    "  confiture migrate baseline   records them all instead, without proof and without running any",
  ].join("\n");
}

function isThing({ kind }: ObjectId): boolean {
  return kind === "table" || kind === "column" || kind === "constraint" || kind === "index" || kind === "view";
}

/** Who owns what a scratch database made is another one there. */
export const ON_TERMS = { owners: false, grants: true, extensionVersions: false } as const;

/** How much of a change of objects a database in use holds. */
export async function shareIn(options: ProjectFiles, from: State, to: State, live: Catalogue): Promise<Share> {
  const { from: worded, to: database } = await compareOnTerms(options, to.catalogue, live, ON_TERMS);
  const begun = onTerms(from.catalogue, live, ON_TERMS).from;
  return shareOf(from.catalogue, to.catalogue, database, { from: begun, to: worded });
}
