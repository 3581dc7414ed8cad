import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { assembleSchema } from "#build/builder.ts";
import { withMissingRoles } from "#scratch/missing.ts";
import type { ScratchSite } from "#scratch/site.ts";
import { withScratch } from "#scratch/scratch.ts";
import { type ProjectFiles, projectMigrations, schemaBuild } from "#compare/sources/sources.ts";
import { loadConfig } from "#config/load.ts";
import type { Database } from "#database/database.ts";
import { queryCatalogue } from "#database/catalogue.ts";
import { readRegularFile } from "#files/read.ts";
import { ConfitureError } from "#errors/error.ts";
import likelyMigrations from "./schema-trees.sql" with { type: "text" };

/** A project that somebody keeps in SQL files, in a folder outside of this repository. */
export interface SchemaTree {
  readonly name: string;
  /** Where its schema files are, and how they are run, as its environment says. */
  readonly files: ProjectFiles;
  /** The same files in one text. */
  readonly base: string;
}

/** One that may come next in a tree's life. */
export interface LikelyMigration {
  readonly name: string;
  readonly sql: string;
}

/** Every folder in a folder, as a project: what its environment says holds, and it needs none. */
export async function readTrees(folder: string, scratch: ScratchSite): Promise<SchemaTree[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return await Promise.all(names.toSorted().map((name) => readTree(resolve(folder, name), name, scratch)));
}

async function readTree(projectDir: string, name: string, scratch: ScratchSite): Promise<SchemaTree> {
  const config = await loadConfig({ projectDir, env: {}, homeDirectory: "", userName: "postgres", filesOnly: true });
  const files: ProjectFiles = {
    projectDir,
    includeDirs: config.includeDirs,
    excludeDirs: config.excludeDirs,
    order: config.build.order,
    resetBetweenFiles: config.build.resetBetweenFiles,
    migrationsDir: config.migrations.dir,
    table: config.migrations.table,
    scratch,
    toolVersion: "test",
  };
  const decoder = new TextDecoder();
  const pieces = [...assembleSchema(schemaBuild(files))];
  return {
    name,
    files,
    base: pieces.map((piece) => (typeof piece === "string" ? piece : decoder.decode(piece))).join(""),
  };
}

/**
 * What may come next: the migrations that the tree brings along, each by itself, and a few of every kind that is made up for
 * the objects it has. What fails on the tree is left out, as nobody would have it.
 */
export async function likelyFor({ files, base }: SchemaTree): Promise<LikelyMigration[]> {
  const own = projectMigrations(files).map(({ path }) => ({
    name: path,
    sql: readRegularFile(join(files.projectDir, path), path).toString("utf8"),
  }));
  const made = await withScratch(files, async (database) => {
    await withMissingRoles(database, () => database.execute(base));
    await database.execute("RESET ALL");
    const rows = await queryCatalogue<{ kind: string; statement: string }>(database, likelyMigrations);
    const groups = new Map<string, string[]>();
    for (const { kind, statement } of rows) {
      if (!(await works(database, [...(groups.get(kind) ?? []), statement]))) continue;
      groups.set(kind, [...(groups.get(kind) ?? []), statement]);
    }
    return [...groups].map(([name, statements]) => ({ name, sql: `${statements.join(";\n")};\n` }));
  });
  return [...own, ...made];
}

/** Whether statements run one after the other, which is then undone. */
async function works(database: Database, statements: readonly string[]): Promise<boolean> {
  try {
    await withMissingRoles(database, async () => {
      try {
        await database.execute(`BEGIN;\n${statements.join(";\n")}`);
      } finally {
        await database.execute("ROLLBACK");
      }
    });
    return true;
  } catch (error) {
    if (error instanceof ConfitureError) return false;
    throw error;
  }
}
