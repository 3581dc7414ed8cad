import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { layoutOf } from "../layouts/detect.ts";
import { Folder } from "../layouts/folder.ts";
import type { Ignored } from "../layouts/layout.ts";
import { LAYOUT_NAMES, type LayoutName } from "../layouts/names.ts";
import { leftOver } from "../layouts/left-over.ts";
import { duplicate } from "../layouts/names-and-versions.ts";
import { LAYOUTS } from "../layouts/registry.ts";
import { baseFile } from "../base.ts";
import type { MigrationFile, SquashedMigration } from "./migration-file.ts";
import { readBaseHead, requireAsSquashed } from "./squashed.ts";
import { BASE_VERSION, canonicalVersion, compareVersions } from "./version.ts";

export interface Discovery {
  readonly layout: LayoutName;
  /** What a database holds before the first of them; undefined where nothing is said of that. */
  readonly base: MigrationFile | undefined;
  /** In version order. */
  readonly migrations: readonly MigrationFile[];
  /** What the base stands for, in version order: no other migration may have their versions. */
  readonly squashed: readonly SquashedMigration[];
  /** What looks like a migration and is none in this layout, so that a slip in a name does not go unseen. */
  readonly ignored: readonly Ignored[];
}

/**
 * Finds the migrations in `dir`. A folder that does not exist holds none.
 * @param layout how the folder is laid out; `auto` or undefined looks at what is there
 * @throws ConfitureError `migration_duplicate`, `history_squashed`, `layout_unclear` or `file_unreadable`
 */
export function discoverMigrations(projectDir: string, dir: string, layout: string | undefined): Discovery {
  const folder = new Folder(projectDir, dir);
  const name = layoutOf(folder, layout);
  const { migrations: all, ...found } = LAYOUTS[name].find(folder);
  const ignored = [...found.ignored];
  requireDistinct(all);
  const { squashed, through } = folder.hasBase
    ? readBaseHead(join(projectDir, dir, BASE_VERSION), `${dir}/${BASE_VERSION}`)
    : { squashed: [], through: undefined };
  const inBase = new Set(squashed.map(({ version }) => canonicalVersion(version)));
  const migrations = all.filter(({ version }) => !inBase.has(canonicalVersion(version)));
  // As a merge of an older branch brings them back.
  const returned = all.filter((migration) => !migrations.includes(migration));
  requireAsSquashed(projectDir, returned, squashed, migrations);
  for (const { path } of returned) ignored.push({ path, why: `it was squashed into ${dir}/${BASE_VERSION}` });
  const own = migrations.find(({ baseline }) => baseline === true);
  const base = folder.hasBase
    ? { ...baseFile(dir), ...(squashed.length > 0 && { squashed }), ...(through !== undefined && { through }) }
    : undefined;
  if (base !== undefined && own !== undefined) {
    ignored.push({ path: base.path, why: `an empty database begins with ${own.path} here` });
  }
  ignored.push(...leftOver(folder, name, { migrations: all, ignored }));
  ignored.push(...foldersNamedAsFiles(folder, [...migrations, ...ignored]));
  return {
    layout: name,
    base: own === undefined ? base : undefined,
    migrations: migrations.toSorted((a, b) => compareVersions(a.version, b.version)),
    squashed,
    ignored: ignored.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** Folders with the name of a file, of which nothing was said yet. */
function foldersNamedAsFiles(folder: Folder, known: readonly { readonly path: string }[]): Ignored[] {
  return folder.folders
    .filter((name) => /\.(?:sql|ts)$/.test(name))
    .map((name) => folder.pathOf(name))
    .filter((path) => !known.some((other) => other.path === path || other.path.startsWith(`${path}/`)))
    .map((path) => ({ path, why: "it is a folder" }));
}

/**
 * For work that is nothing without migrations: a folder that is missing is more likely the wrong working directory, or
 * files that were not deployed, than a project without any.
 * @throws ConfitureError `migrations_missing`, and as `discoverMigrations`
 */
export function requireMigrations(options: {
  readonly projectDir: string;
  readonly dir: string;
  readonly layout?: string | undefined;
}): Discovery {
  const { projectDir, dir, layout } = options;
  if (!existsSync(join(projectDir, dir))) {
    throw new ConfitureError("migrations_missing", `There is no folder of migrations ${dir}`, {
      hint: "Is this the project's folder (-C DIR), and migrations.dir right? `confiture migrate new NAME` makes the folder.",
      location: { file: dir },
    });
  }
  return discoverMigrations(projectDir, dir, layout);
}

/**
 * For work that would come to nothing: a folder in which there is something, and nothing of it is a migration, is more likely read in the wrong
 * layout than empty.
 * @throws ConfitureError `migrations_unrecognised`, and as `requireMigrations`
 */
export function requireRecognised(options: Parameters<typeof requireMigrations>[0]): Discovery {
  const found = requireMigrations(options);
  const { layout, base, migrations, ignored } = found;
  if (ignored.length > 0 && migrations.length === 0 && base === undefined) {
    throw unrecognised(options.dir, layout, ignored);
  }
  return found;
}

const SAMPLES = 5;

/** For a folder in which there is something, and nothing of it is a migration: "nothing to do" would be no answer. */
function unrecognised(dir: string, layout: LayoutName, ignored: readonly Ignored[]): ConfitureError {
  const { title, names: form } = LAYOUTS[layout];
  const names = ignored.slice(0, SAMPLES).map(({ path }) => path.slice(dir.length + 1));
  const more = ignored.length > SAMPLES ? ` and ${ignored.length - SAMPLES} more` : "";
  return new ConfitureError(
    "migrations_unrecognised",
    `Nothing in ${dir} has the name of a migration: ${names.join(", ")}${more}`,
    {
      hint: `The folder was read as ${title}'s, where names are ${form}. Rename the files, or say in the environment file whose they are:\n  migrations:\n    layout: ${LAYOUT_NAMES.filter((name) => name !== layout)[0] ?? layout}\nLayouts: ${LAYOUT_NAMES.join(", ")}`,
      location: { file: dir },
      data: { layout, ignored: ignored.map(({ path }) => path) },
    },
  );
}

function requireDistinct(migrations: readonly MigrationFile[]): void {
  const seen = new Map<string, MigrationFile>();
  for (const migration of migrations) {
    // A baseline stands for the versions up to its own, which may be there as well.
    const key = `${migration.baseline === true ? "baseline " : ""}${canonicalVersion(migration.version)}`;
    const other = seen.get(key);
    if (other !== undefined) throw duplicate(migration.version, other.path, migration.path);
    seen.set(key, migration);
  }
}
