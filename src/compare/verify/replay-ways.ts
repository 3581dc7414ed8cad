import { asFailure } from "#errors/error.ts";
import type { Database } from "#database/database.ts";
import { type LoadedMigration, undoesNothing } from "#migrate/files/body.ts";
import { withRevision } from "../sources/git.ts";
import type { Finding } from "./finding.ts";
import { bringForward, failure, type Onlooker, type Replay, type ReplayOptions, rollBackAndForward } from "./replay.ts";
import { readRowHashes, type ReadRowsOptions } from "../contained/rows.ts";
import type { ProvenState } from "./proven-state.ts";
import { SCRATCH_LEDGER, startRun } from "../runs/scratch-run.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import { buildSchema, hasSchemaFiles, isMissingObject, type ProjectFiles, schemaFolders } from "../sources/sources.ts";
import { type Watch, watched, type Watching } from "./watch.ts";

/**
 * `migrations`: they were replayed from an empty database; `base-file`: from what base.sql makes; `schema`: they do not start from nothing, so the
 * built schema was rolled back through them and brought forward again; `behind`: the schema files do not hold the
 * migrations' changes, which were applied to what they build; `base`: the schema files of a commit were
 * brought forward.
 */
export type Way = "migrations" | "base-file" | "schema" | "behind" | "base";

export interface ReplayedFiles extends ProjectFiles {
  /** The base, which is run before them where they are replayed from nothing. */
  readonly beginning?: LoadedMigration | undefined;
  readonly migrations: readonly LoadedMigration[];
  /** A commit whose schema files the migrations are applied to. */
  readonly base?: string | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
  /** How the rows are read that all of them have left. */
  readonly reading?: ReadRowsOptions | undefined;
  /** Where the replay may begin: nothing up to there is tried out. */
  readonly begin?: ProvenState | undefined;
  /** Is given the database that all migrations have led to. */
  readonly atEnd?: ((database: Database) => Promise<void>) | undefined;
  /** Whether a migration is tried out; every one is when undefined. */
  readonly isTested?: ((migration: LoadedMigration) => boolean) | undefined;
  /**
   * Looks on besides, in each database that migrations are tried out in. `goesOn`: what the one before has seen stands,
   * and the rest is tried out in this one.
   */
  readonly onlooker?: ((database: Database, goesOn: boolean) => Onlooker) | undefined;
}

/**
 * Whether the first migration can be applied to an empty database, or there is a base to begin with; otherwise only the
 * schema files make what it needs. Where there are none, the replay
 * says what it needs.
 */
export async function startsFromNothing(files: ReplayedFiles, database: Database): Promise<boolean> {
  const [first] = files.migrations;
  if (first === undefined || files.beginning !== undefined) return true;
  const run = await startRun(database, files);
  const error = await run.step(first, "up");
  if (error !== undefined) return !isMissingObject(error) || !hasSchemaFiles(files);
  // An empty database again, if all is well; if not, the replay will tell.
  if (first.down !== undefined) await run.step(first, "down");
  return true;
}

/**
 * Tries migrations out in scratch databases.
 * @param fromNothing see `startsFromNothing`
 * @param built a database that holds what the schema files build and nothing else, where there is one already
 */
export async function replayMigrations(
  files: ReplayedFiles,
  series: ScratchSeries,
  fromNothing: boolean,
  built?: Database,
): Promise<{ readonly way: Way; readonly replay: Replay }> {
  if (files.base !== undefined) return { way: "base", replay: await fromRevision(files, files.base, series) };
  if (fromNothing) {
    const way = files.beginning === undefined ? "migrations" : "base-file";
    return { way, replay: await forwardWatched(files, () => beginIn(series, files)) };
  }
  let ready = built;
  const { held, ...replay } = await watched(async (watching) => {
    const database = ready ?? (await build(files, series));
    ready = undefined;
    return await fromSchema(files, database, watching);
  });
  return { way: held === 0 && replay.applied > 0 ? "behind" : "schema", replay };
}

/** A database that migrations are applied to, with how many of them are applied already. */
interface Begun {
  readonly database: Database;
  readonly applied: number;
}

async function beginIn(series: ScratchSeries, { begin }: ReplayedFiles): Promise<Begun> {
  if (begin !== undefined) {
    try {
      return { database: await series.begunWith(begin.saved), applied: begin.applied };
    } catch (error) {
      asFailure(error);
    }
  }
  return { database: await series.empty(), applied: 0 };
}

async function build(files: ProjectFiles, series: ScratchSeries): Promise<Database> {
  const database = await series.empty();
  await buildSchema(database, files);
  return database;
}

