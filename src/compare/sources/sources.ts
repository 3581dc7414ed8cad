import { type BuildOptions, executeSchema } from "#build/builder.ts";
import { collectSchemaFiles, findSchemaFiles, type SchemaOrder, type SourceDir } from "#build/collect.ts";
import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { progressTable } from "#migrate/fill/progress.ts";
import { allLedgers } from "#migrate/ledger/find.ts";
import { fromNothing } from "#migrate/baselines.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { isUnmade } from "#migrate/status.ts";
import { loadWithinLimit, runningWithinLimit } from "../runs/within-limit.ts";
import { isBase } from "#migrate/files/version.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { withRevision } from "./git.ts";
import { rebuildExactly } from "./rebuild.ts";
import { explainMissing, withMissingRoles } from "#scratch/missing.ts";
import type { OnLeftOut } from "#scratch/left-out.ts";
import { withScratch } from "#scratch/scratch.ts";
import type { ScratchSite } from "#scratch/site.ts";
import { rolesOfProject } from "../runs/project-roles.ts";
import { SCRATCH_LEDGER, startRun } from "../runs/scratch-run.ts";
import { readSnapshot } from "../catalogue/snapshot.ts";

/** Where the files of a project are; what a source is made from. */
export interface ProjectFiles {
  readonly projectDir: string;
  /** The environment file that says which files there are, relative to the project; undefined where there is none. */
  readonly settingsFile?: string | undefined;
  readonly includeDirs: readonly SourceDir[];
  readonly excludeDirs: readonly string[];
  readonly resetBetweenFiles: boolean;
  /** How schema files are ordered; by their paths when undefined. */
  readonly order?: SchemaOrder | undefined;
  /** The database that the schema files are for, to which they may connect; undefined where it has no name. */
  readonly databaseName?: string | undefined;
  readonly migrationsDir: string;
  /** How that folder is laid out; undefined looks at what is there. */
  readonly migrationsLayout?: string | undefined;
  /** The ledger's name, so that a live database's own ledger is left out. */
  readonly table: string;
  readonly toolVersion: string;
  readonly scratch: ScratchSite;
  readonly signal?: AbortSignal | undefined;
  /** As of `Limited`. */
  readonly timeLimit?: number | undefined;
  /** Hears of statements that are not run in scratch databases. */
  readonly onLeftOut?: OnLeftOut | undefined;
}

/** Something a catalogue can be read from, as it is named on the command line. */
export type Source =
  | { readonly kind: "schema" }
  | { readonly kind: "migrations" }
  | { readonly kind: "empty" }
  | { readonly kind: "git"; readonly revision: string }
  /** A database in use, which is only read. */
  | { readonly kind: "live"; readonly target: Target; readonly name: string }
  /** What `confiture snapshot` wrote. */
  | { readonly kind: "snapshot"; readonly file: string }
  /** One that was read already. */
  | { readonly kind: "catalogue"; readonly catalogue: Catalogue; readonly name: string };

/** Whether a source says what is in a database in use, which no file of the project made. */
export function isInUse(source: Source): boolean {
  return (
    source.kind === "live" || source.kind === "snapshot" || (source.kind === "catalogue" && source.catalogue.inUse)
  );
}

/**
 * Reads a source's name: `schema`, `migrations`, `empty`, `git:REVISION`, `snapshot:FILE` or a path of a .json file.
 * @throws ConfitureError `usage`
 */
export function parseSource(name: string): Source {
  if (name === "schema" || name === "migrations" || name === "empty") return { kind: name };
  if (name.startsWith("git:") && name.length > 4) return { kind: "git", revision: name.slice(4) };
  if (name.startsWith("snapshot:") && name.length > 9) return { kind: "snapshot", file: name.slice(9) };
  if (name.endsWith(".json")) return { kind: "snapshot", file: name };
  throw new ConfitureError("usage", `There is no source "${name}"`, {
    hint: "Sources are: schema (the schema files), migrations, git:REVISION (the schema files as of a commit), env:NAME or a postgres:// URL (a database in use), snapshot:FILE or a .json file (from confiture snapshot), empty.",
  });
}

/**
 * Reads a commit where nothing else is possible: `git:REVISION`, or the revision alone. No name in git holds a colon.
 * @throws ConfitureError `usage`
 */
export function readRevision(flag: string, name: string): string {
  const revision = name.replace(/^git:/, "");
  if (revision !== "" && !revision.includes(":")) return revision;
  throw new ConfitureError("usage", `${flag} takes git:REVISION, for example git:main, not "${name}"`);
}

/** Reads a live database's catalogue or a snapshot, or builds the source in a scratch database and reads that. */
export async function sourceCatalogue(files: ProjectFiles, source: Source): Promise<Catalogue> {
  switch (source.kind) {
    case "catalogue":
      return source.catalogue;
    case "snapshot":
      return readSnapshot(files.projectDir, source.file);
    case "live":
      // To open an embedded database that is not there would make it.
      if (isUnmade(source.target)) {
        return { ...(await sourceCatalogue(files, { kind: "empty" })), builder: undefined, inUse: true };
      }
      return await withDatabase(source.target, { signal: files.signal }, (database) =>
        readInUse(database, files.table),
      );
    case "schema":
    case "migrations":
    case "git":
    case "empty":
      return await withScratch(files, async (database) => {
        await prepareSource(database, files, source);
        return await readCatalogue(database, [SCRATCH_LEDGER]);
      });
  }
}

