import type { Database } from "#database/database.ts";
import { type ConfitureError, placed } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import { DIRECTLY } from "#migrate/run/performer.ts";
import { isBase } from "#migrate/files/version.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { dropScratchLedger, SCRATCH_LEDGER, type ScratchRun, startRun } from "../runs/scratch-run.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import { isMissingObject, projectBase, type ProjectFiles } from "../sources/sources.ts";
import { readSequences, type SequencePlace } from "../sources/sequences.ts";
import { type Clock, requireTime } from "./clock.ts";
import { LAST } from "./find-last.ts";
import { type Loaded, loadOpen } from "./loaded.ts";
import type { Fixed } from "./marks.ts";
import { settle, valuesOf } from "./chance.ts";
import { mayDrop, type Names, readNames, type Taken } from "./names.ts";
import { type RowChange, rowChanges } from "./row-changes.ts";
import { RUNS_CODE } from "./runs-code.ts";
import { mostOf, readRowHashes, type ReadRowsOptions, type Rows } from "./rows.ts";

export interface ContainedOptions extends ProjectFiles {
  /** Versions that are recorded as applied already. */
  readonly recorded: readonly string[];
  /** What is not decided when it is used up stays undecided. */
  readonly clock: Clock;
  /** The major version of the server that migrations were run on, or schema files built. */
  readonly major?: number;
  /** The roles of that server: what makes them where they are missing has nothing to do there. */
  readonly roles?: () => Promise<ReadonlySet<string>>;
}

/** What a database held at one moment. */
export interface State {
  readonly catalogue: Catalogue;
  readonly rows: Rows;
  /** Rows that were there at some moment before. */
  readonly earlier: Rows;
  readonly sequences: readonly SequencePlace[];
  /** Materialized views that hold what their query gives now, which says more than their rows; where that was asked for. */
  readonly upToDate?: ReadonlySet<string>;
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

/** What open migrations lead to. */
export interface Replayed {
  /** By how many of them were applied. That of 0 is there; of the others, those that were read so far. */
  readonly states: ReadonlyMap<number, State>;
  /** How many could be applied. */
  readonly reached: number;
  /** Which migration stopped the replay, where and why, as a sentence without its end. */
  readonly failure: string | undefined;
  /** What they did to rows, in their order. */
  readonly changes: readonly RowChange[];
  /** Objects that they took away. */
  readonly taken: Taken;
  /** How many of them come before those that took a table or a column away which is there again in the end. */
  readonly remade: ReadonlySet<number>;
  /** Values of its rows that are the same each time. */
  readonly fixed: Fixed;
  /** Replays once more for other states. */
  readonly read: (series: ScratchSeries, counts: readonly number[]) => Promise<void>;
}

interface Pass extends Pick<Replayed, "reached" | "failure" | "changes" | "taken" | "remade"> {
  readonly states: Map<number, State>;
  /** For what is asked of its last states afterwards. */
  readonly image: Image | undefined;
  /** Hashes of values that may be chance; none where all of them were there before. */
  readonly values: ReadonlySet<string>;
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
  const readInto = async (
    { states, image, fixed }: Pass & Pick<Replayed, "fixed">,
    series: ScratchSeries,
    counts: readonly number[],
  ): Promise<void> => {
    const from = image !== undefined && image.at < Math.min(...counts) ? image : undefined;
    const database = await (from === undefined ? series.empty() : series.begunWith(from.saved));
    const more = await pass(options, database, await load(), { counts: new Set(counts), from });
    for (const [count, state] of more?.states ?? []) states.set(count, settled(state, fixed));
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
        if (first === undefined) return undefined;
        const fixed = await fixedIn(first, series, options, migrations);
        const states = new Map([...first.states].map(([count, state]) => [count, settled(state, fixed)]));
        const found = { ...first, states, fixed };
        return { ...found, read: (more, counts) => readInto(found, more, counts) };
      })),
  };
}

/** Replays once more where values of rows may be chance: those that are the same again are none. */
async function fixedIn(
  { values, reached }: Pass,
  series: ScratchSeries,
  options: ContainedOptions,
  migrations: Loaded,
): Promise<Fixed> {
  if (values.size === 0) return values;
  const again = await pass(options, await series.empty(), migrations, { counts: new Set(), through: reached });
  return values.intersection(again?.values ?? new Set());
}

/** A state that was read with each value by itself. Pure. */
export function settled(state: State, fixed: Fixed): State {
  return { ...state, rows: settle(state.rows, fixed), earlier: settle(state.earlier, fixed) };
}

