import type { Database } from "#database/database.ts";
import { asFailure, ConfitureError } from "#errors/error.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { digestOf } from "../catalogue/digest.ts";
import { type ChangedMigration, changedSince } from "../sources/changed-since.ts";
import { withSql } from "./close-gap.ts";
import { anotherRun, isSameLater } from "./another-run.ts";
import { agreementCheck, type Check, migrationsCheck, waysBackUnchecked, withChanged } from "./checks.ts";
import type { FindUndone } from "../generate/removals.ts";
import { type BuildBeside, buildBeside } from "./build-beside.ts";
import { type Built, readBuilt, type Reading } from "./built.ts";
import { type BuiltBefore, findBuilt } from "./built-before.ts";
import { differingRows } from "./differing-rows.ts";
import { inOtherOrder } from "./other-order.ts";
import { findProven, type Proven } from "./proven.ts";
import type { Replay } from "./replay.ts";
import { notRolledThrough, type ReplayedFiles, replayMigrations, startsFromNothing, type Way } from "./replay-ways.ts";
import { writtenColumns } from "../contained/written.ts";
import { dropScratchLedger } from "../runs/scratch-run.ts";
import { wantsRoom, withRoom } from "#scratch/room.ts";
import { type ScratchSeries, withScratchSeries } from "../runs/scratch-series.ts";
import {
  buildSchema,
  hasSchemaFiles,
  migrationsSince,
  projectBase,
  type ProjectFiles,
  projectMigrations,
  schemaBuild,
} from "../sources/sources.ts";

export interface VerifyOptions extends ProjectFiles {
  /** A commit: what is proven is that the schema files of then and the migrations added since give those of now. */
  readonly base?: string | undefined;
  /** Which migrations of that commit may be other ones now. */
  readonly mayChange?: ((changed: ChangedMigration) => boolean) | undefined;
  /** Tells the executable from any other; what an earlier run has proven is proven again without it. */
  readonly executable?: string | undefined;
  /** Asked where the schema files have something otherwise than the migrations; nothing is looked for when undefined. */
  readonly undone?: FindUndone | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
}

export interface VerifyReport {
  readonly checks: readonly Check[];
  readonly from: Way | "none";
  /** What could not be checked, and why. */
  readonly unchecked: readonly string[];
  /** How many of the migrations an earlier run has proven, from the first one on; they were only applied. */
  readonly provenBefore: number;
  /** Whether an earlier run has built the same schema files; they were not built again. */
  readonly builtBefore: boolean;
  /** How many kinds of objects in the built schema cannot be compared. */
  readonly notCompared: number;
}

type VerifiedFiles = ReplayedFiles & Pick<VerifyOptions, "executable"> & { readonly reading: Reading };

/**
 * Proves, in scratch databases, that the schema files build, that every migration applies, rolls back exactly and
 * applies again, and that both ways lead to the same database.
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const migrations = await loadAll(options);
  const [base] = options.base === undefined ? projectBase(options) : [];
  const beginning = base === undefined ? undefined : await loadWithinLimit(options, base);
  const written = await writtenColumns([...(beginning === undefined ? [] : [beginning]), ...migrations]);
  const files = { ...options, migrations, beginning, reading: { written, chance: "each" } as const };
  const hasHistory = migrations.length > 0 || beginning !== undefined;
  const report = await withRoom(options.scratch, () =>
    withScratchSeries(options, async (series) =>
      hasHistory && options.base === undefined && !hasSchemaFiles(options)
        ? await verifyMigrationsAlone(series, files)
        : await verifyIn(series, files),
    ),
  );
  const checks: Check[] = [];
  for (const check of report.checks) checks.push(await withSql(options, check, options.undone));
  if (options.base === undefined) return { ...report, checks };
  const changed = (await changedSince(options, options.base)).filter(
    (one) => !one.isSameWayUp && options.mayChange?.(one) !== true,
  );
  return { ...report, checks: withChanged(checks, changed, options.base) };
}

async function verifyIn(series: ScratchSeries, files: VerifiedFiles): Promise<VerifyReport> {
  const proven = provenOf(files);
  // They were proven from nothing on.
  const fromNothing =
    files.base !== undefined || proven.count > 0 || (await startsFromNothing(files, await series.empty()));
  const isForward = fromNothing && files.base === undefined;
  const before = findBuilt(files, files.reading.written, isForward ? files.executable : undefined);
  const wantsBuild = before.built === undefined && isForward && files.migrations.length > 0;
  const beside = wantsBuild ? await buildBeside(files, files.reading) : undefined;
  try {
    return await verifyWays(series, files, { proven, fromNothing, before, beside });
  } finally {
    await beside?.stop();
  }
}

interface Ways {
  readonly proven: Proven;
  readonly fromNothing: boolean;
  readonly before: BuiltBefore;
  /** Where another thread builds the schema files meanwhile. */
  readonly beside: BuildBeside | undefined;
}

