import { differences } from "../engine/differences.ts";
import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { Database } from "#database/database.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import { textOfWay } from "#migrate/files/body.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { startRun } from "../runs/scratch-run.ts";
import { type ScratchSeries, withScratchSeries } from "../runs/scratch-series.ts";
import { buildSchema, readInUse } from "../sources/sources.ts";
import { containedInDatabase } from "./in-database.ts";
import { containedInSchema } from "./in-schema.ts";
import type { Replay } from "./replayed.ts";
import { rowsNotCompared } from "./rows-in-use.ts";

/** How far a database is behind. */
export interface Behind {
  /** How many migrations it holds and has no record of. */
  readonly held: number;
  readonly lacking: readonly MigrationFile[];
}

/**
 * The migrations that the schema files hold and a database lacks, where a build cannot bring it up to date: they change
 * tables that are there, which CREATE TABLE IF NOT EXISTS leaves as they are, or go by rows that are there. The database is
 * only read. None where nobody can tell.
 */
export async function behindSchema(replay: Replay, database: Database, ledger: Ledger): Promise<Behind> {
  const { contained: there, pending, undecided } = await containedInDatabase(replay, database, ledger);
  const held = there.length;
  const none = { held, lacking: [] };
  if (pending.length + undecided.length === 0) return none;
  const { contained } = await containedInSchema(replay);
  const lacking = contained.slice(held);
  if (lacking.length === 0) return none;
  const { facts: live } = await readInUse(database, replay.options.table);
  return await withScratchSeries(replay.options, async (series) => {
    // Both were looked at to tell what is contained.
    const replayed = await replay.run(series);
    if (replayed === undefined) return (await isMissing(replay, series, lacking, live)) ? { held, lacking } : none;
    const [from, to] = [replayed.states.get(held), replayed.states.get(contained.length)];
    if (pending.length === 0 || from === undefined || to === undefined) return none;
    if (changesTableOf(from.catalogue, to.catalogue, live)) return { held, lacking };
    // What they make would be there after a build, and the rows that they put into it would not.
    const going = await rowsNotCompared({ database, ledger }, replay, replayed, [held, contained.length]);
    const { open } = await replay.load();
    const isMaking = open.some(
      (migration) => going.includes(migration.file) && MAKES_OBJECTS.test(textOfWay(migration.up, migration)),
    );
    return isMaking ? { held, lacking } : none;
  });
}

/** What a build would make in the place of a migration; one that only changes rows stays pending, and runs as well behind it. */
const MAKES_OBJECTS = /\b(?:create|alter)\b|\bselect\b[^;]*\binto\b/i;

/** What running migrations would do about something that a database lacks. */
export interface Bringing {
  /** How many of them the database holds and has no record of: they would be run again. */
  readonly held: number;
  /** Why the others are not known to make all of it; undefined where they do. */
  readonly why: string | undefined;
}

/** Whether the unrecorded migrations make what a database lacks of the schema files. The database is only read. */
export async function bringing(
  replay: Replay,
  database: Database,
  ledger: Ledger,
  lacking: readonly Change[],
): Promise<Bringing> {
  const { contained, pending, undecided, why } = await containedInDatabase(replay, database, ledger);
  const held = contained.length;
  if (undecided.length > 0) return { held, why };
  const replayed = await withScratchSeries(replay.options, (series) => replay.run(series));
  const [from, to] = [held, held + pending.length].map((count) => replayed?.states.get(count));
  const made = from === undefined || to === undefined ? [] : compareCatalogues(from.catalogue, to.catalogue);
  const isMade = ({ kind, name }: Change): boolean => made.some((one) => one.kind === kind && one.name === name);
  return {
    held,
    why: lacking.every(isMade) ? undefined : "the migrations that are not recorded do not make all of it",
  };
}

/**
 * Whether a database lacks something that migrations make which do not start from nothing: what taking them back takes away
 * from what the schema files build.
 */
async function isMissing(
  { options, load }: Replay,
  series: ScratchSeries,
  lacking: readonly MigrationFile[],
  live: Facts,
): Promise<boolean> {
  const { open } = await load();
  const database = await series.empty();
  await buildSchema(database, options);
  const run = await startRun(database, options);
  const { facts: to } = await run.read();
  for (const migration of open.filter(({ file }) => lacking.includes(file)).toReversed()) {
    await run.record(migration);
    if ((await run.step(migration, "down")) !== undefined) return false;
  }
  const { facts: from } = await run.read();
  return differences(from, to).some(
    (delta) => delta.verb === "add" && THINGS.has(delta.fact.id.kind) && !live.has(delta.fact.id),
  );
}

const THINGS: ReadonlySet<string> = new Set(["table", "column", "constraint", "index", "view", "function"]);

/** Whether a change is one of a table, or of a column or constraint in one, that a database has. Pure. */
function changesTableOf(from: Catalogue, to: Catalogue, live: Facts): boolean {
  const has = (id: ObjectId): boolean => {
    if (id.kind === "table") return live.has(id);
    return (
      (id.kind === "column" || id.kind === "constraint") &&
      live.has({ kind: "table", schema: id.schema, name: id.table })
    );
  };
  return differences(from.facts, to.facts).some((delta) => {
    if (delta.verb === "add") return delta.fact.id.kind !== "table" && has(delta.fact.id);
    if (delta.verb === "remove") return has(delta.fact.id);
    return delta.verb === "set" && has(delta.id);
  });
}