/**
 * The catalogue of a database in use.
 * @param table the ledger's name
 */
export async function readInUse(database: Database, table: string): Promise<Catalogue> {
  const ledgers = await allLedgers(database, table);
  const catalogue = await readCatalogue(database, [...ledgers, ...ledgers.map(progressTable)]);
  const ledgerSchema = ledgers[0]?.schema;
  return { ...catalogue, builder: undefined, reader: catalogue.builder, inUse: true, ledgerSchema };
}

/** Builds a source in an empty scratch database. */
export async function prepareSource(database: Database, files: ProjectFiles, source: Source): Promise<void> {
  switch (source.kind) {
    case "empty":
      return;
    case "live":
    case "snapshot":
    case "catalogue":
      await rebuildExactly(database, await sourceCatalogue(files, source), nameOf(source));
      return;
    case "schema":
      await buildSchema(database, files);
      return;
    case "git":
      await withRevision(files.projectDir, source.revision, schemaFolders(files), async (projectDir) => {
        await buildSchema(database, { ...files, projectDir });
      });
      return;
    case "migrations":
      await runMigrations(database, files, () => true);
  }
}

/**
 * Runs the base, where there is one, and migrations in an empty scratch database.
 * @param isWanted which migrations
 */
export async function runMigrations(
  database: Database,
  files: ProjectFiles,
  isWanted: (migration: MigrationFile) => boolean,
): Promise<void> {
  const run = await startRun(database, files);
  const wanted = [...projectBase(files), ...projectMigrations(files).filter(isWanted)];
  for (const [index, file] of wanted.entries()) {
    const error = await run.step(await loadWithinLimit(files, file), "up");
    if (error === undefined) continue;
    throw index === 0 && !isBase(file.version) && isMissingObject(error) ? startsElsewhere(error) : error;
  }
}

function nameOf(source: Source & { readonly kind: "live" | "snapshot" | "catalogue" }): string {
  return source.kind === "snapshot" ? source.file : source.name;
}

/** Undefined table, column, object, function or schema. */
const MISSING_OBJECT: ReadonlySet<string> = new Set(["42P01", "42703", "42704", "42883", "3F000"]);

/** Whether PostgreSQL refused a statement because something it names is not there, whatever the database sets. */
export function isMissingObject(error: ConfitureError): boolean {
  return MISSING_OBJECT.has(error.server?.sqlstate ?? "") && error.data?.["setting"] === undefined;
}

/** The error of a first migration that alters what no migration makes. */
export function startsElsewhere(error: ConfitureError): ConfitureError {
  return error.with({
    data: { ...error.data, startsElsewhere: true },
    hint: "The migrations do not start from an empty database: they alter what only the schema files create. `confiture migrate base` writes down what is there before the first one. Or compare with the schema files of a commit, for example git:HEAD, or with a database that has both, for example env:local.",
  });
}

/** Builds the schema files in a scratch database, with the roles they take for granted. */
export async function buildSchema(database: Database, files: ProjectFiles): Promise<BuildOptions> {
  const options = schemaBuild(files);
  try {
    const run = runningWithinLimit(files);
    await withMissingRoles(
      database,
      () => executeSchema(database, { ...options, fresh: false, signal: files.signal, run }),
      () => rolesOfProject(files),
    );
  } catch (error) {
    throw error instanceof ConfitureError ? explainMissing(error, files.scratch) : error;
  }
  return options;
}

/** Whether there is any; a project may have migrations alone. That they have no order is for whoever builds them. */
export function hasSchemaFiles(files: ProjectFiles): boolean {
  return findSchemaFiles({ ...files, order: undefined }).length > 0;
}

export function schemaBuild(files: ProjectFiles): BuildOptions {
  return {
    projectDir: files.projectDir,
    files: collectSchemaFiles(files),
    resetBetweenFiles: files.resetBetweenFiles,
    order: files.order,
    databaseName: files.databaseName,
    transaction: true,
  };
}

/** Migrations that a commit does not have yet, by version. */
export async function migrationsSince(files: ProjectFiles, revision: string): Promise<MigrationFile[]> {
  const now = projectMigrations(files);
  const then = await withRevision(files.projectDir, revision, [files.migrationsDir], async (projectDir) =>
    projectMigrations({ ...files, projectDir }).map(({ version }) => version),
  );
  const known = new Set(then);
  return now.filter(({ version }) => !known.has(version));
}

export function schemaFolders(files: ProjectFiles): string[] {
  return files.includeDirs.map(({ path }) => path);
}

type MigrationsFolder = Pick<ProjectFiles, "projectDir" | "migrationsDir" | "migrationsLayout">;

/** The project's migrations, in version order. */
export function projectMigrations({
  projectDir,
  migrationsDir,
  migrationsLayout,
}: MigrationsFolder): readonly MigrationFile[] {
  return fromNothing(discoverMigrations(projectDir, migrationsDir, migrationsLayout).migrations);
}

/** What the project says that there is before the first migration: one file, or none. */
export function projectBase({ projectDir, migrationsDir, migrationsLayout }: MigrationsFolder): MigrationFile[] {
  const { base } = discoverMigrations(projectDir, migrationsDir, migrationsLayout);
  return base === undefined ? [] : [base];
}