async function verifyWays(
  series: ScratchSeries,
  files: VerifiedFiles,
  { proven, fromNothing, before, beside }: Ways,
): Promise<VerifyReport> {
  const { migrations } = files;
  let here = before.built === undefined && beside === undefined ? await buildHere(series, files) : undefined;
  if (here instanceof ConfitureError) return doNotBuild(here);
  const hasHistory = migrations.length > 0 || files.beginning !== undefined || files.base !== undefined;
  if (hasHistory) files.onStep?.("Replaying the migrations");
  const replayed = hasHistory ? await replayUnproven(files, series, proven, fromNothing, here?.database) : undefined;
  let built = before.built ?? here?.built ?? (await beside?.built);
  if (built === undefined) {
    here = await buildHere(series, files);
    if (here instanceof ConfitureError) return doNotBuild(here);
    ({ built } = here);
  }
  if (before.built === undefined) await before.keep(built);
  const unchecked = new Set(
    built.notCompared.map(
      ({ kind, count, samples }) => `${count} of kind ${kind}, which cannot be compared (${samples.join(", ")})`,
    ),
  );
  const notCompared = built.notCompared.length;
  const count = schemaBuild(files).files.length;
  const build: Check = {
    name: "build",
    outcome: "proven",
    summary: `Schema files build from nothing (${count} ${count === 1 ? "file" : "files"})`,
    findings: [],
  };
  const builtBefore = before.built !== undefined;
  if (replayed === undefined) {
    return {
      checks: [build],
      from: "none",
      unchecked: [...unchecked, "migrations: there are none"],
      provenBefore: 0,
      builtBefore,
      notCompared,
    };
  }
  const { way, replay, provenBefore } = replayed;
  for (const irreversible of waysBackUnchecked(migrations, replay.findings)) unchecked.add(irreversible);
  const notRun = notRolledThrough(way, migrations);
  const last = notRun.at(-1);
  if (last !== undefined) unchecked.add(belowOneWay(last));
  for (const what of await differingRows(way, replay.rows, built.rows, anotherRun(series, files))) unchecked.add(what);
  const isReplayed = migrations.length > 0 || files.base !== undefined || replay.findings.length > 0;
  const ofMigrations = isReplayed ? migrationsCheck(migrations, replay.findings, replay.applied) : undefined;
  const checks = [
    build,
    ...(ofMigrations === undefined ? [] : [ofMigrations]),
    await agreement(series, files, { ...built, catalogue: here?.catalogue, areAll: last === undefined }, replay.end),
  ];
  const from = ofMigrations?.next === undefined ? way : "none";
  return { checks, from, unchecked: [...unchecked], provenBefore, builtBefore, notCompared };
}

function doNotBuild(error: ConfitureError): VerifyReport {
  const finding = { message: "The schema files do not build", error };
  const check: Check = { name: "build", outcome: "disproven", summary: finding.message, findings: [finding] };
  return {
    checks: [check],
    from: "none",
    unchecked: ["the migrations, which are compared with the built schema"],
    provenBefore: 0,
    builtBefore: false,
    notCompared: 0,
  };
}

/** Schema files that this thread has built. */
interface BuiltHere {
  readonly database: Database;
  readonly catalogue: Catalogue;
  readonly built: Built;
}

async function buildHere(series: ScratchSeries, files: VerifiedFiles): Promise<BuiltHere | ConfitureError> {
  files.onStep?.("Building the schema files");
  const database = await series.empty();
  const catalogue = await buildCatalogue(database, files);
  if (catalogue instanceof ConfitureError) return catalogue;
  return { database, catalogue, built: await readBuilt(database, catalogue, files.reading) };
}

