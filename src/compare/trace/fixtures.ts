import { existsSync } from "node:fs";
import { join } from "node:path";
import { executeSchema } from "#build/builder.ts";
import { findSchemaFiles } from "#build/collect.ts";
import { readSchemaScript } from "#build/schema-script.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { runningWithinLimit } from "../runs/within-limit.ts";
import type { ProjectFiles } from "../sources/sources.ts";

/**
 * Files of rows, in the order of schema files; none in an empty folder.
 * @throws ConfitureError `usage` when there is no such folder; `schema_*`, `file_*`, `sql_*` for what cannot be read
 */
export function collectFixtures({ projectDir }: Pick<ProjectFiles, "projectDir">, dir: string): string[] {
  requireFixtures(projectDir, dir);
  const files = listFiles(projectDir, dir);
  for (const file of files) readSchemaScript({ projectDir, transaction: true }, file);
  return files;
}

/** @throws ConfitureError `usage` when there is no such folder */
export function requireFixtures(projectDir: string, dir: string): void {
  if (existsSync(join(projectDir, dir))) return;
  throw new ConfitureError("usage", `There is no folder ${dir}`, {
    hint: "Fixtures are SQL files that fill tables with rows, in db/fixtures or the folder that --fixtures names.",
  });
}

function listFiles(projectDir: string, dir: string): string[] {
  const includeDirs = [{ path: dir, recursive: true, include: ["**/*.sql"], exclude: [] }];
  return findSchemaFiles({ projectDir, includeDirs, excludeDirs: [] });
}

/** Fixtures for one database: each file is loaded once, as soon as there is what it needs. */
export interface FixtureLoader {
  /** Loads what can be loaded before a migration. */
  load(migration: LoadedMigration): Promise<void>;
  /** Files that could not be loaded at any time, with what PostgreSQL said last. */
  waiting(): ReadonlyMap<string, ConfitureError>;
}

/** @param files from `collectFixtures` */
export function loadFixtures(database: Database, files: readonly string[], options: ProjectFiles): FixtureLoader {
  const waiting = new Map<string, ConfitureError | undefined>(files.map((file) => [file, undefined]));
  return {
    async load(migration) {
      for (const file of waiting.keys()) {
        const error = await loadFile(database, file, options);
        if (error === undefined) waiting.delete(file);
        else if (mayNeedMore(error)) waiting.set(file, error);
        else throw error.with({ message: `Fixture before ${migrationId(migration.file)}: ${error.message}` });
      }
    },
    waiting: () => new Map([...waiting].flatMap(([file, error]) => (error === undefined ? [] : [[file, error]]))),
  };
}

/** The function of PostgreSQL that says where its grammar does not go on (scan.l): messages are translated. */
const GRAMMAR = "scanner_yyerror";

/**
 * Whether a later migration may make what a statement needs: PostgreSQL could not make sense of its names (class 42, which
 * has more values than columns in it), or a COPY has more columns than the table (22P04). What is no SQL never is.
 */
function mayNeedMore({ server }: ConfitureError): boolean {
  if (server?.routine === GRAMMAR) return false;
  return server !== undefined && (server.sqlstate.startsWith("42") || server.sqlstate === "22P04");
}

async function loadFile(
  database: Database,
  file: string,
  { projectDir, signal, timeLimit }: ProjectFiles,
): Promise<ConfitureError | undefined> {
  try {
    await executeSchema(database, {
      projectDir,
      files: [file],
      resetBetweenFiles: false,
      transaction: true,
      fresh: false,
      signal,
      run: runningWithinLimit({ timeLimit }),
    });
    return undefined;
  } catch (error) {
    if (error instanceof ConfitureError && error.code === "sql_failed") return error;
    throw error;
  }
}
