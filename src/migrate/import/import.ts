import { existsSync, readdirSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { changeFiles, type FileChange } from "#files/change.ts";
import { decodeSql } from "#database/script.ts";
import { readRegularFile } from "#files/read.ts";
import { baseFile } from "../base.ts";
import { fromNothing } from "../baselines.ts";
import { discoverMigrations } from "../files/discover.ts";
import { languageOf } from "../layouts/foreign-program.ts";
import { outsideProject, requireInside } from "../layouts/folder.ts";
import type { Ignored } from "../layouts/layout.ts";
import type { LayoutName } from "../layouts/names.ts";
import { type MigrationFile, migrationId } from "../files/migration-file.ts";
import { hasMark } from "./unread-history.ts";
import { compareVersions, isRepeatable } from "../files/version.ts";
import { rewrite } from "./imported-text.ts";
import { newVersions } from "./imported-versions.ts";

export interface ImportOptions {
  readonly projectDir: string;
  /** The folder to read, relative to the project. */
  readonly from: string;
  /** Its layout; undefined looks at what is there. */
  readonly layout: string | undefined;
  /**
   * The folder to write, relative to the project: empty, or not there. The same as `from` rewrites it in place: what is in
   * it moves into a folder beside it.
   */
  readonly to: string;
}

/** A migration and what it was written as. */
export interface ImportedMigration {
  readonly from: MigrationFile;
  readonly version: string;
  readonly path: string;
}

export interface Import {
  readonly layout: LayoutName;
  readonly migrations: readonly ImportedMigration[];
  /** What was in the folder and is not in the new one. */
  readonly leftOut: readonly Ignored[];
  /** Where the files of the tool are now, if they were moved. */
  readonly movedTo: string | undefined;
}

/**
 * Rewrites another tool's folder in this tool's form, all of it or nothing: a file for each migration, with both ways. A
 * version of digits stays as it is; others are numbered anew, in their order.
 * @throws ConfitureError `migrations_missing`, `migrations_outside_project`, `folder_not_empty`, `migration_foreign`, and as
 * the files are read
 */
export async function importMigrations(options: ImportOptions): Promise<Import> {
  const { projectDir } = options;
  const from = folderInside(projectDir, options.from);
  const to = folderInside(projectDir, options.to);
  const { layout, base, migrations: all, ignored } = discoverMigrations(projectDir, from, options.layout);
  if (layout === "confiture" && all.length > 0) {
    throw new ConfitureError("layout_foreign", `${from} is in Confiture's form already: it runs as it is`, {
      hint: `There is nothing to rewrite. ${nextStep(projectDir, all)}`,
    });
  }
  const migrations = fromNothing(all);
  if (migrations.length === 0) {
    throw new ConfitureError("migrations_missing", `There are no migrations in ${from}`, { location: { file: from } });
  }
  refusePrograms(migrations);
  const movedTo = from === to ? `${from}-${layout}` : undefined;
  requireEmpty(projectDir, movedTo ?? to);
  const versions = newVersions(migrations);
  const imported = migrations.map((file, index) => {
    const version = versions[index]!;
    return { from: file, version, path: `${to}/${migrationId({ version, name: nameOf(file) })}.sql` };
  });
  const dropped = all.filter((file) => !migrations.includes(file));
  const baselines = coveredBy(migrations, dropped);
  const changes = imported.map(({ from: file, path }): FileChange => ({
    kind: "create",
    path,
    content: rewrite(projectDir, file, path, baselines.get(file) ?? []),
  }));
  if (base !== undefined) {
    const content = decodeSql(base.path, readRegularFile(join(projectDir, base.path), base.path));
    changes.push({ kind: "create", path: baseFile(to).path, content });
  }
  if (movedTo === undefined) await changeFiles(projectDir, changes);
  else await inPlace(projectDir, from, movedTo, changes);
  return {
    layout,
    migrations: imported,
    leftOut: [...ignored, ...dropped.map(({ path }) => ({ path, why: "the migrations that it stands for are here" }))],
    movedTo,
  };
}

/** How databases that the tool of a folder of this form has migrated become known. */
function nextStep(projectDir: string, all: readonly MigrationFile[]): string {
  const other = "If it is another tool's, name the tool with --layout.";
  if (all.some(({ form }) => form === "sql-pair")) {
    return `Where golang-migrate or sqlx has run it: confiture migrate baseline --from golang-migrate or --from sqlx. ${other}`;
  }
  return all.some((file) => file.form === "sql" && hasMark(projectDir, file))
    ? `Where dbmate has run it: confiture migrate baseline --from dbmate. ${other}`
    : other;
}

/** Moves everything in a folder aside and writes into it: all or nothing. */
async function inPlace(
  projectDir: string,
  from: string,
  movedTo: string,
  writes: readonly FileChange[],
): Promise<void> {
  const { folders, files } = contentsOf(join(projectDir, from));
  const moves = files.map((name): FileChange => ({ kind: "move", path: `${from}/${name}`, to: `${movedTo}/${name}` }));
  const emptied = folders.map((folder) => `${from}/${folder}`);
  await changeFiles(projectDir, [...moves, ...writes], emptied);
}

/** Everything inside a folder, as paths below it, a folder before what is in it. A link moves as what it is. */
function contentsOf(folder: string, inside = ""): { readonly folders: string[]; readonly files: string[] } {
  const folders: string[] = [];
  const files: string[] = [];
  for (const entry of readdirSync(join(folder, inside), { withFileTypes: true })) {
    const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
    if (!entry.isDirectory()) {
      files.push(path);
      continue;
    }
    const within = contentsOf(folder, path);
    folders.push(path, ...within.folders);
    files.push(...within.files);
  }
  return { folders, files };
}

/**
 * A folder as a path below the project, written in one way.
 * @throws ConfitureError `migrations_outside_project`, also for the project's own folder
 */
function folderInside(projectDir: string, folder: string): string {
  const path = relative(projectDir, resolve(projectDir, folder)).replaceAll(sep, "/");
  if (path === "") {
    throw new ConfitureError(
      "migrations_outside_project",
      `${folder === "" ? '""' : folder} is the project's own folder`,
      {
        hint: "Name a folder inside it.",
      },
    );
  }
  if (path === ".." || path.startsWith("../") || isAbsolute(path)) throw outsideProject(folder);
  const root = realpathSync(projectDir);
  const parts = path.split("/");
  // A link may lead out of it.
  for (const index of parts.keys()) requireInside(root, projectDir, parts.slice(0, index + 1).join("/"));
  return path;
}

function refusePrograms(migrations: readonly MigrationFile[]): void {
  const programs = migrations.filter(({ form }) => form === "foreign");
  const [first] = programs;
  if (first === undefined) return;
  const list = programs.map(({ path }) => `${path} (${languageOf(path)})`).join(", ");
  throw new ConfitureError("migration_foreign", `Not all of these migrations are SQL: ${list}`, {
    hint: "Nothing was written. Write what they do in SQL, under the same version, and remove them.",
    location: { file: first.path },
  });
}

function requireEmpty(projectDir: string, to: string): void {
  const path = join(projectDir, to);
  const [found] = existsSync(path) ? readdirSync(path) : [];
  if (found === undefined) return;
  throw new ConfitureError("folder_not_empty", `${to} is not empty: it holds ${found}`, {
    hint: "Nothing was written. Name another folder with --to.",
    location: { file: to },
  });
}

/** The newest migration that each baseline stood for. */
function coveredBy(
  migrations: readonly MigrationFile[],
  baselines: readonly MigrationFile[],
): ReadonlyMap<MigrationFile, readonly MigrationFile[]> {
  const newestBefore = (version: string): MigrationFile | undefined =>
    migrations.findLast((file) => !isRepeatable(file.version) && compareVersions(file.version, version) <= 0);
  const covered = new Map<MigrationFile, MigrationFile[]>();
  for (const baseline of baselines) {
    const newest = newestBefore(baseline.version);
    if (newest !== undefined) covered.set(newest, [...(covered.get(newest) ?? []), baseline]);
  }
  return covered;
}

/** "add users-table" -> "add_users-table": what this tool's names may hold. */
function nameOf({ name, version }: MigrationFile): string {
  const text = name === "" ? version.replace(/^(?:R__|\d+(?:\.\d+)*[_-]?)/, "") : name;
  // "1_a.up.sql" would be one of two files.
  return text.replaceAll(/[\s/]+/g, "_").replace(/\.(up|down)$/, "_$1");
}
