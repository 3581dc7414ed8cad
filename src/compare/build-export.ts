import { executeSchema } from "#build/builder.ts";
import { collectSchemaFiles } from "#build/collect.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { type TemporaryFolder, withTemporaryFolder } from "#files/temporary.ts";
import { rolesOfProject } from "./runs/project-roles.ts";
import { explainMissing, withMissingRoles } from "#scratch/missing.ts";
import { withParser } from "#sql/parser.ts";
import { makeRoomFor, wantsRoom } from "#scratch/room.ts";
import { type ScratchOptions, withScratch } from "#scratch/scratch.ts";
import { runTolerantly } from "#scratch/tolerant.ts";
import type { Catalogue } from "./catalogue/catalogue.ts";
import { giveBackMemory } from "./engine/memory.ts";
import { isMissingObject } from "./sources/sources.ts";
import type { PlannedFile } from "./tree/statements.ts";
import { renderSchemaFile } from "./tree/text.ts";

/** A schema file to be written. */
export interface SchemaFile {
  /** Below the schema folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Where files are built, and how. */
export interface BuildingOptions extends ScratchOptions {
  readonly onStep?: ((step: string) => void) | undefined;
  /** How many files the embedded engine builds in one transaction; `PART` when undefined. */
  readonly part?: number | undefined;
}

/** What was built of the files cannot be taken back, and all of it has to be built in another way. */
class NeedsOneTransaction extends Error {}

/**
 * Files that the embedded engine builds in one transaction: until its end PostgreSQL keeps what it knows of each relation, some
 * kilobytes, and a lock on it.
 */
const PART = 2_000;

/** Works in a scratch database where files are built part by part; anew in another, with all in one transaction, where that fails. */
export async function inParts<T>(
  options: BuildingOptions,
  live: Catalogue,
  work: (database: Database, part: number) => Promise<T>,
): Promise<T> {
  const all = async (): Promise<T> => {
    makeRoomFor(live.facts.facts().map(({ id }) => id.kind));
    return await withScratch(options, (database) => work(database, Infinity));
  };
  if (options.scratch.engine === "server") return await all();
  try {
    return await withScratch(options, (database) => work(database, options.part ?? PART));
  } catch (error) {
    if (error instanceof NeedsOneTransaction) return await all();
    throw error;
  }
}

/** What functions that are looked into while something is made, because they are inlined, look up without a schema. */
function searchPathFile(path: string): PlannedFile {
  return { path: "00_common/00_search_path.sql", statements: [`SET search_path = ${path}`], ahead: false };
}

/** Builds the files in a folder of their own, which is gone afterwards. */
export async function buildFiles(
  database: Database,
  options: BuildingOptions,
  planned: readonly PlannedFile[],
): Promise<SchemaFile[]> {
  if (planned.length === 0) return [];
  return await withTemporaryFolder(async (folder) => await buildIn(folder, database, options, planned));
}

/** The files as they are tried. */
interface Attempt {
  /** Run before all others. */
  readonly searchPath?: string;
  /** Those whose functions are made without a look at their bodies. */
  readonly ahead: ReadonlySet<string>;
}

/**
 * Runs the files; where something is not found, once more with the database's own search_path. A function that PostgreSQL
 * refuses is then tried without a look at its body.
 */
async function buildIn(
  { dir, write }: TemporaryFolder,
  database: Database,
  options: BuildingOptions,
  objects: readonly PlannedFile[],
): Promise<SchemaFile[]> {
  const ownPath = options.scratch.like?.settings["search_path"];
  const first: Attempt = { ahead: new Set(objects.filter((file) => file.ahead).map(({ path }) => path)) };
  const built: SchemaFile[] = [];
  const [refused] = await runTolerantly([first], {
    run: async ({ searchPath, ahead }) => {
      const planned = searchPath === undefined ? objects : [searchPathFile(searchPath), ...objects];
      const files = await withParser((parser) =>
        planned.map((file, index) => {
          if (index % FILES_AT_ONCE === 0) giveBackMemory();
          return { path: file.path, text: renderSchemaFile({ ...file, ahead: ahead.has(file.path) }, parser) };
        }),
      );
      for (const { path, text } of files) write(`${SCHEMA.path}/${path}`, text);
      const sorted = collectSchemaFiles({ projectDir: dir, includeDirs: [SCHEMA], excludeDirs: [] });
      const { part = Infinity, signal } = options;
      // What it sets lasts for one transaction's files.
      const parts = searchPath === undefined ? inPieces(sorted, part) : [sorted];
      options.onStep?.(`Building ${files.length} ${files.length === 1 ? "file" : "files"} in a scratch database`);
      for (const [index, own] of parts.entries()) {
        const build = {
          projectDir: dir,
          files: own,
          resetBetweenFiles: false,
          transaction: true,
          fresh: false,
          signal,
        };
        await withMissingRoles(
          database,
          () => executeSchema(database, build),
          () => rolesOfProject({ projectDir: dir, includeDirs: [SCHEMA] }),
        ).catch((error: unknown) => {
          if (index > 0 && error instanceof ConfitureError && error.code !== "interrupted" && !wantsRoom(error)) {
            throw new NeedsOneTransaction(error.message, { cause: error });
          }
          throw error;
        });
      }
      const byPath = new Map(files.map((file) => [`${SCHEMA.path}/${file.path}`, file]));
      built.push(...sorted.map((path) => byPath.get(path)!));
    },
    remedy: (attempt, error) => {
      if (attempt.searchPath === undefined && ownPath !== undefined && isMissingObject(error))
        return [{ ...attempt, searchPath: ownPath }];
      const failed = failedFile(error);
      if (failed === undefined || attempt.ahead.has(failed) || !/^\d+_functions\//.test(failed)) return undefined;
      return [{ ...attempt, ahead: new Set([...attempt.ahead, failed]) }];
    },
  });
  if (refused !== undefined) throw doesNotBuild(refused[1], options.scratch);
  return built;
}

function inPieces(files: readonly string[], size: number): readonly (readonly string[])[] {
  if (files.length <= size) return [files];
  return [files.slice(0, size), ...inPieces(files.slice(size), size)];
}

/** How many files are rendered before what that leaves behind is given back. */
const FILES_AT_ONCE = 1_000;

const SCHEMA = { path: "schema", recursive: true, include: ["**/*.sql"], exclude: [] };

/** The file with the statement that PostgreSQL refused. */
function failedFile(error: ConfitureError): string | undefined {
  return error.location?.file.slice(SCHEMA.path.length + 1);
}

function doesNotBuild(error: ConfitureError, site: BuildingOptions["scratch"]): ConfitureError {
  if (error.code === "interrupted") return error;
  const explained = explainMissing(error, site);
  const hints = [
    explained.hint,
    explained.server?.sqlstate === "42501" ? NOT_ALLOWED : undefined,
    site.engine === "embedded" && isMissingObject(error) ? OTHER_EXTENSION : undefined,
    NOTHING_WRITTEN,
  ];
  const hint = hints.filter((line) => line !== undefined).join("\n");
  if (explained !== error) return explained.with({ hint });
  return error.with({ code: "export_unproven", message: `The files do not build: ${error.message}`, hint });
}

/** The role that reads need not have the rights of those that made the objects. */
export const NOT_ALLOWED =
  "If the role lacks rights in a scratch database on its server, prove the files elsewhere: --scratch URL with another role, or --scratch embedded";

/** Grants name the functions of an extension. */
const OTHER_EXTENSION =
  "The embedded PostgreSQL may have another version of an extension than the database, with other functions. Prove the files on its server, with a role that may create databases: --scratch URL";

export const NOTHING_WRITTEN = "Nothing was written.";
