import { assembleSchema } from "#build/builder.ts";
import { piecesOf, readSchemaScript } from "#build/schema-script.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { baseFile } from "#migrate/base.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import { type MigrationFile, migrationId } from "#migrate/files/migration-file.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues, listChanges } from "../catalogue/changes.ts";
import { describe } from "../catalogue/describe.ts";
import { withoutSubscriptions } from "../catalogue/subscriptions.ts";
import { withScratch } from "#scratch/scratch.ts";
import { withLoadedBase } from "../runs/loaded-base.ts";
import { SCRATCH_LEDGER, startRun } from "../runs/scratch-run.ts";
import { withRevision } from "../sources/git.ts";
import {
  hasSchemaFiles,
  isInUse,
  prepareSource,
  type ProjectFiles,
  projectMigrations,
  schemaBuild,
  schemaFolders,
  type Source,
  sourceCatalogue,
} from "../sources/sources.ts";
import { FROM_BEFORE, takeBack } from "./take-back.ts";
import { readCells } from "./cells.ts";
import { REPRODUCED, reproducible } from "./reproducible.ts";
import { codeOfSession } from "./session-code.ts";
import { asItIs, type WriteCell } from "./rows.ts";
import { type BaseScript, readScript } from "./text.ts";
import { lastWriter, type Writer, valueSources, writersOf } from "./value-sources.ts";
import { loadParser } from "#sql/parser.ts";

export interface BaseOptions extends ProjectFiles {
  /** What holds the base: migrations whose changes it holds as well are taken back. */
  readonly from: Source;
  readonly onStep?: ((step: string) => void) | undefined;
}

export interface Base {
  /** The file's content; undefined where the migrations start from nothing. */
  readonly text: string | undefined;
  /** Migrations that were taken back from the source. */
  readonly takenBack: readonly MigrationFile[];
  /** Those that the source did not hold. */
  readonly onTop: readonly MigrationFile[];
  /** What differs between base with all migrations and the source, where all of them are in it. */
  readonly changes: readonly Change[];
  /** What differs between base with all migrations and the schema files, where these are not the source. */
  readonly unlikeSchema: readonly Change[];
  /** What a database in use has that no base can make. */
  readonly notCompared: Catalogue["notCompared"];
  /** What code of the schema files may do, and the base may not. */
  readonly doubts: readonly string[];
  /** Whether the base makes an object. */
  readonly holds: (object: Pick<Change, "kind" | "name">) => boolean;
}

/** A source without the migrations whose changes it held. */
interface Before {
  readonly source: Catalogue;
  readonly held: readonly LoadedMigration[];
  readonly wanted: Catalogue;
  /** What should make it, the one to be preferred first. */
  readonly drafts: readonly Draft[];
}

interface Draft extends Pick<Base, "doubts"> {
  readonly text: string;
}

/**
 * Writes down what there is before the first migration, and proves it: the script makes that and nothing else, and every
 * migration applies to it.
 * @throws ConfitureError `base_refused`
 */
