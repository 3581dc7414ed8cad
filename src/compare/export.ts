import { factsOf } from "./engine/facts.ts";
import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteQualified } from "#sql/quote.ts";
import {
  buildFiles,
  type BuildingOptions,
  inParts,
  NOT_ALLOWED,
  NOTHING_WRITTEN,
  type SchemaFile,
} from "./build-export.ts";
import { type Catalogue, readCatalogue, SECRET } from "./catalogue/catalogue.ts";
import { withoutObjects } from "./engine/lookups.ts";
import { type Change, isUnfinishedIndex } from "./catalogue/changes.ts";
import { compareOnTerms } from "./sources/comparison.ts";
import { type DatabaseSettings, readDatabaseSettings, settingsFile } from "./tree/database-settings.ts";
import { detailId, missingDetails, readDetails, SAMPLES } from "./tree/details.ts";
import { namedRoles, readRoles } from "./tree/named-roles.ts";
import { planFiles } from "./tree/statements.ts";
import { readInUse } from "./sources/sources.ts";
import { mainOwner, onTerms } from "./catalogue/terms.ts";

export interface ExportOptions extends BuildingOptions {
  /** The database to export; it is only read. */
  readonly target: Target;
  /** The ledger's name; it is no part of the schema. */
  readonly table: string;
  /** Whether owners, and what objects grant to their owners, are written down. */
  readonly owners: boolean;
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
  /** Roles that the files name: they belong to the server, and have to be there where the files are built. */
  readonly roles: readonly string[];
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
  const { found, details, settings, roles } = await withDatabase(
    options.target,
    { signal: options.signal },
    async (database) => ({
      found: await readInUse(database, options.table),
      details: await readDetails(database),
      settings: await readDatabaseSettings(database),
      roles: await readRoles(database),
    }),
  );
  const own = details.filter((detail) => detail.kind === "index" || found.facts.has(detailId(detail)));
  const subscriptions = found.facts.facts().flatMap(({ id }) => (id.kind === "subscription" ? [id] : []));
  const live = { ...found, inUse: true, facts: withoutObjects(found.facts, subscriptions) };
  const terms = { owners: options.owners, grants: true, extensionVersions: false };
  const { files, built, missing } = await inParts(withoutPath(options), live, async (database, part) => {
    const empty = await readCatalogue(database);
    const { from, to: wanted } = onTerms(empty, live, terms);
    const to = withExtensionComments(wanted, live);
    const builders = options.owners ? [] : [mainOwner(empty), mainOwner(live)];
    const planned = [...settingsFile(settings), ...planFiles(from, to, own, builders)];
    const rendered = await buildFiles(database, { ...options, part }, planned);
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
    roles: namedRoles(files, roles),
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
