import { ConfitureError } from "#errors/error.ts";
import { stampOf } from "#files/stamps.ts";
import { prepareEmbeddedScratch } from "#scratch/embedded-scratch.ts";
import { findSchemaFiles, listSchemaFiles } from "#build/collect.ts";
import { type Change, compareCatalogues } from "./catalogue/changes.ts";
import { type Catalogue, readCatalogue } from "./catalogue/catalogue.ts";
import { projectBase, type ProjectFiles, projectMigrations, sourceCatalogue } from "./sources/sources.ts";
import { migrationPaths } from "./sources/unchanged.ts";
import { unlessSaved } from "./newer-save.ts";

/** What the files of a project come to at one moment. */
export interface Look {
  /** Milliseconds that it took. */
  readonly duration: number;
  readonly schemaFiles: number;
  /** Whether there is a migration, or a base. */
  readonly hasMigrations: boolean;
  /** Why the schema files do not build. */
  readonly schemaError: ConfitureError | undefined;
  /** Why the migrations cannot be replayed. */
  readonly migrationsError: ConfitureError | undefined;
  /** From what base and migrations make to what the schema files make; undefined where one of them cannot be made. */
  readonly changes: readonly Change[] | undefined;
  /** Whether only schema files were changed since a look that found no difference: what differs is new in them. */
  readonly isNewInSchema: boolean;
}

/** Looks at a project again and again. What has not changed since the last time is not made anew. */
export interface Watcher {
  /** Tells whether there is anything new; equal stamps stand for equal files. */
  stamp(): string;
  /**
   * What is wrong with files is in the look.
   * @returns undefined where it was given up: while it took its time, one of the files that it is about was saved anew
   * @throws ConfitureError `interrupted`, and what a scratch database throws
   */
  look(): Promise<Look | undefined>;
  /** Gets ready for the next look, in the background. Nothing needs to wait for it. */
  prepare(): void;
}

/** @param settings paths of files that say how those of the project are read */
export function watchProject(files: ProjectFiles, settings: readonly string[]): Watcher {
  const made = new Map<"schema" | "migrations", Made>();
  // The migrations of the last look, once it has found no difference.
  let agreed: string | undefined;

  /** Of the files, or of what is wrong with their names. */
  const stampFor = (kind: "schema" | "migrations"): string => {
    const paths = pathsOf(files, kind);
    return paths instanceof ConfitureError ? `${paths.code} ${paths.message}` : stampOf(files.projectDir, paths);
  };

  const make = async (kind: "schema" | "migrations"): Promise<Catalogue | ConfitureError | undefined> => {
    const stamp = stampFor(kind);
    const before = made.get(kind);
    if (before?.stamp === stamp) return before.catalogue;
    const paths = pathsOf(files, kind);
    const watched = [...(paths instanceof ConfitureError ? [] : paths), ...settings];
    const catalogue = await unlessSaved(files, watched, (unless) =>
      sourceCatalogue({ ...files, ...unless }, { kind }).catch((error: unknown) => {
        if (error instanceof ConfitureError && !UNUSABLE.has(error.code)) return error;
        throw error;
      }),
    );
    if (catalogue !== undefined) made.set(kind, { stamp, catalogue });
    return catalogue;
  };

  return {
    stamp: () => `${stampFor("schema")}\n\n${stampFor("migrations")}`,
    async look() {
      const started = performance.now();
      const schema = await make("schema");
      const migrations = schema && (await make("migrations"));
      if (schema === undefined || migrations === undefined) return undefined;
      const isWhole = !(schema instanceof ConfitureError) && !(migrations instanceof ConfitureError);
      const changes = isWhole ? compareCatalogues(migrations, schema) : undefined;
      const stamp = made.get("migrations")?.stamp;
      if (changes?.length === 0) agreed = stamp;
      else if (stamp !== agreed) agreed = undefined;
      return {
        schemaFiles: schema instanceof ConfitureError ? 0 : findSchemaFiles(files).length,
        schemaError: schema instanceof ConfitureError ? schema : undefined,
        migrationsError: migrations instanceof ConfitureError ? migrations : undefined,
        changes,
        isNewInSchema: agreed !== undefined,
        hasMigrations: migrations instanceof ConfitureError || hasMigrations(files),
        duration: performance.now() - started,
      };
    },
    prepare() {
      if (files.scratch.engine === "embedded") prepareEmbeddedScratch(readCatalogue);
    },
  };
}

/** Asked many times a second: their order, and what schema files include, need not be read for it. */
function pathsOf(files: ProjectFiles, kind: "schema" | "migrations"): string[] | ConfitureError {
  try {
    return kind === "schema" ? listSchemaFiles(files).toSorted() : migrationPaths(files);
  } catch (error) {
    if (error instanceof ConfitureError) return error;
    throw error;
  }
}

function hasMigrations(files: ProjectFiles): boolean {
  return projectBase(files).length + projectMigrations(files).length > 0;
}

interface Made {
  readonly stamp: string;
  readonly catalogue: Catalogue | ConfitureError;
}

/** What ends the command: no file of the project is the reason. */
const UNUSABLE: ReadonlySet<string> = new Set(["interrupted", "internal", "scratch_unusable", "embedded_failed"]);
