import type { Database } from "#database/database.ts";
import type { LoadedMigration } from "#migrate/body.ts";
import { withRevision } from "./git.ts";
import { bringForward, type Onlooker, type Replay, type ReplayOptions, rollBackAndForward } from "./replay.ts";
import { withScratch } from "./scratch.ts";
import { type ScratchRun, startRun } from "./scratch-run.ts";
import { buildSchema, isMissingObject, type ProjectFiles, schemaFolders } from "./sources.ts";
import { type Watch, watched } from "./watch.ts";

/**
 * `migrations`: they were replayed from an empty database; `schema`: they do not start from nothing, so the
 * built schema was rolled back through them and brought forward again; `behind`: the schema files do not hold the
 * migrations' changes, which were applied to what they build; `base`: the schema files of a commit were
 * brought forward.
 */
export type Way = "migrations" | "schema" | "behind" | "base";

export interface ReplayedFiles extends ProjectFiles {
  /** A commit whose schema files the migrations are applied to. */
  readonly base?: string | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
  /** Whether a migration is tried out; every one is when undefined. */
  readonly isTested?: ((migration: LoadedMigration) => boolean) | undefined;
  /** Looks on besides, in each database that migrations are tried out in. */
  readonly onlooker?: ((database: Database) => Onlooker) | undefined;
}

/** Tries migrations out in scratch databases, the first way that is open. */
export async function replayMigrations(
  files: ReplayedFiles,
  migrations: readonly LoadedMigration[],
): Promise<{ readonly way: Way; readonly replay: Replay }> {
  return await watched(async (watch) => {
    if (files.base !== undefined)
      return { way: "base", replay: await fromRevision(files, files.base, migrations, watch) };
    const start = await fromNothing(files, migrations, watch);
    if (start !== undefined) return start;
    const replay = await withScratch(files, async (database) => {
      await buildSchema(database, files);
      return await forward(files, database, migrations, watch);
    });
    return { way: "behind", replay };
  });
}

type Watching = (run: ScratchRun) => Watch;

/** Builds the schema files of a commit and brings them forward. */
async function fromRevision(
  files: ReplayedFiles,
  base: string,
  migrations: readonly LoadedMigration[],
  watch: Watching,
): Promise<Replay> {
  return await withRevision(files.projectDir, base, schemaFolders(files), (projectDir) =>
    withScratch(files, async (database) => {
      await buildSchema(database, { ...files, projectDir });
      return await forward(files, database, migrations, watch);
    }),
  );
}

/**
 * Replays from an empty database; where the first migration needs something that only the schema files create, from
 * these.
 * @returns undefined when the schema files do not hold what a migration would take away
 */
async function fromNothing(
  files: ReplayedFiles,
  migrations: readonly LoadedMigration[],
  watch: Watching,
): Promise<{ way: Way; replay: Replay } | undefined> {
  const replay = await withScratch(files, (database) => forward(files, database, migrations, watch));
  const [finding] = replay.findings;
  const startsElsewhere = replay.applied === 0 && finding?.error !== undefined && isMissingObject(finding.error);
  if (!startsElsewhere) return { way: "migrations", replay };
  const around = await withScratch(files, (database) => fromSchema(files, database, migrations, watch));
  return around === undefined ? undefined : { way: "schema", replay: around };
}

async function fromSchema(
  files: ReplayedFiles,
  database: Database,
  migrations: readonly LoadedMigration[],
  watch: Watching,
): Promise<Replay | undefined> {
  await buildSchema(database, files);
  const run = await startRun(database, files);
  for (const migration of migrations) await run.record(migration);
  return await rollBackAndForward(run, optionsOf(files, database, reversible(files, migrations), watch(run)));
}

/** Those that can be rolled back: the way back ends at the last one without a down. */
export function reversible(
  { isTested = () => true }: Pick<ReplayedFiles, "isTested">,
  migrations: readonly LoadedMigration[],
): readonly LoadedMigration[] {
  const afterLastOneWay = migrations.findLastIndex(({ down }) => down === undefined) + 1;
  const firstTested = migrations.findIndex(isTested);
  return migrations.slice(Math.max(afterLastOneWay, firstTested));
}

async function forward(
  files: ReplayedFiles,
  database: Database,
  migrations: readonly LoadedMigration[],
  watch: Watching,
): Promise<Replay> {
  const run = await startRun(database, files);
  return await bringForward(run, optionsOf(files, database, migrations, watch(run)));
}

function optionsOf(
  { isTested = () => true, onlooker }: ReplayedFiles,
  database: Database,
  migrations: readonly LoadedMigration[],
  watch: Watch,
): ReplayOptions {
  return { migrations, isTested, watch, onlooker: onlooker?.(database) };
}
