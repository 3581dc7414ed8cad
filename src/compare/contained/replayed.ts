import type { Database } from "#database/database.ts";
import type { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/body.ts";
import { loadMigration } from "#migrate/load.ts";
import type { MigrationFile } from "#migrate/migration-file.ts";
import { canonicalVersion } from "#migrate/version.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { SCRATCH_LEDGER, type ScratchRun, startRun } from "../scratch/scratch-run.ts";
import { isMissingObject, projectBase, type ProjectFiles, projectMigrations } from "../sources/sources.ts";
import { type Clock, requireTime } from "./clock.ts";
import { readRowHashes, type Rows } from "./rows.ts";

export interface ContainedOptions extends ProjectFiles {
  /** Versions that are recorded as applied already. */
  readonly recorded: readonly string[];
  /** What is not decided when it is used up stays undecided. */
  readonly clock: Clock;
}

/** What a database held at one moment. */
export interface State {
  readonly catalogue: Catalogue;
  readonly rows: Rows;
}

/** Reading a catalogue takes longer than most migrations: of many, only what the last ones lead to is read at first. */
export const WINDOW = 8;

/** What base and migrations lead to, replayed from nothing. */
export interface Replayed {
  /** Before the first that is not recorded. */
  readonly before: State;
  /** After each of them; undefined where it was not read. */
  readonly after: readonly (State | undefined)[];
  /** What stopped the replay. */
  readonly error: ConfitureError | undefined;
}

interface Replaying {
  readonly all: readonly LoadedMigration[];
  /** Those of them that are not recorded. */
  readonly open: readonly LoadedMigration[];
  /** The first of `open` after which the state is read. */
  readonly from: number;
}

/** Every migration, and those that are not recorded; nothing is read where all are. */
export async function loadOpen(options: ContainedOptions): Promise<Pick<Replaying, "all" | "open">> {
  const recorded = new Set(options.recorded.map(canonicalVersion));
  const isOpen = ({ version }: MigrationFile): boolean => !recorded.has(canonicalVersion(version));
  const migrations = projectMigrations(options);
  if (!migrations.some(isOpen)) return { all: [], open: [] };
  const all: LoadedMigration[] = [];
  for (const file of migrations) all.push(await loadMigration(options.projectDir, file, options.signal));
  return { all, open: all.filter(({ file }) => isOpen(file)) };
}

/**
 * Replays everything in an empty database.
 * @returns undefined where the migrations need something that only the schema files make
 * @throws ConfitureError where the base fails
 */
export async function replay(
  options: ContainedOptions,
  database: Database,
  { all, open, from }: Replaying,
): Promise<Replayed | undefined> {
  const run = await startRun(database, options);
  const [base] = projectBase(options);
  if (base !== undefined) {
    const error = await run.step(await loadMigration(options.projectDir, base, options.signal), "up");
    if (error !== undefined) throw error;
  }
  let before: State | undefined;
  const after: (State | undefined)[] = [];
  for (const [index, migration] of all.entries()) {
    if (migration === open[0]) before = await readState(database, run);
    const error = await run.step(migration, "up");
    if (error !== undefined && index === 0 && base === undefined && isMissingObject(error)) return undefined;
    if (error !== undefined && before === undefined) throw error;
    if (error !== undefined) return { before: before!, after, error };
    if (!open.includes(migration)) continue;
    requireTime(options.clock);
    after.push(after.length >= from ? await readState(database, run) : undefined);
  }
  return { before: before!, after, error: undefined };
}

export async function readState(database: Database, run: ScratchRun): Promise<State> {
  return { catalogue: await run.read(), rows: await readRowHashes(database, SCRATCH_LEDGER) };
}
