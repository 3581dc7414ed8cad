import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { findSchemaFiles } from "#build/collect.ts";
import { type ChangedMigration, type SinceThen, sinceThen } from "#compare/sources/changed-since.ts";
import { filesAt } from "#compare/sources/git.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { discoverMigrations, requireRecognised } from "#migrate/files/discover.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { Ignored } from "#migrate/layouts/layout.ts";
import type { Parser } from "#sql/parser.ts";
import type { FileProblem, LintFile } from "./file.ts";
import type { Entry } from "./lint.ts";
import { goneFile, readMigration, readSchemaFile, readScript } from "./read.ts";
import { decodeSql } from "#database/script.ts";

/** Which files rules look at. */
export type Which =
  /** Migrations that a database does not have yet. */
  | { readonly kind: "pending"; readonly migrations: readonly Pick<MigrationFile, "path">[] }
  /** All migrations and schema files. */
  | { readonly kind: "all" }
  /** Those that are not the same in a commit. */
  | { readonly kind: "since"; readonly revision: string }
  /** Files and folders, relative to the project. */
  | { readonly kind: "paths"; readonly paths: readonly string[] };

export interface Collected {
  /** In the order in which they run: what comes before the linted ones tells what is there. */
  readonly entries: readonly Entry[];
  /** The linted migrations, in their order. */
  readonly migrations: readonly MigrationFile[];
  /** Paths of those that would be linted, and are excluded. */
  readonly excluded: readonly string[];
  /** What is in the migrations folder and is no migration, where files were not chosen by their paths. */
  readonly ignored: readonly Ignored[];
  /** See `LintOptions.together`. */
  readonly together: boolean;
}

/**
 * Finds and reads the files.
 * @param exclude globs of files that are not linted, and only tell what is there
 * @throws ConfitureError `file_unreadable` for a path at which nothing is, `git_failed`
 */
export async function collect(
  files: ProjectFiles,
  which: Which,
  exclude: readonly string[],
  parser: Parser,
): Promise<Collected> {
  const { projectDir } = files;
  const globs = exclude.map((pattern) => new Bun.Glob(pattern));
  const isLeftOut = (path: string): boolean => globs.some((glob) => glob.match(path));
  const found = discoverMigrations(projectDir, files.migrationsDir, files.migrationsLayout);
  const before = which.kind === "since" ? filesAt(projectDir, which.revision, foldersOf(files)) : undefined;
  const isChanged = (path: string): boolean =>
    before?.holds(path, readRegularFile(join(projectDir, path), path)) !== true;
  const { changed, late, applied } = which.kind === "since" ? await sinceThen(files, which.revision) : NO_COMMIT;
  const schema = which.kind === "pending" ? [] : findSchemaFiles(files);
  const isWhole = which.kind === "all" || which.kind === "since";
  if (isWhole && schema.length === 0 && !existsSync(join(projectDir, files.migrationsDir))) {
    // Passing would be green for ever in continuous integration.
    throw new ConfitureError(
      "migrations_missing",
      `There is neither a folder of migrations ${files.migrationsDir} nor a schema file`,
      {
        hint: "Is this the project's folder (-C DIR)? Files that lie elsewhere are linted by their paths: `confiture lint PATHS`.",
        location: { file: files.migrationsDir },
      },
    );
  }
  if (which.kind !== "paths") {
    requireRecognised({ projectDir, dir: files.migrationsDir, layout: files.migrationsLayout });
  }
  const chosen = which.kind === "paths" ? choose(projectDir, which.paths, found.migrations, schema) : undefined;
  const isChosen = (migration: MigrationFile): boolean => {
    switch (which.kind) {
      case "pending":
        return which.migrations.some(({ path }) => path === migration.path);
      case "all":
        return true;
      case "since":
        // One that was renamed is known by its version.
        return isChanged(migration.path) && !applied.has(migration.path);
      case "paths":
        return chosen!.paths.has(migration.path);
    }
  };
  const excluded: string[] = [];
  const isKept = (path: string): boolean => {
    if (isLeftOut(path)) excluded.push(path);
    return !isLeftOut(path);
  };
  const migrations = found.migrations.filter((migration) => isChosen(migration) && isKept(migration.path));
  const last = migrations.at(-1);
  const entries: Entry[] = [];
  if (found.base !== undefined && last !== undefined)
    entries.push({ file: await readMigration(projectDir, found.base, parser), isLinted: false });
  for (const migration of found.migrations) {
    const file = await readMigration(projectDir, migration, parser);
    const isLinted = migrations.includes(migration);
    entries.push({ file: isLinted ? withOrder(withChange(file, changed), late.get(migration.path)) : file, isLinted });
    if (migration === last) break;
  }
  const linted = schema.filter((path) => {
    const isMeant = which.kind === "paths" ? chosen!.paths.has(path) : which.kind === "all" || isChanged(path);
    return isMeant && isKept(path);
  });
  const others = (chosen?.others ?? []).filter(isKept);
  return {
    entries: [
      ...(last === undefined ? [] : entries),
      ...others.map((path) => ({
        file: readScript(path, decodeSql(path, readRegularFile(join(projectDir, path), path)), parser),
        isLinted: true,
        isAlone: true,
      })),
      ...changed.flatMap((change) =>
        change.file === undefined && isKept(change.path)
          ? [{ file: goneFile(change.path, changeProblem(change)), isLinted: true, isAlone: true }]
          : [],
      ),
      // All of them tell what there is.
      ...(linted.length === 0
        ? []
        : schema.map((path) => ({ file: readSchemaFile(projectDir, path, parser), isLinted: linted.includes(path) }))),
    ],
    migrations,
    excluded,
    ignored: which.kind === "paths" ? [] : found.ignored,
    together: which.kind === "pending" || which.kind === "since",
  };
}