/** Whether a way up may take rows away or change them, or make some of others. */
function mayTakeRows({ up }: LoadedMigration): boolean {
  if (up.kind !== "sql") return true;
  return up.script.statements.some(
    ({ firstWord = "", text }) => RUNS_CODE.has(firstWord) || WRITES_ROWS.has(firstWord) || TAKES_ROWS.test(text),
  );
}

const WRITES_ROWS: ReadonlySet<string> = new Set([
  "DELETE", "UPDATE", "TRUNCATE", "MERGE", "INSERT", "COPY", "REFRESH", "IMPORT",
]); // prettier-ignore
/** Also a new type with a say in the values, and a table or view that is made of rows. */
const TAKES_ROWS =
  /\bdrop\b|\btype\b[^]*\busing\b|^create\s+(?:\w+\s+)*?(?:materialized\b|table\b[^]*?\bas\s+(?:\(\s*)*(?:select|values|with|execute|table)\b)/i;

/** What a replay is for. */
interface Wanted {
  /** Which states are read, by how many open migrations are applied. */
  readonly counts: ReadonlySet<number>;
  /** How many open migrations are applied where not all of these states are far enough. */
  readonly through?: number | undefined;
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
  { counts, through = 0, from, imageAt }: Wanted,
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
  const last = Math.max(through, ...counts);
  const reading: ReadRowsOptions = { written, chance: "each" };
  const changes: RowChange[] = [];
  const taken = new Map<string, number>();
  const remade = new Set<number>();
  let names: Names | undefined;
  const values = new Set<string>();
  let begun: Rows = new Map();
  // As the last migration left them, where that was read.
  let rowsNow: Rows | undefined;
  const look = (rows: Rows): void => {
    for (const value of valuesOf(rows, begun)) values.add(value);
  };
  let image: Image | undefined;
  let reached = from?.at ?? 0;
  let earlier = from?.earlier ?? new Map();
  for (const [index, migration] of all.entries()) {
    if (reached === last) break;
    if (from !== undefined && index < all.indexOf(open[from.at]!)) continue;
    const isOpen = migration === open[reached];
    if (isOpen && reached === 0 && counts.has(0)) {
      const state = await readState(database, run, reading);
      begun = state.rows;
      states.set(0, state);
    }
    if (isOpen && reached === imageAt) {
      await dropScratchLedger(database);
      const saved = await database.save?.();
      if (saved !== undefined) image = { at: reached, saved: new Uint8Array(saved), earlier };
      run = await startRun(database, options);
    }
    const before =
      isOpen && mayTakeRows(migration)
        ? (rowsNow ?? (await readRowHashes(database, SCRATCH_LEDGER, reading)))
        : undefined;
    rowsNow = undefined;
    if (before !== undefined) {
      look(before);
      earlier = mostOf(earlier, before);
    }
    const [drops, there] = [isOpen && mayDrop(migration), names];
    const had = drops ? (there ?? (await readNames(database))) : undefined;
    const error = await run.step(migration, "up");
    names = undefined;
    if (error !== undefined) {
      if (index === 0 && isFromNothing && isMissingObject(error)) return undefined;
      if (reached === 0 && !isOpen) throw brokenStart(migration, error);
      return { states, reached, failure: failedFromNothing(migration, error), image, changes, taken, remade, values };
    }
    if (!isOpen) continue;
    if (had !== undefined) {
      names = await readNames(database);
      for (const name of had.difference(names)) taken.set(name, reached);
    }
    requireTime(options.clock);
    reached++;
    const state = counts.has(reached) ? { ...(await readState(database, run, reading)), earlier } : undefined;
    if (state !== undefined) states.set(reached, state);
    if (before === undefined && reached < last) continue;
    const after = state?.rows ?? (await readRowHashes(database, SCRATCH_LEDGER, reading));
    rowsNow = after;
    look(after);
    if (before !== undefined) changes.push(...rowChanges(reached - 1, before, after));
  }
  for (const name of taken.size === 0 ? [] : (names ?? (await readNames(database)))) {
    const at = taken.get(name);
    if (at !== undefined && /^(?:table|column) /.test(name)) remade.add(at);
    taken.delete(name);
  }
  return { states, reached, failure: undefined, image, changes, taken, remade, values };
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

export async function readState(
  database: Database,
  run: Pick<ScratchRun, "read">,
  reading: ReadRowsOptions = {},
): Promise<State> {
  return {
    catalogue: await run.read(),
    rows: await readRowHashes(database, SCRATCH_LEDGER, reading),
    earlier: new Map(),
    sequences: await readSequences(database),
  };
}
