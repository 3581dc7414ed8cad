import { piecesOf, readSchemaScript } from "#build/schema-script.ts";
import type { Database } from "#database/database.ts";
import type { Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/body.ts";
import { loadMigration } from "#migrate/load.ts";
import type { MigrationFile } from "#migrate/migration-file.ts";
import { canonicalVersion } from "#migrate/version.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { SCRATCH_LEDGER, type ScratchRun, startRun } from "../scratch/scratch-run.ts";
import type { ScratchSeries } from "../scratch/scratch-series.ts";
import { isMissingObject, projectBase, type ProjectFiles, projectMigrations, schemaBuild } from "../sources/sources.ts";
import { loadParser, type Parser } from "#sql/parser.ts";
import {
  type Known,
  maySpeakOfUncompared,
  nothingKnown,
  type UncomparedEffect,
  uncomparedEffects,
  uncomparedInCode,
} from "#sql/uncompared.ts";
import { readSequences, type SequencePlace } from "../sources/sequences.ts";
import { type Clock, requireTime } from "./clock.ts";
import { mostOf, readComputed, readRowHashes, type Rows } from "./rows.ts";
import { updatedColumns, type Written, writtenColumns } from "./written.ts";

export interface ContainedOptions extends ProjectFiles {
  /** Versions that are recorded as applied already. */
  readonly recorded: readonly string[];
  /** What is not decided when it is used up stays undecided. */
  readonly clock: Clock;
  /** The major version of the server that migrations were run on, or schema files built. */
  readonly major?: number;
}

/** What a database held at one moment. */
export interface State {
  readonly catalogue: Catalogue;
  readonly rows: Rows;
  /** Rows that were there at some moment before. */
  readonly earlier: Rows;
  readonly sequences: readonly SequencePlace[];
  /** Columns of which rows are compared without their values. */
  readonly computed: ReadonlySet<string>;
}

/** Base and migrations, replayed from nothing once, for all that a command asks about what holds them already. */
export interface Replay {
  readonly options: ContainedOptions;
  /** Every migration, and those that are not recorded; none is read where all are. */
  readonly load: () => Promise<Loaded>;
  /**
   * @returns undefined where the migrations need something that only the schema files make
   * @throws ConfitureError where the base, or a recorded migration, fails
   */
  readonly run: (series: ScratchSeries) => Promise<Replayed | undefined>;
}

export interface Loaded {
  readonly all: readonly LoadedMigration[];
  /** Those of them that are not recorded. */
  readonly open: readonly LoadedMigration[];
  /** What each of those does that no comparison shows. */
  readonly uncompared: ReadonlyMap<LoadedMigration, readonly UncomparedEffect[]>;
  /** The same where they are run in what the schema files build, whose functions and triggers they may set off. */
  readonly uncomparedOnSchema: () => ReadonlyMap<LoadedMigration, readonly UncomparedEffect[]>;
  /** Columns that those of them write. */
  readonly written: Written;
  /** Of those, the columns that each changes in rows that are there. */
  readonly updated: ReadonlyMap<LoadedMigration, Written>;
}

/** What open migrations lead to. */
export interface Replayed {
  /** By how many of them were applied. That of 0 is there; of the others, those that were read so far. */
  readonly states: ReadonlyMap<number, State>;
  /** How many could be applied. */
  readonly reached: number;
  /** What stopped the replay. */
  readonly error: ConfitureError | undefined;
  /** Replays once more for other states. */
  readonly read: (series: ScratchSeries, counts: readonly number[]) => Promise<void>;
}

type Pass = Pick<Replayed, "reached" | "error"> & { readonly states: Map<number, State> };

/**
 * Reading a catalogue takes longer than most migrations, so of many states only some are read in one pass: the last ones, which
 * most often tell, and then some in between.
 */
const LAST = 3;
const BETWEEN = 8;

export function replayOnce(options: ContainedOptions): Replay {
  let loaded: Promise<Loaded> | undefined;
  let replayed: Promise<Replayed | undefined> | undefined;
  const load = (): Promise<Loaded> => (loaded ??= loadOpen(options));
  const readInto = async ({ states }: Pass, series: ScratchSeries, counts: readonly number[]): Promise<void> => {
    const more = await pass(options, await series.empty(), await load(), new Set(counts));
    for (const [count, state] of more?.states ?? []) states.set(count, state);
  };
  return {
    options,
    load,
    run: (series) =>
      (replayed ??= load().then(async (migrations) => {
        const { length } = migrations.open;
        const last = Array.from({ length: Math.min(LAST, length) }, (_, back) => length - back);
        const first = await pass(options, await series.empty(), migrations, new Set([0, ...last]));
        return first && { ...first, read: (more, counts) => readInto(first, more, counts) };
      })),
  };
}

const NOTHING_OPEN: Loaded = {
  all: [],
  open: [],
  uncompared: new Map(),
  uncomparedOnSchema: () => new Map(),
  written: new Set(),
  updated: new Map(),
};

async function loadOpen(options: ContainedOptions): Promise<Loaded> {
  const recorded = new Set(options.recorded.map(canonicalVersion));
  const isOpen = ({ version }: MigrationFile): boolean => !recorded.has(canonicalVersion(version));
  const migrations = projectMigrations(options);
  if (!migrations.some(isOpen)) return NOTHING_OPEN;
  const all: LoadedMigration[] = [];
  for (const file of migrations) all.push(await loadMigration(options.projectDir, file, options.signal));
  const open = all.filter(({ file }) => isOpen(file));
  const parser = await loadParser();
  const base: LoadedMigration[] = [];
  for (const file of projectBase(options)) base.push(await loadMigration(options.projectDir, file, options.signal));
  const effectsAfter = (known: Known): Loaded["uncompared"] => {
    const effects = [...base, ...all].map((migration) => [migration, uncomparedOf(migration, parser, known)] as const);
    return new Map(effects.filter(([migration]) => open.includes(migration)));
  };
  const updated = new Map(open.map((migration) => [migration, updatedColumns(migration, parser)]));
  return {
    all,
    open,
    uncompared: effectsAfter(nothingKnown()),
    uncomparedOnSchema: () => effectsAfter(knownOfSchema(options, parser)),
    written: writtenColumns(open, parser),
    updated,
  };
}

/** What schema files make that migrations may set off: functions, triggers. */
function knownOfSchema(options: ContainedOptions, parser: Parser): Known {
  const known = nothingKnown();
  const scripts = schemaScripts(options);
  if (scripts.some(({ text }) => maySpeakOfUncompared(text))) {
    for (const { statements } of scripts) uncomparedEffects(statements, parser, known);
  }
  return known;
}

/** None where they cannot be read: then nothing can be built of them either. */
function schemaScripts(options: ContainedOptions): Script[] {
  try {
    const build = schemaBuild(options);
    return build.files.flatMap((file) =>
      [...piecesOf(readSchemaScript(build, file))].flatMap((piece) => (piece === "connect" ? [] : [piece])),
    );
  } catch (error) {
    if (error instanceof ConfitureError) return [];
    throw error;
  }
}

/**
 * What a way up does, or may do, that no comparison shows.
 * @param known as for `uncomparedEffects`
 */
export function uncomparedOf({ up, kept }: LoadedMigration, parser: Parser, known: Known): UncomparedEffect[] {
  return up.kind === "sql"
    ? uncomparedEffects(up.script.statements, parser, known)
    : uncomparedInCode(kept.source ?? "", known);
}

/** Whether a way up may take rows away or change them. */
function mayTakeRows({ up }: LoadedMigration): boolean {
  return (
    up.kind !== "sql" || /\b(?:delete|update|truncate|merge|drop|do|call|select|insert|copy)\b/i.test(up.script.text)
  );
}

/** Replays in an empty database, as far as the last state that is wanted. */
async function pass(
  options: ContainedOptions,
  database: Database,
  { all, open, written }: Loaded,
  wanted: ReadonlySet<number>,
): Promise<Pass | undefined> {
  const run = await startRun(database, options);
  const [base] = projectBase(options);
  if (base !== undefined) {
    const error = await run.step(await loadMigration(options.projectDir, base, options.signal), "up");
    if (error !== undefined) throw error;
  }
  const states = new Map<number, State>();
  const last = Math.max(...wanted);
  let reached = 0;
  let earlier: Rows = new Map();
  for (const [index, migration] of all.entries()) {
    if (reached === last) break;
    const isOpen = migration === open[reached];
    if (isOpen && reached === 0 && wanted.has(0)) states.set(0, await readState(database, run, written));
    if (isOpen && mayTakeRows(migration)) {
      earlier = mostOf(earlier, await readRowHashes(database, SCRATCH_LEDGER, { written }));
    }
    const error = await run.step(migration, "up");
    if (error !== undefined) {
      if (index === 0 && base === undefined && isMissingObject(error)) return undefined;
      if (reached === 0 && !isOpen) throw error;
      return { states, reached, error };
    }
    if (!isOpen) continue;
    requireTime(options.clock);
    reached++;
    if (wanted.has(reached)) states.set(reached, { ...(await readState(database, run, written)), earlier });
  }
  return { states, reached, error: undefined };
}

/** @param ignored columns, "table.column", that are not compared */
export async function readState(
  database: Database,
  run: Pick<ScratchRun, "read">,
  written: Written = new Set(),
  ignored: ReadonlySet<string> = new Set(),
): Promise<State> {
  return {
    catalogue: await run.read(),
    rows: await readRowHashes(database, SCRATCH_LEDGER, { written, ignored }),
    earlier: new Map(),
    sequences: await readSequences(database),
    computed: await readComputed(database),
  };
}

/**
 * Looks for the last state that something holds. What holds one is taken to hold those before it, or the end of them, so
 * that of many only some are looked at: the last ones, then some in between, then closer.
 * @param isHeld whether a state is held
 * @returns how many migrations lead to it; the state after one more was read, where there is one
 */
export async function findLast(
  { states, reached, read }: Replayed,
  series: ScratchSeries,
  clock: Clock,
  isHeld: (state: State) => boolean | Promise<boolean>,
): Promise<number> {
  let [held, not] = [0, reached + 1];
  for (let known = -1; known < states.size;) {
    known = states.size;
    for (let count = not - 1; count > held; count--) {
      const state = states.get(count);
      if (state === undefined) continue;
      requireTime(clock);
      if (await isHeld(state)) held = count;
      else not = count;
    }
    if (not === held + 1) break;
    const step = Math.ceil((not - held) / (BETWEEN + 1));
    const between = Array.from({ length: BETWEEN }, (_, index) => held + (index + 1) * step);
    await read(
      series,
      between.filter((count) => count < not),
    );
  }
  return held;
}