/** Builds the schema files of a commit and brings them forward. */
async function fromRevision(files: ReplayedFiles, base: string, series: ScratchSeries): Promise<Replay> {
  return await withRevision(files.projectDir, base, schemaFolders(files), async (projectDir) =>
    forwardWatched({ ...files, beginning: undefined }, async () => ({
      database: await build({ ...files, projectDir }, series),
      applied: 0,
    })),
  );
}

/**
 * Brings a database forward; where fingerprints leave a doubt, another one once more, as far as the last doubtful migration,
 * and only the doubtful ones are tried out. Whoever looks on counts on seeing all of them in one database.
 */
async function forwardWatched(files: ReplayedFiles, begin: () => Promise<Begun>): Promise<Replay> {
  return await watched(
    (watching) => forward(files, begin, watching),
    async (watching, doubtful, first) => {
      if (files.onlooker !== undefined) return await forward(files, begin, watching);
      const isDoubtful = ({ file }: LoadedMigration): boolean => doubtful.has(file.version);
      const migrations = files.migrations.slice(0, files.migrations.findLastIndex(isDoubtful) + 1);
      const again = { ...files, migrations, isTested: isDoubtful, atEnd: undefined };
      const { findings } = await forward(again, begin, watching);
      return { ...first, findings: together(files, first.findings, findings) };
    },
  );
}

/** What two replays found, in the order of the migrations; what both found once. */
function together(
  { migrations }: ReplayedFiles,
  first: readonly Finding[],
  second: readonly Finding[],
): readonly Finding[] {
  const isNew = (finding: Finding): boolean =>
    !first.some(({ migration, message }) => migration === finding.migration && message === finding.message);
  const place = ({ migration }: Finding): number => migrations.findIndex(({ file }) => file === migration);
  return [...first, ...second.filter(isNew)].toSorted((a, b) => place(a) - place(b));
}

async function fromSchema(
  files: ReplayedFiles,
  database: Database,
  watching: Watching,
): Promise<Replay & { readonly held: number }> {
  const run = await startRun(database, files);
  const options = optionsOf({ ...files, migrations: reversible(files) }, database, watching(run));
  const replay = await rollBackAndForward(run, options);
  if (replay.end !== undefined) await files.atEnd?.(database);
  return replay;
}

/** Those that can be rolled back: the way back ends at the last one without a down, or with an empty one. */
export function reversible({
  migrations,
  isTested = () => true,
}: Pick<ReplayedFiles, "migrations" | "isTested">): readonly LoadedMigration[] {
  const afterLastOneWay = migrations.findLastIndex(({ down }) => down === undefined || undoesNothing(down)) + 1;
  return migrations.slice(Math.max(afterLastOneWay, migrations.findIndex(isTested)));
}

/** Those that were not run, as the way back from the built schema ends above them. */
export function notRolledThrough(way: Way, migrations: readonly LoadedMigration[]): readonly LoadedMigration[] {
  if (way !== "schema" && way !== "behind") return [];
  return migrations.slice(0, migrations.length - reversible({ migrations }).length);
}

/**
 * Brings a database forward. Where the way back of a migration leaves it unusable, the ones behind are tried out in
 * another, to which those up to there are only applied.
 * @param begin makes the database that the migrations start from
 */
async function forward(files: ReplayedFiles, begin: () => Promise<Begun>, watching: Watching): Promise<Replay> {
  const { migrations, isTested = () => true } = files;
  const findings: Finding[] = [];
  for (let from = 0; ;) {
    const { database, applied } = await begin();
    const run = await startRun(database, files);
    const error = files.beginning === undefined || applied > 0 ? undefined : await run.step(files.beginning, "up");
    if (error !== undefined)
      return { findings: [failure(files.beginning!, "does not apply", error)], applied: 0, end: undefined };
    const wanted = new Set(migrations.slice(from).filter(isTested));
    const isWanted = (migration: LoadedMigration): boolean => wanted.has(migration);
    const rest = { ...files, migrations: migrations.slice(applied), isTested: isWanted };
    const replay = await bringForward(run, optionsOf(rest, database, watching(run), from > 0));
    findings.push(...replay.findings);
    const { stuckAt, end } = replay;
    if (stuckAt === undefined) {
      if (end !== undefined) await files.atEnd?.(database);
      return { ...replay, applied: applied + replay.applied, findings };
    }
    from = migrations.indexOf(stuckAt) + 1;
  }
}

function optionsOf(
  { migrations, isTested = () => true, onlooker, reading }: ReplayedFiles,
  database: Database,
  watch: Watch,
  goesOn = false,
): ReplayOptions {
  if (onlooker !== undefined) return { migrations, isTested, watch, onlooker: onlooker(database, goesOn) };
  return { migrations, isTested, watch, readRows: () => readRowHashes(database, SCRATCH_LEDGER, reading) };
}
