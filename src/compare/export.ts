import { factsOf } from "./engine/facts.ts";
import { executeSchema } from "#build/builder.ts";
import { collectSchemaFiles } from "#build/collect.ts";
import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { type TemporaryFolder, withTemporaryFolder } from "#files/temporary.ts";
import { quoteQualified } from "#sql/quote.ts";
import { type Catalogue, readCatalogue, SECRET } from "./catalogue/catalogue.ts";
import { withoutObjects } from "./engine/lookups.ts";
import { giveBackMemory } from "./engine/memory.ts";
import { type Change, isUnfinishedIndex } from "./catalogue/changes.ts";
import { compareOnTerms } from "./sources/comparison.ts";
import { type DatabaseSettings, readDatabaseSettings, settingsFile } from "./tree/database-settings.ts";
import { detailId, missingDetails, readDetails, SAMPLES } from "./tree/details.ts";
import { type PlannedFile, planFiles } from "./tree/statements.ts";
import { renderSchemaFile } from "./tree/text.ts";
import type { ScratchOptions } from "#scratch/scratch.ts";
import type { ScratchSite } from "#scratch/site.ts";
import { explainMissing, withMissingRoles } from "#scratch/missing.ts";
import { runTolerantly } from "#scratch/tolerant.ts";
import { makeRoomFor } from "#scratch/room.ts";
import { withScratch } from "#scratch/scratch.ts";
import { isMissingObject, readInUse } from "./sources/sources.ts";
import { mainOwner, onTerms } from "./catalogue/terms.ts";

export interface ExportOptions extends ScratchOptions {
  /** The database to export; it is only read. */
  readonly target: Target;
  /** The ledger's name; it is no part of the schema. */
  readonly table: string;
  /** Whether owners, and what objects grant to their owners, are written down. */
  readonly owners: boolean;
  readonly onStep?: ((step: string) => void) | undefined;
}

/** A schema file to be written. */
export interface SchemaFile {
  /** Below the schema folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export interface ExportedSchema {
  /** In the order in which they build. */
  readonly files: readonly SchemaFile[];
  /** What the database has and the files do not make, for the lack of statements for it. */
  readonly notExported: readonly NotExported[];
  /** Subscriptions, which would take data from elsewhere into every database that is built. */
  readonly subscriptions: readonly string[];
  /** Tables of other tools' histories, quoted. */
  readonly histories: readonly string[];
  /** Files that have a placeholder where the database has a secret. */
  readonly withSecrets: readonly string[];
}

/** Objects or properties of one kind, with how many and which. */
export type NotExported = Catalogue["notCompared"][number];

/**
 * Reads a database in use and writes the files that make it, in memory, proven: built in a scratch database, they
 * give the same catalogue.
 * @throws ConfitureError `export_unproven` when they do not
 */
export async function exportSchema(options: ExportOptions): Promise<ExportedSchema> {
  options.onStep?.("Reading the database");
  const { found, details, settings } = await withDatabase(
    options.target,
    { signal: options.signal },
    async (database) => ({
      found: await readInUse(database, options.table),
      details: await readDetails(database),
      settings: await readDatabaseSettings(database),
    }),
  );
  const own = details.filter((detail) => detail.kind === "index" || found.facts.has(detailId(detail)));
  const subscriptions = found.facts.facts().flatMap(({ id }) => (id.kind === "subscription" ? [id] : []));
  const live = { ...found, inUse: true, facts: withoutObjects(found.facts, subscriptions) };
  const terms = { owners: options.owners, grants: true, extensionVersions: false };
  makeRoomFor(live.facts.facts().map(({ id }) => id.kind));
  const { files, built, missing } = await withScratch(withoutPath(options), async (database) => {
    const empty = await readCatalogue(database);
    const { from, to: wanted } = onTerms(empty, live, terms);
    const to = withExtensionComments(wanted, live);
    const builders = options.owners ? [] : [mainOwner(empty), mainOwner(live)];
    const planned = [...settingsFile(settings), ...planFiles(from, to, own, builders)];
    const rendered = await buildFiles(database, options, planned);
    return {
      files: rendered,
      built: await readCatalogue(database),
      missing: missingDetails(own, await readDetails(database)),
    };
  });
  options.onStep?.("Comparing what they make with the database");
  const { changes, unreworded } = await compareOnTerms(options, built, live, terms);
  const unfinished = changes.filter(isUnfinishedIndex);
  const different = changes.filter((change) => change.planned && !isUnfinishedIndex(change));
  if (different.length > 0) throw doNotMake(different, unreworded, options.scratch.engine);
  return {
    files,
    notExported: [
      ...live.notCompared,
      ...extras(changes),
      ...byKind(unfinished, () => "invalid index"),
      ...missing,
      ...settingsLeftOut(settings),
    ],
    subscriptions: subscriptions.map(({ name }) => name),
    histories: live.histories.map(({ schema, name }) => quoteQualified(schema, name)),
    withSecrets: files.filter(({ text }) => SECRET.test(text)).map(({ path }) => path),
  };
}

