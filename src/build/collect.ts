import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { openRegularFile, readWhole } from "#files/read.ts";
import { cannotRead } from "#files/reason.ts";
import { orderByNeeds } from "./dependency-order.ts";
import { type Needs, needsOf } from "./needs.ts";
import { comparePaths } from "./order.ts";
import { includedIn, piecesOf, readSchemaScript } from "./schema-script.ts";

/** A folder of schema files; patterns are globs relative to `path`. */
export interface SourceDir {
  readonly path: string;
  readonly recursive: boolean;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export interface CollectOptions {
  readonly projectDir: string;
  readonly includeDirs: readonly SourceDir[];
  readonly excludeDirs: readonly string[];
  /** By their paths when undefined. */
  readonly order?: SchemaOrder | undefined;
}

/** `path`: by their paths; `dependencies`: each file after those that make what it needs. */
export type SchemaOrder = "path" | "dependencies";

/** Where schema files are when nobody says where. */
const USUAL_FOLDER = "db/schema";

const EVERY_SQL_FILE = "**/*.sql";

/**
 * `collectSchemaFiles` for projects that may have none.
 * @throws ConfitureError as `collectSchemaFiles`, but for `schema_no_files`
 */
export function findSchemaFiles(options: CollectOptions): string[] {
  try {
    return collectSchemaFiles(options);
  } catch (error) {
    // A folder that somebody has named and that is not there is a mistake, not a project without schema files.
    const missing = error instanceof ConfitureError ? error.data?.["folder"] : undefined;
    const hasNone = error instanceof ConfitureError && error.code === "schema_no_files";
    if (hasNone && (missing === undefined || missing === USUAL_FOLDER)) return [];
    throw error;
  }
}

/**
 * The schema files in the order they run: paths relative to the project, with forward slashes, sorted
 * component by component, or moved behind what they need. Names that begin with a dot are left out. A file that is reached twice counts once, and one that
 * another includes runs there and not by itself.
 * @throws ConfitureError `schema_no_files`, `schema_outside_project`, `schema_link_loop`, `schema_circle`, `file_unreadable`
 */
export function collectSchemaFiles(options: CollectOptions): string[] {
  const byRealPath = schemaFilesByRealPath(options);
  if (byRealPath.size === 0) throw noFiles(options);
  leaveOutIncluded(options.projectDir, byRealPath);
  // The engine's own order is nearly this one, and much faster than asking for every two of them.
  const sorted = [...byRealPath.values()].toSorted().toSorted(comparePaths);
  return options.order === "dependencies" ? orderByNeeds(sorted.map((file) => readNeeds(options, file))) : sorted;
}

/**
 * The paths of all schema files, those that others include among them, in no order. Reads folders and no file.
 * @throws ConfitureError as `collectSchemaFiles`, but for what is in files
 */
export function listSchemaFiles(options: CollectOptions): string[] {
  return [...schemaFilesByRealPath(options).values()];
}

/**
 * Files that would be schema files, were their names not ending in `.SQL` or the like: they are no part of the schema. None where the
 * folders cannot be read, which whoever collects the others says.
 */
export function misnamedSchemaFiles(options: CollectOptions): string[] {
  try {
    return [
      ...schemaFilesByRealPath(options, (name) => /\.sql$/i.test(name) && !name.endsWith(".sql")).values(),
    ].toSorted();
  } catch (error) {
    if (error instanceof ConfitureError) return [];
    throw error;
  }
}

function schemaFilesByRealPath(
  options: CollectOptions,
  isNamed = (name: string): boolean => name.endsWith(".sql"),
): Map<string, string> {
  const projectRoot = realpathSync(options.projectDir);
  const excluded = options.excludeDirs.map((dir) => normalise(options.projectDir, dir));
  const byRealPath = new Map<string, string>();
  for (const dir of options.includeDirs) {
    const shown = normalise(options.projectDir, dir.path);
    requireFolder(options.projectDir, dir.path);
    const wanted = matcher(dir);
    walk(shown, "", [realpathSync(join(options.projectDir, shown))], dir.recursive);

    function walk(folder: string, below: string, parents: readonly string[], recursive: boolean): void {
      if (excluded.includes(folder)) return;
      const realFolder = parents.at(-1)!;
      for (const entry of list(options.projectDir, folder)) {
        if (entry.name.startsWith(".")) continue;
        const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
        const inside = below === "" ? entry.name : `${below}/${entry.name}`;
        const absolute = `${options.projectDir}/${path}`;
        const isLink = entry.isSymbolicLink();
        const isFolder = isLink ? pointsToFolder(absolute, path) : entry.isDirectory();
        if (isFolder && recursive) {
          const real = isLink ? requireInside(projectRoot, absolute, path) : `${realFolder}${sep}${entry.name}`;
          if (parents.includes(real)) throw linkLoop(path);
          walk(path, inside, [...parents, real], recursive);
        } else if (!isFolder && isNamed(entry.name) && wanted(inside.replace(/\.sql$/i, ".sql"))) {
          const real = isLink ? requireInside(projectRoot, absolute, path) : `${realFolder}${sep}${entry.name}`;
          const seen = byRealPath.get(real);
          if (seen === undefined || comparePaths(path, seen) < 0) byRealPath.set(real, path);
        }
      }
    }
  }
  return byRealPath;
}

function readNeeds({ projectDir }: CollectOptions, file: string): Needs {
  try {
    const pieces = piecesOf(readSchemaScript({ projectDir, transaction: false, databaseName: null }, file));
    const scripts = [...pieces].filter((piece) => piece !== "connect");
    return needsOf(file, scripts);
  } catch (error) {
    // What is wrong with a file is said when its turn comes.
    if (!(error instanceof ConfitureError)) throw error;
    return needsOf(file, []);
  }
}

/** Larger files hold data, and are not looked through for a command that includes others. In bytes. */
const SEARCHED = 16 * 1024 * 1024;

/** @param files paths relative to the project, by real path */
function leaveOutIncluded(projectDir: string, files: Map<string, string>): void {
  const included = new Set<string>();
  for (const [real, file] of files) {
    if (!mayInclude(real)) continue;
    try {
      for (const path of includedIn(
        projectDir,
        readSchemaScript({ projectDir, transaction: false, databaseName: null }, file),
      )) {
        included.add(path);
      }
    } catch (error) {
      // What else is wrong with a file is said when its turn comes.
      if (!(error instanceof ConfitureError) || error.code === "schema_link_loop") throw error;
    }
  }
  for (const real of included) files.delete(real);
}

function mayInclude(path: string): boolean {
  try {
    using file = openRegularFile(path, path);
    return file.size <= SEARCHED && readWhole(file, path).includes("\\i");
  } catch (error) {
    if (error instanceof ConfitureError) return false;
    throw error;
  }
}

/** "./db/schema/" and "db/schema" are one folder; the project itself is "". */
function normalise(projectDir: string, dir: string): string {
  return relative(projectDir, resolve(projectDir, dir)).split(sep).join("/");
}

function matcher(dir: SourceDir): (path: string) => boolean {
  const includes = dir.include.filter((pattern) => pattern !== EVERY_SQL_FILE).map((pattern) => new Bun.Glob(pattern));
  const takesAll = includes.length < dir.include.length || dir.include.length === 0;
  const excludes = dir.exclude.map((pattern) => new Bun.Glob(pattern));
  return (path) =>
    (takesAll || includes.some((glob) => glob.match(path))) && !excludes.some((glob) => glob.match(path));
}

function requireFolder(projectDir: string, dir: string): void {
  const absolute = resolve(projectDir, dir);
  try {
    if (statSync(absolute).isDirectory()) {
      requireInside(realpathSync(projectDir), absolute, dir);
      return;
    }
  } catch (cause) {
    if (cause instanceof ConfitureError) throw cause;
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw unreadable(dir, cause);
  }
  throw new ConfitureError("schema_no_files", `No SQL files found: the folder ${dir} does not exist`, {
    hint: "Put the schema files there, or name their folder in include_dirs of the environment file. `confiture init` makes a project that builds.",
    location: { file: dir },
    data: { folder: normalise(projectDir, dir) },
  });
}

function list(projectDir: string, folder: string): Dirent[] {
  try {
    return readdirSync(join(projectDir, folder), { withFileTypes: true });
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

function unreadable(path: string, cause: unknown): ConfitureError {
  return cannotRead(path, cause);
}

function pointsToFolder(absolute: string, path: string): boolean {
  try {
    return statSync(absolute).isDirectory();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ELOOP") throw linkLoop(path);
    throw unreadable(path, cause);
  }
}

/** Returns the real path. */
function requireInside(projectRoot: string, absolute: string, path: string): string {
  const real = realpathSync(absolute);
  if (real === projectRoot || real.startsWith(projectRoot + sep)) return real;
  throw new ConfitureError("schema_outside_project", `${path} lies outside the project`, {
    hint: "Schema files have to be inside the project, so that everyone who checks it out builds the same database.",
    location: { file: path },
  });
}

function linkLoop(path: string): ConfitureError {
  return new ConfitureError("schema_link_loop", `${path} is a link to a folder that holds it`, {
    hint: "Remove the link, or leave its folder out with exclude_dirs.",
    location: { file: path },
  });
}

function noFiles(options: CollectOptions): ConfitureError {
  const dirs = options.includeDirs.map((dir) => dir.path).join(", ");
  return new ConfitureError("schema_no_files", `No SQL files found in ${dirs}`, {
    hint: `Files must end in .sql and be in ${dirs} or a folder below it, for example ${options.includeDirs[0]?.path ?? "db/schema"}/10_tables/users.sql.`,
  });
}
