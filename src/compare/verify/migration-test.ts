import type { Database } from "#database/database.ts";
import type { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { requireRecognised } from "#migrate/files/discover.ts";
import { type MigrationFile, migrationId } from "#migrate/files/migration-file.ts";
import type { Direction } from "#migrate/events.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import { requireKnown } from "#migrate/plan.ts";
import { withSql } from "./close-gap.ts";
import { type Check, migrationsCheck, waysBackUnchecked } from "./checks.ts";
import type { Finding } from "./finding.ts";
import { collectFixtures, type FixtureLoader, loadFixtures } from "../trace/fixtures.ts";
import type { Onlooker } from "./replay.ts";
import { replayMigrations, startsFromNothing, type Way } from "./replay-ways.ts";
import { type Loss, lostByRollback, lostByUp, readRows, type TableRows } from "./rows.ts";
import { withScratchSeries } from "../runs/scratch-series.ts";
import { isMissingObject, projectBase, type ProjectFiles, projectMigrations } from "../sources/sources.ts";

export interface TestOptions extends ProjectFiles {
  /** The one to test; all when undefined. */
  readonly version: string | undefined;
  /** A folder of rows to load before a migration is tested; none when undefined. */
  readonly fixturesDir: string | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
}

/** Data of fixtures that a migration took away, or that its rollback did not bring back. */
export interface MigrationLoss extends Loss {
  readonly migration: MigrationFile;
  readonly direction: Direction;
}

export interface TestReport {
  /** Undefined when there was nothing to test, or nothing could be tested. */
  readonly from: Way | undefined;
  /** Those that were applied, rolled back as far as they can be, and applied again. */
  readonly tested: readonly MigrationFile[];
  readonly check: Check;
  /** How many files of rows there were. */
  readonly fixtures: number;
  readonly losses: readonly MigrationLoss[];
  /** What could not be checked, and why. */
  readonly unchecked: readonly string[];
}

/**
 * Tries out one migration or all of them in a scratch database: up, down (which has to give the same catalogue as
 * before) and up again, with rows in the tables where there are fixtures.
 * @throws ConfitureError `migrations_missing`, `migrations_unrecognised`, `migration_unknown`; `sql_failed` for a fixture that cannot be loaded
 */
export async function testMigrations(options: TestOptions): Promise<TestReport> {
  requireRecognised({ projectDir: options.projectDir, dir: options.migrationsDir, layout: options.migrationsLayout });
  const migrations = projectMigrations(options);
  const only = options.version === undefined ? undefined : requireKnown(migrations, options.version);
  const fixtures = options.fixturesDir === undefined ? [] : collectFixtures(options, options.fixturesDir);
  const loaded: LoadedMigration[] = [];
  for (const file of migrations) loaded.push(await loadWithinLimit(options, file));
  if (loaded.length === 0) {
    const check: Check = {
      name: "migrations",
      outcome: "not-checked",
      summary: "There are no migrations",
      findings: [],
    };
    return { from: undefined, tested: [], check, fixtures: fixtures.length, losses: [], unchecked: [] };
  }
  const [base] = projectBase(options);
  const beginning = base === undefined ? undefined : await loadWithinLimit(options, base);
  const isTested = ({ file }: LoadedMigration): boolean => only === undefined || file === only;
  let witness: Witness | undefined;
  const { way, replay } = await withScratchSeries(options, async (series) => {
    const all = { ...options, beginning, migrations: loaded };
    const fromNothing = await startsFromNothing(all, await series.empty());
    // The schema files are of now: from them, the way leads back through all later ones.
    const upTo = fromNothing && only !== undefined ? migrations.indexOf(only) + 1 : loaded.length;
    const files = {
      ...all,
      migrations: loaded.slice(0, upTo),
      isTested,
      // A replay that starts again counts in the place of the one before.
      onlooker: (database: Database, goesOn: boolean): Onlooker => {
        const loader = loadFixtures(database, fixtures, options);
        return (witness = watchRows(database, loader, fixtures.length > 0, goesOn ? witness : undefined));
      },
    };
    return await replayMigrations(files, series, fromNothing);
  });
  const tested = witness?.tested ?? [];
  const waiting = [...(witness?.waiting() ?? [])];
  // It was tried at every state there is, and what it names was there.
  const [, hopeless] = waiting.find(([, error]) => only === undefined && !isMissingObject(error)) ?? [];
  if (hopeless !== undefined && replay.end !== undefined) throw hopeless;
  const check = migrationsCheck(loaded.filter(isTested), replay.findings, tested.length);
  return {
    from: check.next === undefined ? way : undefined,
    tested,
    check: await withSql(options, check),
    fixtures: fixtures.length,
    losses: witness?.losses ?? [],
    unchecked: [
      ...loaded.filter(isTested).flatMap((migration) => whyUnchecked(migration, tested, replay.findings)),
      ...waiting.map(([file, error]) => notLoaded(file, error)),
    ],
  };
}

function whyUnchecked(
  migration: LoadedMigration,
  tested: readonly MigrationFile[],
  findings: readonly Finding[],
): string[] {
  const { file } = migration;
  const id = migrationId(file);
  if (tested.includes(file)) return waysBackUnchecked([migration], findings);
  if (findings.some((finding) => finding.migration === file)) return [];
  return [
    findings.length > 0
      ? `${id}, which comes after what failed`
      : `${id}: the first migration needs tables from the schema files, and this one or a later one has no way back`,
  ];
}

function notLoaded(file: string, { message, location }: ConfitureError): string {
  return `rows of ${file}${location?.line === undefined ? "" : `:${location.line}`}, which could not be loaded (${message})`;
}

interface Witness extends Onlooker {
  readonly tested: readonly MigrationFile[];
  readonly losses: readonly MigrationLoss[];
  waiting(): ReadonlyMap<string, ConfitureError>;
}

function watchRows(
  database: Database,
  fixtures: FixtureLoader,
  hasFixtures: boolean,
  before: Witness | undefined,
): Witness {
  const tested: MigrationFile[] = [...(before?.tested ?? [])];
  const losses: MigrationLoss[] = [...(before?.losses ?? [])];
  let rows: readonly TableRows[] = [];
  return {
    tested,
    losses,
    waiting: () => fixtures.waiting(),
    async before(migration) {
      tested.push(migration.file);
      if (!hasFixtures) return;
      await fixtures.load(migration);
      rows = await readRows(database);
    },
    async after({ file }, direction) {
      if (!hasFixtures) return;
      const find = direction === "up" ? lostByUp : lostByRollback;
      losses.push(...find(rows, await readRows(database)).map((loss) => ({ ...loss, migration: file, direction })));
    },
  };
}
