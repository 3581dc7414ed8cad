import { existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join, relative } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { changeFiles, type FileChange } from "#files/change.ts";
import { decodeSql } from "#database/script.ts";
import { readRegularFile } from "#files/read.ts";
import { fromNothing } from "./baselines.ts";
import { discoverMigrations } from "./discover.ts";
import { cutFile } from "./layouts/cut.ts";
import { importedFrom } from "./layouts/imported.ts";
import { languageOf } from "./layouts/foreign-program.ts";
import type { Ignored } from "./layouts/layout.ts";
import type { LayoutName } from "./layouts/names.ts";
import { type MigrationFile, migrationId } from "./migration-file.ts";
import type { Section } from "./sections.ts";
import { compareVersions, isRepeatable } from "./version.ts";

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
 * @throws ConfitureError `migrations_missing`, `folder_not_empty`, `migration_foreign`, and as the files are read
 */
export async function importMigrations(options: ImportOptions): Promise<Import> {
  const { projectDir, from, to } = options;
  const { layout, migrations: all, ignored } = discoverMigrations(projectDir, from, options.layout);
  if (layout === "confiture") {
    throw new ConfitureError("layout_foreign", `${from} is in Confiture's form already`, {
      hint: "There is nothing to rewrite. If it is another tool's, name the tool with --layout.",
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
  const changes = imported.map(({ from: file, path }): FileChange => ({
    kind: "create",
    path,
    content: rewrite(projectDir, file),
  }));
  if (movedTo === undefined) await changeFiles(projectDir, changes);
  else await inPlace(projectDir, from, movedTo, changes);
  const dropped = all.filter((file) => !migrations.includes(file));
  return {
    layout,
    migrations: imported,
    leftOut: [...ignored, ...dropped.map(({ path }) => ({ path, why: "the migrations that it stands for are here" }))],
    movedTo,
  };
}

/** Moves everything in a folder aside and writes into it: all or nothing. */
async function inPlace(
  projectDir: string,
  from: string,
  movedTo: string,
  writes: readonly FileChange[],
): Promise<void> {
  const names = readdirSync(join(projectDir, from), { recursive: true, withFileTypes: true });
  const inside = (parent: string, name: string): string => relative(join(projectDir, from), join(parent, name));
  const folders = names.filter((entry) => entry.isDirectory()).map(({ parentPath, name }) => inside(parentPath, name));
  const files = names.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => inside(parentPath, name));
  const targets = ["", ...folders].map((folder) => join(projectDir, movedTo, folder));
  for (const target of targets) mkdirSync(target, { recursive: true });
  try {
    const moves = files.map((name): FileChange => ({
      kind: "move",
      path: `${from}/${name}`,
      to: `${movedTo}/${name}`,
    }));
    await changeFiles(projectDir, [...moves, ...writes]);
  } catch (error) {
    for (const target of targets.toReversed()) removeIfEmpty(target);
    throw error;
  }
  for (const folder of folders.toReversed()) removeIfEmpty(join(projectDir, from, folder));
}

function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
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

/**
 * Versions in this tool's form: kept where they are digits with or without dots, else numbers behind each other. What
 * runs again has none of its own, and comes behind all others.
 */
function newVersions(migrations: readonly MigrationFile[]): string[] {
  const isKept = ({ version }: MigrationFile): boolean => /^\d+(\.\d+)*$/.test(version);
  const versioned = migrations.filter(({ version }) => !isRepeatable(version));
  if (versioned.every(isKept)) {
    let last = versioned.at(-1)?.version ?? "0";
    return migrations.map((file) => (isKept(file) ? file.version : (last = following(last))));
  }
  const width = Math.max(3, String(migrations.length).length);
  return migrations.map((_file, index) => String(index + 1).padStart(width, "0"));
}

function following(version: string): string {
  const digits = /^\d+/.exec(version)?.[0] ?? "0";
  const next = String(BigInt(digits) + 1n).padStart(digits.length, "0");
  return compareVersions(next, version) > 0 ? next : following(next);
}

/** "add users-table" -> "add_users-table": what this tool's names may hold. */
function nameOf({ name, version }: MigrationFile): string {
  const text = name === "" ? version.replace(/^(?:R__|\d+[_-]?)/, "") : name;
  return text.replaceAll(/[\s/]+/g, "_");
}

function rewrite(projectDir: string, file: MigrationFile): string {
  const read = (path: string): string => decodeSql(path, readRegularFile(join(projectDir, path), path));
  const text = read(file.path);
  const { main, down } = cutFile(file, { file: file.path, text }, "up");
  const origin = importedFrom(file);
  const parts = [`${origin}\n${marker("up", main, file)}\n${content(text, main)}`];
  if (file.downPath !== undefined) {
    const downText = read(file.downPath);
    const section = cutFile(file, { file: file.downPath, text: downText }, "down").main;
    parts.push(`${marker("down", section, file)}\n${content(downText, section)}`);
  } else if (down !== undefined) {
    parts.push(`${marker("down", down, file)}\n${content(text, down)}`);
  }
  return parts.join("\n");
}

function marker(way: "up" | "down", { transaction }: Section, file: MigrationFile): string {
  return `-- migrate:${way}${(transaction ?? file.transaction) === false ? " transaction:false" : ""}`;
}

/** A section's text, without a byte order mark and blank lines above it. */
function content(text: string, { start, end, text: own }: Section): string {
  const sql = (own ?? text)
    .slice(start, end)
    .replace(/^\uFEFF/, "")
    .replace(/^(?:[^\S\n]*\n)+/, "");
  return sql.endsWith("\n") ? sql : `${sql}\n`;
}
