import { join } from "node:path";
import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { readRegularFile } from "#files/read.ts";
import type { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { codeAsSql } from "#migrate/warnings/code-as-sql.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { DIRECTLY } from "#migrate/run/performer.ts";
import { readCatalogue } from "../catalogue/catalogue.ts";
import { SCRATCH_LEDGER, type ScratchRun, startRun } from "../runs/scratch-run.ts";
import { type ScratchSeries, withScratchSeries } from "../runs/scratch-series.ts";
import { buildSchema, type ProjectFiles, schemaBuild } from "../sources/sources.ts";
import { type Clock, requireTime } from "./clock.ts";
import { valuesOf } from "./chance.ts";
import { byMigrations, firstDoubt, onceSeen, stillThere, type Trial, withoutRows } from "./claims.ts";
import { type Contained, decided, divide } from "./contained.ts";
import { findLast } from "./find-last.ts";
import { lackingOf } from "./lacking.ts";
import { leftOnTop } from "./left-on-top.ts";
import type { Fixed } from "./marks.ts";
import { firstStillThere, readNames } from "./names.ts";
import { readUpToDate } from "./materialized.ts";
import { tryOnRows } from "./on-rows.ts";
import { readState, type Replay, settled, type State } from "./replayed.ts";
import { chanceChanges, rowChanges } from "./row-changes.ts";
import { moreThanBuilt, readRowHashes, readTables } from "./rows.ts";
import { unlikeMigrations } from "./unlike.ts";
import { writingCode } from "./writing-functions.ts";
import type { Written } from "./written.ts";

/**
 * Which unrecorded migrations the schema files hold already, by proof in scratch databases: what base and migrations lead
 * to, up to one of them, is in what the schema files build, rows included. What the files do not hold has to apply on top
 * of them.
 */
export async function containedInSchema(replay: Replay): Promise<Contained> {
  const { options } = replay;
  return await decided(replay, (open) =>
    withScratchSeries(options, async (series) => {
      const replayed = await replay.run(series);
      if (replayed === undefined) return await decideByRollback(replay, series, open);
      let database = await series.empty();
      const loaded = await replay.load();
      const { states, reached, failure: broken, changes, taken, remade, fixed } = replayed;
      const built = await build(database, options, { written: loaded.written, fixed });
      const still = taken.size === 0 ? undefined : firstStillThere(taken, await readNames(database));
      const known = states.size;
      const isExact = open.some(placesSequence);
      const before = states.get(0)!;
      const last = await findLast(
        replayed,
        series,
        options.clock,
        (state) => lackingOf(before, state, built, { by: "", isExact }) === undefined,
      );
      const trial = { major: before.catalogue.major, chanceChanges: chanceChanges(changes, fixed) };
      const doubt = await doubtOf(replay, trial);
      const seeming = Math.min(last, doubt?.at ?? last, still?.at ?? last);
      // Other states may have been read in its place.
      let isAsBuilt = states.size === known;
      const rebuild = async (): Promise<Database> => {
        isAsBuilt = false;
        database = await series.empty();
        await buildSchema(database, options);
        return database;
      };
      const { catalogue, rows } = built;
      const tried = { held: open.slice(0, seeming), written: loaded.written, fixed, built: rows };
      const { lacking: onRows, untried } = await tryOnRows(
        options,
        { ...tried, code: writingCode(catalogue, open), remade, replayed: states.get(last)!.rows },
        rebuild,
      );
      const held = onRows?.at ?? seeming;
      const run = await startRun(isAsBuilt ? database : await rebuild(), options);
      const [from, next, migration] = [states.get(held), states.get(held + 1), open[held]];
      const rest = open.slice(held);
      const failure =
        broken ??
        (await tryOnTop(run, rest, options.clock)) ??
        (await leftOnTop(run, rest, from, states.get(reached))) ??
        onRows?.unknown;
      const unlike =
        failure === undefined
          ? unlikeMigrations(from?.catalogue, states.get(reached)?.catalogue, built.catalogue)
          : undefined;
      const rowsNotCompared = open.slice(0, held).flatMap((one) => (untried.has(one) ? [one.file] : []));
      const split = (reason: Parameters<typeof divide>[3]): Contained => ({
        ...divide(open, held, failure, reason),
        rowsNotCompared,
        unlike,
      });
      const ways = failure === undefined ? {} : { next: broken === undefined ? BY_FILES : BY_MENDING };
      if (onRows !== undefined) return split(withoutRows(onRows, open[held]!, "the schema files"));
      if (still?.at === held && migration !== undefined)
        return split({ ...ways, why: stillThere(migration, still.name) });
      // What the files lack of it otherwise comes first.
      if (doubt?.at === held && last > held) {
        // It could not run on top of them, and nothing of it can be brought into them.
        return split({ ...(broken === undefined ? onceSeen(open, held, last) : ways), why: doubt.why });
      }
      if (from === undefined || next === undefined || migration === undefined) return split(ways);
      const by = migrationId(migration.file);
      const lacking = lackingOf(from, next, built, { by, isExact }) ?? lackingOf(before, next, built, { by, isExact });
      if (lacking === undefined || lacking.of === "objects") {
        const atEnd = broken === undefined ? states.get(reached) : undefined;
        const alone = atEnd && lackingOf(before, atEnd, built, { by: byMigrations(replayed, open), isExact });
        const isWhy = failure !== undefined && alone !== undefined && alone.of !== "objects";
        return split(isWhy ? withoutRows(alone, open.at(-1)!, "the schema files") : ways);
      }
      return split(withoutRows(lacking, migration, "the schema files"));
    }),
  );
}

/** What to do where the files hold some of what a migration does, so that it could not run any more. */
const ALL = "  confiture migrate baseline   to record them all, without proof";
const BY_FILES = `  confiture schema update   brings what the migrations did into the schema files, or says what is in the way; then: confiture build --fresh\n${ALL}`;
const BY_MENDING = "  confiture verify   shows the statement; once that is mended: confiture build --fresh";
/** A base that is made of the schema files needs every way back. */
function byBase(open: readonly LoadedMigration[]): { readonly next: string } {
  const from = open.some(({ down }) => down === undefined) ? " --from git:REVISION" : "";
  const what = from === "" ? "" : ", as a commit has it";
  return {
    next: `  confiture migrate base${from}   writes down what there is before the first migration${what}, which a proof begins with; then: confiture build --fresh\n${ALL}`,
  };
}
const BY_VALUES = {
  next: `  bring the values into the schema files, then: confiture build --fresh\n${ALL}`,
};
const BY_ROWS = {
  next: `  bring the rows into the schema files (confiture schema update says which), then: confiture build --fresh\n${ALL}`,
};

/** Whether a migration says where a sequence goes on. */
export function placesSequence({ up }: LoadedMigration): boolean {
  return up.kind !== "sql" || /\b(?:restart|setval)\b/i.test(up.script.text);
}

/** What the schema files hold word by word, was done by the build. */
async function doubtOf(
  { options, load }: Replay,
  trial: Trial,
  isOnSchema = false,
): Promise<ReturnType<typeof firstDoubt>> {
  const all = await load();
  const loaded = isOnSchema ? { ...all, uncompared: all.uncomparedOnSchema() } : all;
  const words = (text: string): string => text.replaceAll(/\s+/g, " ");
  let schema: string | undefined;
  const there = { major: options.major, roles: await options.roles?.() };
  return firstDoubt(loaded, there, trial, ({ statement }) =>
    statement === undefined ? false : (schema ??= words(schemaText(options))).includes(words(statement.text)),
  );
}

function schemaText(files: ProjectFiles): string {
  return schemaBuild(files)
    .files.map((file) => readRegularFile(join(files.projectDir, file), file).toString())
    .join("\n");
}

/**
 * What the schema files build in an empty database.
 * @param rows what counts of rows besides what is the same in every database
 */
export async function build(
  database: Database,
  files: ProjectFiles,
  rows?: { readonly written: Written; readonly fixed: Fixed },
): Promise<State> {
  await buildSchema(database, files);
  const run = { read: () => readCatalogue(database) };
  const upToDate = await readUpToDate(database);
  if (rows === undefined) return { ...(await readState(database, run)), upToDate };
  const state = await readState(database, run, { written: rows.written, chance: "each" });
  return { ...settled(state, rows.fixed), upToDate };
}

/**
 * What the schema files do not hold has to apply to them; otherwise they hold some of it.
 * @returns what went wrong, if anything did
 */
async function tryOnTop(run: ScratchRun, rest: readonly LoadedMigration[], clock: Clock): Promise<string | undefined> {
  for (const migration of rest) {
    requireTime(clock);
    const error = await run.step(migration, "up");
    if (error !== undefined) return failed(migration, error);
  }
  return undefined;
}

function failed({ file }: LoadedMigration, { message }: ConfitureError): string {
  return `${migrationId(file)}: ${message}`;
}

/**
 * For migrations that only the schema files can carry: those that can be rolled back from what the files build, and whose
 * way up makes nothing that was not there before, are contained.
 */
async function decideByRollback(
  replay: Replay,
  series: ScratchSeries,
  open: readonly LoadedMigration[],
): Promise<Contained> {
  const { options } = replay;
  const { written } = await replay.load();
  const reading = { written, chance: "each" } as const;
  const toChance = new Map<number, string>();
  const database = await series.empty();
  await buildSchema(database, options);
  const run = await startRun(database, options);
  const isBare = await holdsNoRows(database);
  // Of the schema files, and as it is when the later ones are rolled back; read where it is needed.
  let above: State | undefined;
  let held = 0;
  let isBack = false;
  for (const [index, migration] of [...open.entries()].toReversed()) {
    requireTime(options.clock);
    if (migration.down === undefined) {
      if (held > 0) return divide(open, 0, `${migrationId(migration.file)} has no way back`, byBase(open));
      continue;
    }
    const plain = isBare ? await codeAsSql(migration, options.signal) : undefined;
    if (plain !== undefined && !mayLeaveRows(plain) && (await run.backAndThere(plain))) {
      [held, isBack, above] = [held + 1, false, undefined];
      continue;
    }
    const { down } = migration;
    const isWhole = down.kind === "refused" || down.transactional;
    const untouched = isWhole ? undefined : await run.fingerprint();
    await run.record(migration);
    // Reading takes longer than rolling back, and what cannot be rolled back needs none.
    let error = isWhole && above === undefined ? await run.tryOut(migration, DIRECTLY, "down") : undefined;
    if (error === undefined) {
      above ??= await readState(database, run, reading);
      error = await run.step(migration, "down");
    }
    if (error !== undefined) {
      const isUntouched = isWhole || (await run.fingerprint()) === untouched;
      if (held > 0 || !isUntouched) return divide(open, 0, failed(migration, error), byBase(open));
      await run.forget(migration);
      continue;
    }
    const below = await readState(database, run, reading);
    isBack = (await run.step(migration, "up")) === undefined;
    const back = await readState(database, run, reading);
    let fixed: Fixed = valuesOf(back.rows);
    if (isBack && fixed.size > 0 && !Bun.deepEquals(back.rows, above!.rows)) {
      const [again] = [await run.step(migration, "down"), await run.step(migration, "up")].filter(Boolean);
      isBack = again === undefined;
      fixed = fixed.intersection(valuesOf(await readRowHashes(database, SCRATCH_LEDGER, reading)));
    }
    const changes = rowChanges(index, below.rows, back.rows);
    for (const [at, column] of chanceChanges(changes, fixed)) toChance.set(at, column);
    const [from, to, all] = [settled(below, fixed), settled(back, fixed), settled(above!, fixed)];
    const lacking = isBack ? lackingOf(from, to, all, { by: migrationId(migration.file) }) : undefined;
    if (lacking?.isOfValues === true) return divide(open, 0, `${lacking.what} the schema files`, BY_VALUES);
    if (lacking?.of === "rows" && moreThanBuilt(to.rows, all.rows).size > 0) {
      return divide(open, 0, `${lacking.what} the schema files`, BY_ROWS);
    }
    if (!isBack || lacking !== undefined) {
      return divide(
        open,
        0,
        `${migrationId(migration.file)} does not bring back what its rollback takes away`,
        byBase(open),
      );
    }
    held++;
    if (index === 0) break;
    await run.step(migration, "down");
    [isBack, above] = [false, below];
  }
  // Those that were rolled back, and what the files do not hold, come on top of it.
  const failure = await tryOnTop(run, open.slice(isBack ? 1 : 0), options.clock);
  const trial = { major: Math.floor(database.serverVersion / 10_000), chanceChanges: toChance };
  const doubt = await doubtOf(replay, trial, true);
  if (doubt === undefined || doubt.at >= held) return divide(open, held, failure, byBase(open));
  return divide(open, doubt.at, doubt.why, onceSeen(open, doubt.at, held));
}

/** Whether no table has a row, and nothing writes one by itself when others make objects. */
async function holdsNoRows(database: Database): Promise<boolean> {
  if ((await readTables(database, SCRATCH_LEDGER)).length > 0) return false;
  const [state] = await queryCatalogue<{ reacts: boolean }>(
    database,
    "select exists (select from pg_event_trigger) as reacts",
  );
  return state?.reacts === false;
}

/** Whether a way may leave rows in empty tables, or move a sequence. */
function mayLeaveRows({ up, down }: LoadedMigration): boolean {
  return [up, down].some((way) => way !== undefined && (way.kind !== "sql" || LEAVES_ROWS.test(way.script.text)));
}

const LEAVES_ROWS =
  /\b(?:insert|copy|merge|select|values|as\s+table|do|call|execute|refresh|extension|nextval|setval|restart)\b/i;