/** By their names: values may be secret. */
function settingsLeftOut({ others }: DatabaseSettings): NotExported[] {
  if (others.length === 0) return [];
  return [{ kind: "database setting", count: others.length, samples: others.slice(0, SAMPLES) }];
}

/** Comments on extensions do not count between versions, because an extension brings one along; they are kept. */
function withExtensionComments(wanted: Catalogue, { facts: all }: Catalogue): Catalogue {
  const { facts } = wanted;
  const comments = all
    .facts()
    .filter(
      ({ id }) => id.kind === "comment" && id.target.kind === "extension" && !facts.has(id) && facts.has(id.target),
    );
  if (comments.length === 0) return wanted;
  return { ...wanted, facts: factsOf(facts, [...facts.facts(), ...comments]) };
}

/** What is compared and never planned, by kind. */
function extras(changes: readonly Change[]): NotExported[] {
  return byKind(
    changes.filter(({ planned }) => !planned),
    ({ kind }) => kind,
  );
}

function byKind(changes: readonly Change[], kindOf: (change: Change) => string): NotExported[] {
  return [...Map.groupBy(changes, kindOf)].map(([kind, all]) => ({
    kind,
    count: all.length,
    samples: all.slice(0, SAMPLES).map(({ name }) => name),
  }));
}

/** The files are to build wherever there is no such search_path: they say what they need of it themselves. */
function withoutPath(options: ExportOptions): ExportOptions {
  const { scratch } = options;
  if (scratch.like === undefined) return options;
  const { search_path: _, ...settings } = scratch.like.settings;
  return { ...options, scratch: { ...scratch, like: { ...scratch.like, settings } } };
}

/** What functions that are looked into while something is made, because they are inlined, look up without a schema. */
function searchPathFile(path: string): PlannedFile {
  return { path: "00_common/00_search_path.sql", statements: [`SET search_path = ${path}`], ahead: false };
}

/** Builds the files in a folder of their own, which is gone afterwards. */
async function buildFiles(
  database: Database,
  options: ExportOptions,
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
  options: ExportOptions,
  objects: readonly PlannedFile[],
): Promise<SchemaFile[]> {
  const ownPath = options.scratch.like?.settings["search_path"];
  const first: Attempt = { ahead: new Set(objects.filter((file) => file.ahead).map(({ path }) => path)) };
  const built: SchemaFile[] = [];
  const [refused] = await runTolerantly([first], {
    run: async ({ searchPath, ahead }) => {
      const planned = searchPath === undefined ? objects : [searchPathFile(searchPath), ...objects];
      const files = planned.map((file, index) => {
        if (index % FILES_AT_ONCE === 0) giveBackMemory();
        return { path: file.path, text: renderSchemaFile({ ...file, ahead: ahead.has(file.path) }) };
      });
      for (const { path, text } of files) write(`${SCHEMA.path}/${path}`, text);
      const sorted = collectSchemaFiles({ projectDir: dir, includeDirs: [SCHEMA], excludeDirs: [] });
      const build = { projectDir: dir, files: sorted, resetBetweenFiles: false, transaction: true, fresh: false };
      options.onStep?.(`Building ${files.length} ${files.length === 1 ? "file" : "files"} in a scratch database`);
      await withMissingRoles(database, () => executeSchema(database, { ...build, signal: options.signal }));
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

/** How many files are rendered before what that leaves behind is given back. */
const FILES_AT_ONCE = 1_000;

const SCHEMA = { path: "schema", recursive: true, include: ["**/*.sql"], exclude: [] };

/** The file with the statement that PostgreSQL refused. */
function failedFile(error: ConfitureError): string | undefined {
  return error.location?.file.slice(SCHEMA.path.length + 1);
}

function doesNotBuild(error: ConfitureError, site: ScratchSite): ConfitureError {
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
const NOT_ALLOWED =
  "If the role lacks rights in a scratch database on its server, prove the files elsewhere: --scratch URL with another role, or --scratch embedded";

/** Grants name the functions of an extension. */
const OTHER_EXTENSION =
  "The embedded PostgreSQL may have another version of an extension than the database, with other functions. Prove the files on its server, with a role that may create databases: --scratch URL";

const NOTHING_WRITTEN = "Nothing was written.";

function doNotMake(
  changes: readonly Change[],
  unreworded: readonly string[],
  engine: ExportOptions["scratch"]["engine"],
): ConfitureError {
  const signs = { added: "missing from them:", dropped: "only made by them:", changed: "made differently:" } as const;
  const lines = changes.map(({ change, kind, name, properties }) => {
    const which = properties.map(({ property }) => property).join(", ");
    return `  ${signs[change]} ${kind} ${name}${which === "" ? "" : ` (${which})`}`;
  });
  const words = unreworded.map(
    (why) => `  two PostgreSQL versions print this differently, so it may be cosmetic: ${why}`,
  );
  return new ConfitureError(
    "export_unproven",
    `The files would not make this database. What remains different:\n${[...lines, ...words].join("\n")}`,
    { hint: engine === "embedded" ? NOTHING_WRITTEN : `${NOT_ALLOWED}\n${NOTHING_WRITTEN}` },
  );
}