export async function makeBase(options: BaseOptions): Promise<Base> {
  const migrations: LoadedMigration[] = [];
  for (const file of projectMigrations(options)) {
    migrations.push(await loadWithinLimit(options, file));
  }
  options.onStep?.("Reading what is to be the base");
  const { source, held, wanted, drafts } = await readBefore(options, migrations);
  const onTop = migrations.filter((migration) => !held.includes(migration));
  const files = (all: readonly LoadedMigration[]): MigrationFile[] => all.map(({ file }) => file);
  const made = {
    takenBack: files(held),
    onTop: files(onTop),
    holds: (object: Named): boolean => isIn(wanted, object),
    notCompared: await notComparedOf(options),
  };
  options.onStep?.("Proving it");
  if (drafts.length === 0) {
    const end = await prove(options, undefined, wanted, migrations);
    return { ...made, text: undefined, changes: [], unlikeSchema: await unlikeSchema(options, end), doubts: [] };
  }
  let refusal: unknown;
  for (const { text, doubts } of drafts) {
    try {
      const end = await withLoadedBase(text, baseFile(options.migrationsDir).path, (base) =>
        prove(options, base, wanted, migrations),
      );
      const changes = onTop.length > 0 ? [] : compareCatalogues(end, source);
      return { ...made, text, changes, unlikeSchema: await unlikeSchema(options, end), doubts };
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.code !== "base_refused") throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

/** A base is made of what a scratch database held, which never has a subscription, for example. */
async function notComparedOf(options: BaseOptions): Promise<Catalogue["notCompared"]> {
  if (!isInUse(options.from)) return [];
  return withoutSubscriptions(await sourceCatalogue(options, options.from)).notCompared;
}

/** What the schema files build otherwise than base and migrations do; nothing where they are the source, or there are none. */
async function unlikeSchema(options: BaseOptions, end: Catalogue): Promise<readonly Change[]> {
  if (options.from.kind === "schema" || !hasSchemaFiles(options)) return [];
  return compareCatalogues(end, await sourceCatalogue(options, { kind: "schema" }));
}

type Named = Parameters<Base["holds"]>[0];

function isIn({ facts }: Catalogue, { kind, name }: Named): boolean {
  return facts.facts().some(({ id }) => {
    const described = describe(id);
    return described.kind === kind && described.name === name;
  });
}

async function readBefore(options: BaseOptions, migrations: readonly LoadedMigration[]): Promise<Before> {
  return await withScratch(options, async (database) => {
    const empty = await readCatalogue(database);
    await prepareSource(database, options, options.from);
    const run = await startRun(database, options);
    const source = await run.read();
    const { held } = await takeBack(run, migrations);
    const wanted = held.length === 0 ? source : await run.read();
    if (compareCatalogues(empty, wanted).length === 0) return { source, held, wanted, drafts: [] };
    const header = `${baseHeader(options)}\n`;
    const own = held.length === 0 ? await schemaFilesOf(options) : undefined;
    const script = await readScript(database, empty, wanted);
    return {
      source,
      held,
      wanted,
      drafts: [
        ...(own === undefined ? [] : [{ text: `${header}${own}`, doubts: [] }]),
        {
          text: `${header}${script.text(await writingOf(options, script, migrations))}`,
          doubts: script.tables.length === 0 ? [] : codeOfSession(writersIn(options)),
        },
      ],
    };
  });
}

/** How values are written that another build of the source would make others of: a second one tells. */
async function writingOf(
  options: BaseOptions,
  { tables }: BaseScript,
  migrations: readonly LoadedMigration[],
): Promise<WriteCell> {
  if (tables.length === 0) return asItIs;
  const parser = await loadParser();
  return await withScratch(options, async (database) => {
    await prepareSource(database, options, options.from);
    // All of them as the first time: ways back that change rows alone have run as well, and count for none that is held.
    await takeBack(await startRun(database, options), migrations);
    const writers = [...writersIn(options), ...writersOf(migrations)];
    const cells = await readCells(database);
    const { write } = await reproducible(database, tables, cells, valueSources(writers, parser, tables), {
      of: (message, location) =>
        new ConfitureError("base_refused", message, {
          hint: `Nothing was written. ${REPRODUCED}`,
          ...(location === undefined ? {} : { location }),
        }),
      writerOf: (table) => lastWriter(table, writers, migrations),
    });
    return write;
  });
}

/** The schema files, where they are the source. */
function writersIn(options: BaseOptions): Writer[] {
  if (options.from.kind !== "schema") return [];
  const build = schemaBuild(options);
  return build.files.flatMap((file) =>
    [...piecesOf(readSchemaScript(build, file))].flatMap((piece) =>
      piece === "connect" ? [] : [{ by: file, script: piece }],
    ),
  );
}

/** Stands above every base. */
export function baseHeader(files: ProjectFiles): string {
  const together = hasSchemaFiles(files)
    ? " `confiture verify` checks that all migrations after it lead to\n-- what the schema files make."
    : "";
  return `-- What a database holds before the first migration. \`confiture migrate up\` runs this first in a database that is
-- empty, and never in another.${together}
`;
}

/** The schema files themselves, where they are the source: their words and their rows are kept. */
async function schemaFilesOf(options: BaseOptions): Promise<string | undefined> {
  const assemble = (files: ProjectFiles): string => {
    const decoder = new TextDecoder();
    const [, ...pieces] = assembleSchema(schemaBuild(files));
    return pieces.map((piece) => (typeof piece === "string" ? piece : decoder.decode(piece))).join("");
  };
  switch (options.from.kind) {
    case "schema":
      return assemble(options);
    case "git":
      return await withRevision(options.projectDir, options.from.revision, schemaFolders(options), async (projectDir) =>
        assemble({ ...options, projectDir }),
      );
    default:
      return undefined;
  }
}

/**
 * Runs a base as the runner will, and all migrations after it.
 * @param base undefined where none is needed
 */
async function prove(
  options: BaseOptions,
  base: LoadedMigration | undefined,
  wanted: Catalogue,
  migrations: readonly LoadedMigration[],
): Promise<Catalogue> {
  const { path } = baseFile(options.migrationsDir);
  return await withScratch(options, async (database) => {
    const run = await startRun(database, options);
    const error = base === undefined ? undefined : await run.step(base, "up");
    if (error !== undefined) {
      throw refused(
        `The base would not run: ${error.message}`,
        `Nothing was written. Write ${path} by hand; \`confiture verify\` proves it.`,
        error,
      );
    }
    const changes = compareCatalogues(await run.read(), wanted).filter(({ planned }) => planned);
    if (changes.length > 0) {
      throw refused(
        `The base would not make what there was. What remains different:\n${listChanges(changes)}`,
        `Nothing was written. Write ${path} by hand; \`confiture verify\` proves it.`,
      );
    }
    for (const migration of migrations) {
      const failed = await run.step(migration, "up");
      if (failed === undefined) continue;
      throw refused(
        `${migrationId(migration.file)} does not apply to ${base !== undefined ? "that base" : `an empty database${options.from.kind === "empty" ? "" : ", which the source is"}`}: ${failed.message}`,
        `${FROM_BEFORE}\nWhere ${migrationId(migration.file)} would fail in every database, mend it first.`,
        failed,
      );
    }
    return await readCatalogue(database, [SCRATCH_LEDGER]);
  });
}

function refused(message: string, hint: string, cause?: ConfitureError): ConfitureError {
  // Where it failed, and what PostgreSQL says of it.
  return new ConfitureError("base_refused", message, {
    hint: cause?.hint === undefined ? hint : `${cause.hint}\n${hint}`,
    cause,
    location: cause?.location,
    server: cause?.server,
  });
}