/**
 * Compares the ends of both ways; what an earlier run or another thread has built is built again where something differs, so that it can be
 * said what.
 */
async function agreement(
  series: ScratchSeries,
  files: VerifiedFiles,
  {
    catalogue,
    digest,
    areAll,
  }: { readonly catalogue: Catalogue | undefined; readonly digest: string; readonly areAll: boolean },
  end: Catalogue | undefined,
): Promise<Check> {
  if (catalogue !== undefined) return await agreementCheck(catalogue, end, areAll);
  if (end === undefined || digestOf(end) === digest) return await agreementCheck(end, end, areAll);
  files.onStep?.("Building the schema files");
  const built = await buildCatalogue(await series.empty(), files);
  if (built instanceof ConfitureError) throw built;
  return await agreementCheck(built, end, areAll);
}

/** What an earlier run has proven; nothing, where other things are proven. */
function provenOf(files: VerifiedFiles): Proven {
  return findProven(files, files.base === undefined ? files.executable : undefined);
}

/** Tries out what no earlier run has proven, and remembers what this one has. */
async function replayUnproven(
  files: VerifiedFiles,
  series: ScratchSeries,
  proven: Proven,
  fromNothing: boolean,
  built?: Database,
): Promise<{ readonly way: Way; readonly replay: Replay; readonly provenBefore: number }> {
  if (!fromNothing || files.base !== undefined) {
    return { ...(await replayMigrations(files, series, fromNothing, built)), provenBefore: 0 };
  }
  const { migrations } = files;
  const unproven = new Set(migrations.slice(proven.count));
  const isTested = (migration: LoadedMigration): boolean => unproven.has(migration);
  let saved: Uint8Array | undefined;
  const atEnd = async (database: Database): Promise<void> => {
    if (!proven.wantsState || !(await isSameLater(database, files))) return;
    await dropScratchLedger(database);
    saved = await database.save?.();
  };
  let done = await replayMigrations({ ...files, isTested, begin: proven.state, atEnd }, series, fromNothing, built);
  const { end, findings } = done.replay;
  if (end !== undefined && findings.length === 0 && unproven.size > 0) {
    done = { ...done, replay: { ...done.replay, findings: await inOtherOrder(series, files, end) } };
  }
  const wrong = new Set(done.replay.findings.map(({ migration }) => migration));
  const right = wrong.size === 0 ? migrations.length : migrations.findIndex(({ file }) => wrong.has(file));
  await proven.keep(right, saved);
  return { ...done, provenBefore: proven.count };
}

/** A project whose only truth is its migrations. */
async function verifyMigrationsAlone(series: ScratchSeries, files: VerifiedFiles): Promise<VerifyReport> {
  const { migrations } = files;
  files.onStep?.("Replaying the migrations");
  const { way, replay, provenBefore } = await replayUnproven(files, series, provenOf(files), true);
  return {
    checks: [migrationsCheck(migrations, replay.findings, replay.applied)],
    from: way,
    unchecked: ["schema files: there are none", ...waysBackUnchecked(migrations, replay.findings)],
    provenBefore,
    builtBefore: false,
    notCompared: 0,
  };
}

function belowOneWay({ file }: LoadedMigration): string {
  return `migrations up to the last one without a down, ${migrationId(file)}: the first needs tables from the schema files, and the way back ends there. None of them was run, and whether the schema files hold their changes is not known`;
}

async function buildCatalogue(database: Database, files: ProjectFiles): Promise<Catalogue | ConfitureError> {
  try {
    await buildSchema(database, files);
    return await readCatalogue(database);
  } catch (error) {
    if (database.engine === "embedded" && wantsRoom(error)) throw error;
    return asFailure(error);
  }
}

async function loadAll(options: VerifyOptions): Promise<LoadedMigration[]> {
  const files = options.base === undefined ? projectMigrations(options) : await migrationsSince(options, options.base);
  const loaded: LoadedMigration[] = [];
  for (const file of files) loaded.push(await loadWithinLimit(options, file));
  return loaded;
}
