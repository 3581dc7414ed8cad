import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { factsOf } from "#migrate/files/file-facts.ts";
import { isEmptyDatabase } from "#migrate/base.ts";
import { joinHistory, stoppedIn } from "#migrate/history.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { lookForLedger } from "#migrate/ledger/find.ts";
import { readLedger } from "#migrate/ledger/read.ts";
import { loadWithinLimit } from "./runs/within-limit.ts";
import { lacking } from "#migrate/plan.ts";
import { isUnmade } from "#migrate/status.ts";
import { type Catalogue, readCatalogue } from "./catalogue/catalogue.ts";
import { type Change, compareCatalogues, named, withoutNamed } from "./catalogue/changes.ts";
import type { Ends } from "./generate/plan.ts";
import { compareOnTerms, type Comparison } from "./sources/comparison.ts";
import { withScratch } from "#scratch/scratch.ts";
import { SCRATCH_LEDGER, startRun } from "./runs/scratch-run.ts";
import {
  buildSchema,
  hasSchemaFiles,
  projectBase,
  type ProjectFiles,
  projectMigrations,
  runMigrations,
  type Source,
  sourceCatalogue,
} from "./sources/sources.ts";
import type { Terms } from "./catalogue/terms.ts";
import { isSameIn } from "./update/undone.ts";

export interface DriftOptions extends ProjectFiles {
  readonly target: Target;
  /** What the database should be; the schema files, less what its ledger says is pending, when undefined. */
  readonly against: Source | undefined;
  readonly terms: Terms;
  /** Globs on qualified names that are no concern, "audit.*", or on those of a kind: "index:public.*". */
  readonly ignore: readonly string[];
  readonly onStep?: ((step: string) => void) | undefined;
}

export interface Drift {
  /** From what should be to what is: "added" is what only the database in use has. */
  readonly changes: readonly Change[];
  readonly notCompared: Catalogue["notCompared"];
  readonly leftOut: Comparison["leftOut"];
  readonly unreworded: Comparison["unreworded"];
  /** Migrations that the database does not have yet; their changes are not expected of it. */
  readonly pending: readonly string[];
  /** What was squashed into the base and is not recorded, where nothing ever was: `up` refuses such a database. */
  readonly unrecorded: readonly string[];
  /** Migrations that stopped half way there: what they did so far is there. */
  readonly stopped: readonly string[];
  /** Whether base and recorded migrations make what is there, and it is the schema files that say something else. */
  readonly isOfMigrations: boolean;
  /** Those of the changes that recorded migrations made, and nobody's hand. */
  readonly ofMigrations: readonly Change[];
  /** What should be, as it was made. */
  readonly expected: Catalogue;
  /** From what is to what should be, without what is ignored: what SQL would have to close. */
  readonly gap: Ends;
}

/**
 * Compares a database in use with what it should be. Reads only.
 * @throws ConfitureError `drift_unknown` when what it should be cannot be made; `history_squashed` as `up`, in a database that lacks
 * some of the base
 */
export async function findDrift(options: DriftOptions): Promise<Drift> {
  options.onStep?.("Reading the database");
  const live = await sourceCatalogue(options, { kind: "live", target: options.target, name: "the database" });
  const isIgnored = named(options.ignore);
  const leaveOut = (catalogue: Catalogue): Catalogue =>
    options.ignore.length === 0 ? catalogue : withoutNamed(catalogue, isIgnored);
  let least: Drift | undefined;
  options.onStep?.("Making what it should be");
  for await (const { expected, pending, unrecorded, stopped, isRecorded } of whatShouldBe(options)) {
    options.onStep?.("Comparing");
    const { leftOut, grants, unreworded, ...comparison } = await compareOnTerms(options, expected, live, options.terms);
    const changes = comparison.changes.filter((change) => !isIgnored(change));
    if (least === undefined || changes.length < least.changes.length) {
      const byHand = isRecorded && changes.length > 0 ? await byHandSince(pending) : undefined;
      least = {
        changes,
        notCompared: [...comparison.from.notCompared, ...comparison.to.notCompared],
        leftOut,
        unreworded,
        pending,
        stopped,
        unrecorded,
        expected,
        isOfMigrations: byHand?.length === 0,
        ofMigrations: byHand === undefined ? [] : changes.filter((change) => isSameIn(change, byHand)),
        gap: {
          from: comparison.to,
          to: leaveOut(comparison.from),
          postgres: live.major,
          terms: options.terms,
          grants: grants.to,
          leaveOut,
        },
      };
    }
    if (changes.length === 0) break;
  }
  return least!;

  async function byHandSince(pending: readonly string[]): Promise<readonly Change[] | undefined> {
    return await changedByHand(options, live, { terms: options.terms, isIgnored, pending });
  }
}

interface Migrated {
  readonly terms: Terms;
  readonly isIgnored: (change: Change) => boolean;
  readonly pending?: readonly string[];
}

/** Whether a database is what base and migrations make, those that are pending apart: nobody changed it by hand. */
export async function isAsMigrated(files: ProjectFiles, live: Catalogue, migrated: Migrated): Promise<boolean> {
  return (await changedByHand(files, live, migrated))?.length === 0;
}

/** From what base and migrations make, those that are pending apart, to a database; undefined where they need what only schema files make. */
async function changedByHand(
  files: ProjectFiles,
  live: Catalogue,
  { terms, isIgnored, pending = [] }: Migrated,
): Promise<readonly Change[] | undefined> {
  const made = await recorded(files, pending);
  if (made === undefined) return undefined;
  const { changes } = await compareOnTerms(files, made, live, terms);
  return changes.filter((change) => !isIgnored(change));
}

