import type { StableId } from "@supabase/pg-delta/core";
import type { Database } from "#database/database.ts";
import type { LoadedMigration } from "#migrate/body.ts";
import type { Ledger } from "#migrate/ledger.ts";
import { migrationId } from "#migrate/migration-file.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { compareOnTerms } from "../sources/comparison.ts";
import { readInUse } from "../sources/sources.ts";
import { withScratch } from "../scratch/scratch.ts";
import { type Contained, decided, divide } from "./contained.ts";
import { requireTime } from "./clock.ts";
import { type Share, shareOf } from "./effect.ts";
import { type ContainedOptions, type Replayed, replay, type State, WINDOW } from "./replayed.ts";
import { changedTables, hasRowsOf, readRowHashes } from "./rows.ts";

/**
 * Which unrecorded migrations a database in use holds already: what base and migrations lead to, up to one of them, is in it,
 * rows included. The database is only read.
 */
export async function containedInDatabase(
  options: ContainedOptions,
  database: Database,
  ledger: Ledger,
): Promise<Contained> {
  return await decided(options, async (all, open) => {
    const live = await readInUse(database, options.table);
    const replayFrom = (from: number): Promise<Replayed | undefined> =>
      withScratch(options, (scratch) => replay(options, scratch, { all, open, from }));
    let replayed = await replayFrom(open.length - WINDOW);
    if (replayed === undefined) return divide(open, 0, NOT_FROM_NOTHING);
    let last = await findLast(replayed);
    if (last < 0 && open.length > WINDOW) {
      replayed = (await replayFrom(0)) ?? replayed;
      last = await findLast(replayed);
    }
    const { before, after, error } = replayed;
    const next = after[last + 1];
    if (next === undefined)
      return divide(open, last + 1, error?.message ?? (last + 1 < open.length ? UNREAD : undefined));
    const share = await shareIn(options, last < 0 ? before : after[last]!, next, live);
    return divide(open, last + 1, share === "some" ? HALF : madeAlready(open, replayed, last + 1, live));

    async function findLast({ before: beginning, after: states }: Replayed): Promise<number> {
      for (const [index, state] of [...states.entries()].toReversed()) {
        requireTime(options.clock);
        if (state === undefined || !mayHold(beginning, state, live)) continue;
        if ((await shareIn(options, beginning, state, live)) !== "all") continue;
        const tables = changedTables(beginning.rows, state.rows);
        if (tables.size === 0) return index;
        if (hasRowsOf(beginning.rows, state.rows, await readRowHashes(database, ledger, tables))) return index;
      }
      return -1;
    }
  });
}

const NOT_FROM_NOTHING =
  "the migrations do not start from an empty database; `confiture migrate base` writes down what is there before them";
const HALF = "the database holds some of what the next migration does";
const UNREAD = "there are too many to look at each";

/** What a later migration makes may be there already, made by a build: it would not apply. */
function madeAlready(
  open: readonly LoadedMigration[],
  { before, after }: Replayed,
  first: number,
  live: Catalogue,
): string | undefined {
  for (let index = first; index < after.length; index++) {
    const from = index === 0 ? before : after[index - 1];
    const to = after[index];
    if (from === undefined || to === undefined) continue;
    const made = to.catalogue.facts.facts().find(({ id }) => isThing(id) && !from.catalogue.facts.has(id));
    if (made === undefined || before.catalogue.facts.has(made.id) || !live.facts.has(made.id)) continue;
    return `the database holds what ${migrationId(open[index]!.file)} makes, and lacks what ${migrationId(open[first]!.file)} does`;
  }
  return undefined;
}

function isThing({ kind }: StableId): boolean {
  return kind === "table" || kind === "column" || kind === "constraint" || kind === "index" || kind === "view";
}

/** Names alone, which need no other words: what a change makes is there, and what it takes away is not. */
function mayHold({ catalogue: from }: State, { catalogue: to }: State, { facts }: Catalogue): boolean {
  const made = to.facts
    .facts()
    .filter(({ id }) => id.kind !== "role" && id.kind !== "membership" && !from.facts.has(id));
  const gone = from.facts.facts().filter(({ id }) => !to.facts.has(id));
  return made.every(({ id }) => facts.has(id)) && gone.every(({ id }) => !facts.has(id));
}

async function shareIn(options: ContainedOptions, from: State, to: State, live: Catalogue): Promise<Share> {
  const terms = { owners: false, grants: true, extensionVersions: false };
  const { from: worded, to: database } = await compareOnTerms(options, to.catalogue, live, terms);
  return shareOf(from.catalogue, to.catalogue, database, worded);
}