const NO_COMMIT: SinceThen = { changed: [], late: new Map(), applied: new Set() };

function foldersOf({ includeDirs, migrationsDir }: ProjectFiles): string[] {
  return [migrationsDir, ...includeDirs.map(({ path }) => path)];
}

function changeProblem({ error, isSameWayUp, path }: ChangedMigration): FileProblem {
  const { message, hint } = error;
  const severity = isSameWayUp ? "warning" : undefined;
  return { rule: "edited-migration", message, fix: hint, severity, location: { file: path } };
}

/** A migration that the other branch has in another form. */
function withChange(file: LintFile, changed: readonly ChangedMigration[]): LintFile {
  const own = changed.filter((change) => change.file?.path === file.path);
  return own.length === 0 ? file : { ...file, problems: [...file.problems, ...own.map(changeProblem)] };
}

/** A new migration that is older than one of the other branch. */
function withOrder(file: LintFile, late: ConfitureError | undefined): LintFile {
  if (late === undefined) return file;
  const { message, hint } = late;
  const problem: FileProblem = { rule: "out-of-order", message, fix: hint, location: { file: file.path } };
  return { ...file, problems: [...file.problems, problem] };
}

/** Migrations and schema files below the paths; other SQL files by themselves. */
function choose(
  projectDir: string,
  paths: readonly string[],
  migrations: readonly MigrationFile[],
  schema: readonly string[],
): { readonly paths: ReadonlySet<string>; readonly others: readonly string[] } {
  const chosen = new Set<string>();
  const others = new Set<string>();
  for (const path of paths) {
    const absolute = join(projectDir, path);
    if (!existsSync(absolute)) {
      throw new ConfitureError("file_unreadable", `There is no ${path}`, { location: { file: path } });
    }
    const isFolder = statSync(absolute).isDirectory();
    const below = (file: string): boolean => path === "." || file === path || file.startsWith(`${path}/`);
    const own = migrations.filter((migration) => below(migration.path) || migration.downPath === path);
    const files = schema.filter(below);
    for (const file of [...own.map((migration) => migration.path), ...files]) chosen.add(file);
    if (own.length + files.length > 0) continue;
    if (!isFolder) others.add(path);
    else
      for (const name of new Bun.Glob("**/*.sql").scanSync({ cwd: absolute })) {
        others.add(`${path === "." ? "" : `${path}/`}${name.replaceAll("\\", "/")}`);
      }
  }
  return { paths: chosen, others: [...others].toSorted() };
}