interface Expected extends Pick<Drift, "pending" | "unrecorded" | "stopped"> {
  readonly expected: Catalogue;
  /** Whether a ledger says what was run, and the schema files what there should be. */
  readonly isRecorded: boolean;
}

/** One or more: where nothing was ever recorded, a database may have been made of the base, or built. */
async function* whatShouldBe(options: DriftOptions): AsyncGenerator<Expected> {
  const { ledger, pending, ...known } = await pendingVersions(options);
  if (options.against !== undefined) {
    yield { expected: await sourceCatalogue(options, options.against), pending, ...known, isRecorded: false };
    return;
  }
  if (!hasSchemaFiles(options) && projectBase(options).length + projectMigrations(options).length > 0) {
    const made = await recorded(options, pending);
    if (made !== undefined) {
      yield { expected: made, pending, ...known, isRecorded: false };
      return;
    }
  }
  const { built, less } = await schemaLess(options, pending);
  const made =
    less instanceof ConfitureError
      ? ledger || projectBase(options).length > 0
        ? await recorded(options, pending)
        : undefined
      : ledger && pending.length > 0
        ? await madeOtherwise(options, pending, built, less)
        : less;
  if (made !== undefined) yield { expected: made, pending, ...known, isRecorded: ledger };
  else if (less instanceof ConfitureError && ledger) throw less;
  if (!ledger && pending.length > 0) yield { expected: built, pending: [], ...known, isRecorded: false };
}

async function pendingVersions({
  target,
  table,
  projectDir,
  migrationsDir,
  migrationsLayout,
  signal,
}: DriftOptions): Promise<{ ledger: boolean; pending: string[]; unrecorded: string[]; stopped: string[] }> {
  const { ledger, rows, begins } = isUnmade(target)
    ? { ledger: false, rows: [], begins: true }
    : await withDatabase(target, { signal }, async (database) => {
        const found = await lookForLedger(database, table);
        const known = found === undefined ? [] : await readLedger(database, found);
        const own = found ?? { schema: "public", table };
        const isNew = known.length === 0 && (await isEmptyDatabase(database, own));
        // A run that failed at the first migration leaves one without rows.
        return { ledger: known.length > 0, rows: known, begins: isNew };
      });
  const { migrations, base } = discoverMigrations(projectDir, migrationsDir, migrationsLayout);
  // An empty one begins with the base.
  const history = joinHistory(migrations, rows, factsOf(projectDir), undefined, begins ? [] : base?.squashed);
  const unrecorded = history.filter(({ standing }) => standing === "lacking").map(migrationId);
  if (unrecorded.length > 0 && ledger) throw lacking(history);
  const pending = history
    .filter(({ standing }) => standing === "pending" || standing === "out-of-order")
    .map(({ version }) => version);
  return { ledger, pending, unrecorded, stopped: stoppedIn(history) };
}

/** What the base and the recorded migrations make; undefined where these need something that only schema files make. */
async function recorded(options: ProjectFiles, pending: readonly string[]): Promise<Catalogue | undefined> {
  return await withScratch(options, async (database) => {
    try {
      await runMigrations(database, options, ({ version }) => !pending.includes(version));
    } catch (error) {
      if (error instanceof ConfitureError && error.server !== undefined) return undefined;
      throw error;
    }
    return await readCatalogue(database, [SCRATCH_LEDGER]);
  });
}

/**
 * What base and recorded migrations make, where ways back of those that are pending lead from the schema files to something else: a
 * way back may be wrong, or from before a migration that was merged below it. `less` where both are the same, and where base and
 * all migrations do not make what the schema files build, which may hold more.
 */
async function madeOtherwise(
  options: DriftOptions,
  pending: readonly string[],
  built: Catalogue,
  less: Catalogue,
): Promise<Catalogue> {
  const made = await recorded(options, pending);
  if (made === undefined || compareCatalogues(less, made).length === 0) return less;
  const all = await recorded(options, []);
  return all !== undefined && compareCatalogues(built, all).length === 0 ? made : less;
}

/** What the schema files build, and what is left with the changes of some migrations taken back, or why they cannot be. */
async function schemaLess(
  options: DriftOptions,
  pending: readonly string[],
): Promise<{ readonly built: Catalogue; readonly less: Catalogue | ConfitureError }> {
  return await withScratch(options, async (database) => {
    await buildSchema(database, options);
    const built = await readCatalogue(database);
    if (pending.length === 0) return { built, less: built };
    const run = await startRun(database, options);
    const files = discoverMigrations(options.projectDir, options.migrationsDir, options.migrationsLayout).migrations;
    for (const file of files.filter(({ version }) => pending.includes(version)).toReversed()) {
      const migration = await loadWithinLimit(options, file);
      await run.record(migration);
      const error =
        migration.down === undefined
          ? new ConfitureError("migration_irreversible", `${migrationId(file)} has no way back`)
          : await run.step(migration, "down");
      if (error === undefined) continue;
      const less = new ConfitureError(
        "drift_unknown",
        `What the database should be is not known: ${migrationId(file)} is pending there and cannot be taken back from the schema files: ${error.message}`,
        {
          hint: "Say what it should be: --against git:REVISION, with the commit it was deployed from.",
          cause: error,
          location: error.location ?? { file: file.path },
          server: error.server,
        },
      );
      return { built, less };
    }
    return { built, less: await readCatalogue(database, [SCRATCH_LEDGER]) };
  });
}
