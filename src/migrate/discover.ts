import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { canonicalVersion, compareVersions } from "./version.ts";

/** How a migration is written; docs/formats.md describes each form. */
export type MigrationForm = "typescript" | "sql" | "sql-pair";

/** One migration as its file name tells it; nothing has been read yet. */
export interface MigrationFile {
  /** As in the file name, leading zeros kept. */
  readonly version: string;
  readonly name: string;
  readonly form: MigrationForm;
  /** Paths as shown to the user: below the project, with forward slashes. */
  readonly path: string;
  /** The `.down.sql` beside a `.up.sql`. */
  readonly downPath?: string;
}

export interface Discovery {
  /** In version order. */
  readonly migrations: readonly MigrationFile[];
  /** SQL files that the naming rule leaves out, so that a slip in a name does not go unseen. */
  readonly ignored: readonly string[];
}

/** "001_add_user_bio" */
export function migrationId(migration: { readonly version: string; readonly name: string }): string {
  return migration.name === "" ? migration.version : `${migration.version}_${migration.name}`;
}

const FILE_NAME = /^(\d+)(?:_(.*?))?(\.up\.sql|\.down\.sql|\.sql|\.ts)$/;

/**
 * Finds the migrations directly inside `dir`. A folder that does not exist holds none.
 * @throws ConfitureError `migration_duplicate`, `migration_orphan_down` or `file_unreadable`
 */
export function discoverMigrations(projectDir: string, dir: string): Discovery {
  const found = new Map<string, MigrationFile>();
  const downs: { version: string; path: string }[] = [];
  const ignored: string[] = [];
  for (const fileName of listFolder(projectDir, dir)) {
    const match = FILE_NAME.exec(fileName);
    const path = `${dir}/${fileName}`;
    if (match === null || fileName.endsWith(".d.ts")) {
      if (fileName.endsWith(".sql") || /^\d/.test(fileName)) ignored.push(path);
      continue;
    }
    const [, version = "", name = "", extension = ""] = match;
    if (extension === ".down.sql") {
      downs.push({ version, path });
      continue;
    }
    const form = extension === ".ts" ? "typescript" : extension === ".sql" ? "sql" : "sql-pair";
    const other = found.get(canonicalVersion(version));
    if (other !== undefined) throw duplicate(version, other.path, path);
    found.set(canonicalVersion(version), { version, name, form, path });
  }
  for (const { version, path } of downs) {
    const up = found.get(canonicalVersion(version));
    if (up?.form !== "sql-pair") throw orphanDown(path, up);
    if (up.downPath !== undefined) throw duplicate(version, up.downPath, path);
    found.set(canonicalVersion(version), { ...up, downPath: path });
  }
  const migrations = [...found.values()].toSorted((a, b) => compareVersions(a.version, b.version));
  return { migrations, ignored: ignored.toSorted() };
}

/**
 * For work that is nothing without migrations: a folder that is missing is more likely the wrong working directory, or
 * files that were not deployed, than a project without any.
 * @throws ConfitureError `migrations_missing`, and as `discoverMigrations`
 */
export function requireMigrations(projectDir: string, dir: string): Discovery {
  if (!existsSync(join(projectDir, dir))) {
    throw new ConfitureError("migrations_missing", `There is no folder of migrations ${dir}`, {
      hint: "Is this the project's folder (-C DIR), and migrations.dir right? `confiture migrate new NAME` makes the folder.",
      location: { file: dir },
    });
  }
  return discoverMigrations(projectDir, dir);
}

function listFolder(projectDir: string, dir: string): string[] {
  try {
    return (
      readdirSync(join(projectDir, dir), { withFileTypes: true })
        .filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."))
        .map((entry) => entry.name)
        // The engine's own order is nearly that of versions, and much faster than asking for every two of them.
        .toSorted()
    );
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new ConfitureError(
      "file_unreadable",
      `Cannot read the migrations folder ${dir}: ${(cause as Error).message}`,
      {
        hint: "Check the folder's permissions, or migrations.dir in the environment file.",
        cause,
      },
    );
  }
}

function duplicate(version: string, first: string, second: string): ConfitureError {
  return new ConfitureError("migration_duplicate", `Two migrations have version ${version}: ${first} and ${second}`, {
    hint: "Rename one of them to a version of its own. One that was applied somewhere already must keep its number.",
    location: { file: second },
    data: { version, files: [first, second] },
  });
}

function orphanDown(path: string, up: MigrationFile | undefined): ConfitureError {
  return new ConfitureError("migration_orphan_down", `${path} has no .up.sql beside it`, {
    hint:
      up === undefined
        ? "Add the .up.sql of the same version, or remove this file."
        : `Version ${up.version} is ${up.path}, which holds its own way back. Remove one of them.`,
    location: { file: path },
  });
}
