import type { Database } from "#database/database.ts";
import { baseFile } from "#migrate/base.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { withLoadedBase } from "../runs/loaded-base.ts";
import { type ScratchSeries, withScratchSeries } from "../runs/scratch-series.ts";
import { type ScratchRun, startRun } from "../runs/scratch-run.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import { readSequences } from "../sources/sequences.ts";
import { projectBase, type ProjectFiles, readInUse } from "../sources/sources.ts";
import { compareOnTerms } from "../sources/comparison.ts";
import { ON_TERMS, shareIn } from "./in-database.ts";
import { build, placesSequence } from "./in-schema.ts";
import { lackingOf, lackingPlaces, lackingRows, mayHold } from "./lacking.ts";
import { readState, type State } from "./replayed.ts";
import { viewsIn } from "./materialized.ts";
import { changedTables, readRowHashes } from "./rows.ts";

/**
 * What the schema files lack of what the base makes, by proof in scratch databases.
 * @param then migrations that the schema files hold: what these change again counts as it is after them
 * @returns undefined where they lack nothing
 */
export async function baseLackingInSchema(
  options: ProjectFiles,
  then: readonly MigrationFile[],
): Promise<string | undefined> {
  return await withBase(options, then, async ({ before, after, ran }, series) => {
    const built = await build(await series.empty(), options);
    const by = then.length === 0 ? BY : `${BY} and migrations`;
    const lacking = lackingOf(before, after, built, { by, isExact: ran.some(placesSequence) });
    return lacking && `${lacking.what} the schema files`;
  });
}

/**
 * What a database in use lacks of what the base makes. The database is only read.
 * @param then migrations that it holds, as for `baseLackingInSchema`
 * @returns undefined where it lacks nothing
 */
export async function baseLackingInDatabase(
  options: ProjectFiles,
  then: readonly MigrationFile[],
  database: Database,
  ledger: Ledger,
): Promise<BaseLacking | undefined> {
  const live = await readInUse(database, options.table);
  return await withBase(options, then, async ({ before, after }) => {
    if (!mayHold(before, after, live) || (await shareIn(options, before, after, live)) !== "all") {
      const { changes } = await compareOnTerms(options, after.catalogue, live, ON_TERMS);
      const objects = changes.filter(({ change }) => change !== "added");
      return { what: `some of what ${BY} makes is not in the database`, objects };
    }
    const only = changedTables(before.rows, after.rows);
    const rows = only.size === 0 ? new Map() : await readRowHashes(database, ledger, { only });
    const places = { sequences: await readSequences(database) };
    const lacking =
      lackingRows(before, after, rows, BY, viewsIn(after.rows)) ?? lackingPlaces(before, after, places, BY, false);
    return lacking && { what: `${lacking.what} the database`, objects: [] };
  });
}

/**
 * What a new database would lack if another base took the place of the one that is there, both with all migrations after them.
 * @param text the other base
 * @param then all migrations
 * @returns undefined where it lacks nothing
 */
export async function baseLackingInText(
  options: ProjectFiles,
  then: readonly MigrationFile[],
  text: string,
): Promise<BaseLacking | undefined> {
  return await withBase(options, then, async ({ before, after, ran }, series) => {
    const made = await withLoadedBase(text, baseFile(options.migrationsDir).path, async (base) =>
      runThrough(await startRunIn(series, options), [base, ...ran.slice(1)]),
    );
    const lacking = lackingOf(before, after, made, { by: BY });
    if (lacking === undefined) return undefined;
    const changes = lacking.of === "objects" ? compareCatalogues(made.catalogue, after.catalogue) : [];
    return { what: `${lacking.what} the new one`, objects: changes.filter(({ change }) => change !== "dropped") };
  });
}

/** What there is not of what the base makes. */
export interface BaseLacking {
  /** One sentence without its end. */
  readonly what: string;
  /** The objects, where it is these. */
  readonly objects: readonly Change[];
}

const BY = "base.sql";

interface RunBase {
  /** The base, and what ran behind it. */
  readonly ran: readonly LoadedMigration[];
  /** An empty database, and the same with all of them. */
  readonly before: State;
  readonly after: State;
}

/** Runs the base in a scratch database, and migrations behind it. A project without one lacks nothing of it. */
async function withBase<T>(
  options: ProjectFiles,
  then: readonly MigrationFile[],
  look: (run: RunBase, series: ScratchSeries) => Promise<T | undefined>,
): Promise<T | undefined> {
  const base = projectBase(options);
  if (base.length === 0) return undefined;
  const ran: LoadedMigration[] = [];
  for (const file of [...base, ...then]) ran.push(await loadWithinLimit(options, file));
  return await withScratchSeries(options, async (series) => {
    const started = await startRunIn(series, options);
    const before = await readState(started.database, started.run);
    return await look({ ran, before, after: await runThrough(started, ran) }, series);
  });
}

interface Started {
  readonly database: Database;
  readonly run: ScratchRun;
}

async function startRunIn(series: ScratchSeries, options: ProjectFiles): Promise<Started> {
  const database = await series.empty();
  return { database, run: await startRun(database, options) };
}

async function runThrough({ database, run }: Started, migrations: readonly LoadedMigration[]): Promise<State> {
  for (const migration of migrations) {
    const error = await run.step(migration, "up");
    if (error !== undefined) throw error;
  }
  return await readState(database, run);
}
