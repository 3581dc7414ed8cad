import { piecesOf, readSchemaScript } from "#build/schema-script.ts";
import type { Database } from "#database/database.ts";
import type { Script } from "#database/script.ts";
import { ConfitureError, placed } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import { type MigrationFile, migrationId } from "#migrate/files/migration-file.ts";
import { DIRECTLY } from "#migrate/run/performer.ts";
import { canonicalVersion, isBase } from "#migrate/files/version.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { dropScratchLedger, SCRATCH_LEDGER, type ScratchRun, startRun } from "../runs/scratch-run.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import { isMissingObject, projectBase, type ProjectFiles, projectMigrations, schemaBuild } from "../sources/sources.ts";
import { loadParser, type Parser } from "#sql/parser.ts";
import { noteMadeBy } from "#sql/effects/foreign-objects.ts";
import {
  type Known,
  maySpeakOfUncompared,
  nothingKnown,
  type UncomparedEffect,
  uncomparedEffects,
  uncomparedInCode,
} from "#sql/effects/uncompared.ts";
import { readSequences, type SequencePlace } from "../sources/sequences.ts";
import { type Clock, requireTime } from "./clock.ts";
import { LAST } from "./find-last.ts";
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
  /** Which migration stopped the replay, where and why, as a sentence without its end. */
  readonly failure: string | undefined;
  /** Replays once more for other states. */
  readonly read: (series: ScratchSeries, counts: readonly number[]) => Promise<void>;
}

interface Pass extends Pick<Replayed, "reached" | "failure"> {
  readonly states: Map<number, State>;
  /** For what is asked of its last states afterwards. */
  readonly image: Image | undefined;
}

/** A database to begin with in place of an empty one. */
interface Image {
  /** How many open migrations are applied in it. */
  readonly at: number;
  readonly saved: Uint8Array<ArrayBuffer>;
  readonly earlier: Rows;
}

export function replayOnce(options: ContainedOptions): Replay {
  let loaded: Promise<Loaded> | undefined;
  let replayed: Promise<Replayed | undefined> | undefined;
  const load = (): Promise<Loaded> => (loaded ??= loadOpen(options));
  const readInto = async ({ states, image }: Pass, series: ScratchSeries, counts: readonly number[]): Promise<void> => {
    const from = image !== undefined && image.at < Math.min(...counts) ? image : undefined;
    const database = await (from === undefined ? series.empty() : series.begunWith(from.saved));
    const more = await pass(options, database, await load(), { counts: new Set(counts), from });
    for (const [count, state] of more?.states ?? []) states.set(count, state);
  };
  return {
    options,
    load,
    run: (series) =>
      (replayed ??= load().then(async (migrations) => {
        const { length } = migrations.open;
        const last = Array.from({ length: Math.min(LAST, length) }, (_, back) => length - back);
        // Few are replayed once more as fast as they are kept, and a server keeps nothing.
        const imageAt = options.scratch.engine === "embedded" && length > LAST + 1 ? length - LAST - 1 : undefined;
        const wanted = new Set([0, ...(imageAt === undefined ? last : [length])]);
        const first = await pass(options, await series.empty(), migrations, { counts: wanted, imageAt });
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
  for (const file of migrations) all.push(await loadWithinLimit(options, file));
  const open = all.filter(({ file }) => isOpen(file));
  const parser = await loadParser();
  const base: LoadedMigration[] = [];
  for (const file of projectBase(options)) base.push(await loadWithinLimit(options, file));
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
  for (const { statements } of scripts) for (const statement of statements) noteMadeBy(statement, known.made);
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

/** What a replay is for. */
interface Wanted {
  /** Which states are read, by how many open migrations are applied. */
  readonly counts: ReadonlySet<number>;
  /** What it begins with; an empty database when undefined. */
  readonly from?: Image | undefined;
  /** Where it keeps what it has come to. */
  readonly imageAt?: number | undefined;
}

/** Replays, as far as the last state that is wanted. */
async function pass(
  options: ContainedOptions,
  database: Database,
  { all, open, written }: Loaded,
  { counts, from, imageAt }: Wanted,
): Promise<Pass | undefined> {
  let run = await startRun(database, options);
  const [base] = from === undefined ? projectBase(options) : [];
  if (base !== undefined) {
    const loaded = await loadWithinLimit(options, base);
    const error = await run.step(loaded, "up");
    if (error !== undefined) throw brokenStart(loaded, error);
  }
  const isFromNothing = base === undefined && from === undefined;
  // Nothing is read for migrations that only the schema files can carry.
  if (isFromNothing && all[0] !== undefined && (await lacksObjects(run, all[0]))) return undefined;
  const states = new Map<number, State>();
  const last = Math.max(...counts);
  let image: Image | undefined;
  let reached = from?.at ?? 0;
  let earlier = from?.earlier ?? new Map();
  for (const [index, migration] of all.entries()) {
    if (reached === last) break;
    if (from !== undefined && index < all.indexOf(open[from.at]!)) continue;
    const isOpen = migration === open[reached];
    if (isOpen && reached === 0 && counts.has(0)) states.set(0, await readState(database, run, written));
    if (isOpen && reached === imageAt) {
      await dropScratchLedger(database);
      const saved = await database.save?.();
      if (saved !== undefined) image = { at: reached, saved: new Uint8Array(saved), earlier };
      run = await startRun(database, options);
    }
    if (isOpen && mayTakeRows(migration)) {
      earlier = mostOf(earlier, await readRowHashes(database, SCRATCH_LEDGER, { written }));
    }
    const error = await run.step(migration, "up");
    if (error !== undefined) {
      if (index === 0 && isFromNothing && isMissingObject(error)) return undefined;
      if (reached === 0 && !isOpen) throw brokenStart(migration, error);
      return { states, reached, failure: failedFromNothing(migration, error), image };
    }
    if (!isOpen) continue;
    requireTime(options.clock);
    reached++;
    if (counts.has(reached)) states.set(reached, { ...(await readState(database, run, written)), earlier });
  }
  return { states, reached, failure: undefined, image };
}

/** Of what comes before the migrations that are asked about: nothing can be told of these. */
function brokenStart({ file }: LoadedMigration, error: ConfitureError): ConfitureError {
  const what = isBase(file.version) ? file.path : `${migrationId(file)}, which is recorded as applied,`;
  return error.with({
    message: `${what} fails when base and migrations are run in an empty database: ${error.message}`,
    data: { ...error.data, isBrokenStart: true },
  });
}

function failedFromNothing({ file }: LoadedMigration, error: ConfitureError): string {
  return `${migrationId(file)} fails when the migrations are run in an empty database, at ${placed(error)}`;
}

/** Whether a migration needs something that is not there; false where that shows only when it is run. */
async function lacksObjects(run: ScratchRun, migration: LoadedMigration): Promise<boolean> {
  const { up } = migration;
  if (up.kind === "refused" || !up.transactional) return false;
  const error = await run.tryOut(migration, DIRECTLY);
  return error !== undefined && isMissingObject(error);
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
