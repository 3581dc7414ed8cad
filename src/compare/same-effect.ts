import { ConfitureError } from "#errors/error.ts";
import { withTemporaryFolder } from "#files/temporary.ts";
import type { Direction } from "#migrate/events.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { loadMigration } from "#migrate/files/load.ts";
import { loadWithinLimit } from "./runs/within-limit.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { FormerFile } from "#migrate/same-way-up.ts";
import { compareVersions } from "#migrate/files/version.ts";
import { effectInWords, nothingKnown, type UncomparedEffect } from "#sql/effects/uncompared.ts";
import { loadParser, type Parser } from "#sql/parser.ts";
import { uncomparedOf } from "./contained/loaded.ts";
import { changeInLine, compareCatalogues } from "./catalogue/changes.ts";
import { readState, type State } from "./contained/replayed.ts";
import { changedTables } from "./contained/rows.ts";
import { columnOrders } from "./copied-schema.ts";
import { startRun } from "./runs/scratch-run.ts";
import { type ScratchSeries, withScratchSeries } from "./runs/scratch-series.ts";
import type { SequencePlace } from "./sources/sequences.ts";
import { readDetails } from "./tree/details.ts";
import { projectBase, type ProjectFiles, projectMigrations } from "./sources/sources.ts";

/**
 * What a migration as it was applied and as its file is now leave that is not the same, on top of what is before it: objects, the
 * order of columns, rows, sequences. Both run in scratch databases. A way back may also lead to where its migration began, whatever
 * the former one led to.
 * @throws ConfitureError where one of them, or what is before it, does not run there, or does what no comparison shows
 */
export async function differingEffects(
  options: ProjectFiles,
  applied: FormerFile,
  now: MigrationFile,
  way: Direction,
): Promise<string[]> {
  const before: LoadedMigration[] = [];
  for (const file of [...projectBase(options), ...projectMigrations(options)]) {
    if (compareVersions(file.version, now.version) >= 0) continue;
    before.push(await loadWithinLimit(options, file));
  }
  return await withTemporaryFolder(async ({ dir, write }) => {
    write(applied.file.path, applied.text);
    // What is below its folder, such as its way back, is no concern.
    const { downPath: _, ...former } = applied.file;
    const was = await loadMigration(dir, former, options.signal);
    const is = await loadWithinLimit(options, now);
    if (way === "up") requireCompared(before, [was, is], await loadParser());
    return await withScratchSeries(options, async (series) => {
      const after = async (migration: LoadedMigration, ...ways: Direction[]): Promise<Effect> =>
        await effectOf(options, series, before, migration, ways);
      if (way === "up") return differing(await after(was, "up"), await after(is, "up"));
      const led = await after(is, "up", "down");
      const begun = await after(is);
      const lines = differing({ ...begun, orders: led.orders }, led);
      if (lines.length === 0 || was.down === undefined) return lines;
      return differing(await after(was, "up", "down"), led).length === 0 ? [] : lines;
    });
  });
}

/** What is there after some statements. */
interface Effect extends State {
  /** Of the columns of each table. */
  readonly orders: ReadonlyMap<string, string>;
}

/** What has to happen to one to make it the other, line by line. Pure. */
function differing(one: Effect, other: Effect): string[] {
  const sequencesOf = ({ sequences }: Effect): Map<string, SequencePlace> =>
    new Map(sequences.map((place) => [`${place.schema}.${place.name}`, place]));
  const [places, otherPlaces] = [sequencesOf(one), sequencesOf(other)];
  const changes = compareCatalogues(one.catalogue, other.catalogue);
  return [
    ...changes.map(changeInLine),
    ...(changes.length > 0 ? [] : otherOrders(one, other)),
    ...[...changedTables(one.rows, other.rows)].map((table) => `${table} has other rows`),
    ...[...new Set([...places.keys(), ...otherPlaces.keys()])].flatMap((name) =>
      Bun.deepEquals(places.get(name), otherPlaces.get(name)) ? [] : [`the sequence ${name} is somewhere else`],
    ),
  ];
}
/** `INSERT` without names of columns and `SELECT *` go by it. */
function otherOrders(one: Effect, other: Effect): string[] {
  return [...other.orders].flatMap(([table, order]) => {
    const was = one.orders.get(table) ?? order;
    return was === order ? [] : [`${table} has its columns in another order: ${was} -> ${order}`];
  });
}

/**
 * What no comparison shows has to be the same in both texts.
 * @throws ConfitureError `accept_refused`
 */
function requireCompared(
  before: readonly LoadedMigration[],
  versions: readonly [applied: LoadedMigration, now: LoadedMigration],
  parser: Parser,
): void {
  const [applied, now] = versions.map((migration) => {
    const known = nothingKnown();
    for (const one of before) uncomparedOf(one, parser, known);
    return uncomparedOf(migration, parser, known);
  }) as [UncomparedEffect[], UncomparedEffect[]];
  const [was, is] = [applied.map(keyOf), now.map(keyOf)];
  const added = now.find((_, at) => is[at] !== was[at]);
  const removed = applied.find((_, at) => is[at] !== was[at]);
  const effect = added ?? removed;
  if (effect === undefined) return;
  throw new ConfitureError(
    "accept_refused",
    `${added === undefined ? "what was applied" : "it"} ${effectInWords(effect)}`,
  );
}

function keyOf({ statement, what }: UncomparedEffect): string {
  return [what, ...(statement?.tokens() ?? [])].join("\n");
}

async function effectOf(
  options: ProjectFiles,
  series: ScratchSeries,
  before: readonly LoadedMigration[],
  migration: LoadedMigration,
  ways: readonly Direction[],
): Promise<Effect> {
  const database = await series.empty();
  const run = await startRun(database, options);
  const steps = [...before.map((earlier) => [earlier, "up"] as const), ...ways.map((way) => [migration, way] as const)];
  for (const [one, way] of steps) {
    const error: ConfitureError | undefined = await run.step(one, way);
    if (error !== undefined) throw error;
  }
  const details = await readDetails(database);
  return {
    ...(await readState(database, run)),
    orders: new Map(columnOrders({ details }).map(({ schema, name, value }) => [`${schema}.${name}`, value])),
  };
}
