import type { ProjectFiles, Source } from "#compare/sources/sources.ts";
import type { Config } from "#config/config.ts";
import { isThereAlready } from "#database/advice.ts";
import { ConfitureError } from "#errors/error.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { type HistoryEntry, upCommand } from "#migrate/history.ts";
import { WAY_FOR_SOME } from "#migrate/run/failure.ts";
import { status } from "#migrate/status.ts";
import { isBase, isRepeatable } from "#migrate/files/version.ts";
import type { CommandContext } from "./command.ts";
import { editedEntries, wereEdited } from "./contained.ts";
import { migrateOptions } from "./migrate-options.ts";
import { count } from "./output/text.ts";

/** Something to compare the schema files with, and what it is called. */
export interface Candidate {
  readonly source: Source;
  /** "base.sql and 12 migrations" */
  readonly name: string;
}

/** The project's own history, which is compared with first. */
export function ownHistory(files: ProjectFiles): Candidate {
  const found = discoverMigrations(files.projectDir, files.migrationsDir, files.migrationsLayout);
  const parts = [
    ...(found.base === undefined ? [] : ["base.sql"]),
    ...(found.migrations.length === 0 ? [] : [count(found.migrations.length, "migration")]),
  ];
  return {
    source: { kind: "migrations" },
    name: parts.length === 0 ? "an empty database: there are no migrations yet" : parts.join(" and "),
  };
}

/**
 * The environment's own database, where there is neither a base nor a migration yet and somebody has made something in it:
 * what it holds needs no migration.
 */
export async function databaseInUse(context: CommandContext, files: ProjectFiles): Promise<Candidate | undefined> {
  const found = discoverMigrations(files.projectDir, files.migrationsDir, files.migrationsLayout);
  if (found.base !== undefined || found.migrations.length > 0) return undefined;
  return await ifReachable(context, async (config) => {
    if (!(await isUsed(config, context))) return undefined;
    const { target, name } = config;
    return { source: { kind: "live", target, name }, name: `${name}, as there are no migrations yet` };
  });
}

/** Whether somebody has made something in a database. */
export async function isUsed(
  { target, migrations: { table } }: Config,
  { io: { signal } }: CommandContext,
): Promise<boolean> {
  const [{ withDatabase }, { isEmptyDatabase }, { lookForLedger }, { isUnmade }] = await Promise.all([
    import("#database/open.ts"),
    import("#migrate/base.ts"),
    import("#migrate/ledger/find.ts"),
    import("#migrate/status.ts"),
  ]);
  if (isUnmade(target)) return false;
  return await withDatabase(target, { signal }, async (session) => {
    const ledger = (await lookForLedger(session, table)) ?? { schema: "", table };
    return !(await isEmptyDatabase(session, ledger));
  });
}

/**
 * What else tells what there is before the next migration, where the migrations do not start from nothing: the
 * environment's own database if it has exactly these migrations, then the last commit, if that has them.
 */
export async function* otherSources(database: OwnDatabase | undefined, files: ProjectFiles): AsyncGenerator<Candidate> {
  if (database !== undefined && isComplete(database)) {
    const { source, history } = database;
    const applied = history.length === 1 ? "the migration is" : `all ${history.length} migrations are`;
    yield { source, name: `${source.name}, where ${applied} applied` };
  }
  if ((await uncommitted(files)).length === 0) yield HEAD;
}

/** Paths of migrations that the last commit lacks or has otherwise: compared with its schema files, what they do would be planned once more. */
async function uncommitted(files: ProjectFiles): Promise<readonly string[]> {
  const { sinceThen } = await import("#compare/sources/changed-since.ts");
  try {
    const { applied } = await sinceThen(files, "HEAD");
    const { migrations } = discoverMigrations(files.projectDir, files.migrationsDir, files.migrationsLayout);
    return migrations.flatMap(({ path }) => (applied.has(path) ? [] : [path]));
  } catch (error) {
    if (error instanceof ConfitureError && hasNoFiles(error)) return [];
    throw error;
  }
}

/** The schema files as they were committed. */
export const HEAD: Candidate = { source: { kind: "git", revision: "HEAD" }, name: "the schema files of git:HEAD" };

/** Whether a source of git cannot tell: there is no repository, no commit yet, or none with schema files. */
export function hasNoFiles({ code }: ConfitureError): boolean {
  return code === "git_failed" || code === "schema_no_files";
}

function isComplete({ history }: OwnDatabase): boolean {
  return history.length > 0 && history.every(({ standing }) => standing === "applied" || standing === "squashed");
}

/** Whether the history of a database lacks nothing but migrations of which the files are here. */
export function isBehind(history: readonly HistoryEntry[]): boolean {
  return history.every(({ standing }) => EXPECTED.has(standing) || standing === "out-of-order");
}

/**
 * Warns where generated migrations could not run on the environment's own database, if that can be reached.
 */
export async function warnWhereTheyFail(
  context: CommandContext,
  files: ProjectFiles,
  migrations: readonly { readonly text: string }[],
): Promise<void> {
  const database = await askDatabase(context);
  if (database === undefined) return;
  const edited = editedEntries(database.history);
  if (edited.length > 0) {
    context.messages.warn(
      `this was planned from the files as they are, and was not tried on ${database.source.name}: there, ${wereEdited(edited)}`,
    );
    return;
  }
  const isBeginning = ({ version, standing }: HistoryEntry): boolean => isBase(version) && standing === "pending";
  if (database.history.some((entry) => !EXPECTED.has(entry.standing) || isBeginning(entry))) return;
  const { tryOnDatabase } = await import("#compare/generate/trial.ts");
  const pending = database.history.flatMap(({ standing, file }) =>
    standing === "pending" && file !== undefined ? [file] : [],
  );
  context.step(`Trying it in a copy of ${database.source.name}, without its rows`);
  try {
    const error = await tryOnDatabase(
      files,
      database.source,
      pending,
      migrations.map(({ text }) => text),
    );
    if (error === undefined) return;
    const way = isThereAlready(error)
      ? `If all that the migration makes is there, confiture build records it. ${WAY_FOR_SOME.replace(/\.$/, "")}`
      : "confiture drift shows how it differs; where it was built from the schema files, confiture build records the migrations that it holds already";
    context.messages.warn(`on ${database.source.name} this would fail: ${error.message}. ${way}`);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code === "interrupted") throw error;
    context.messages.debug(`It was not tried on ${database.source.name}: ${error.message}`);
  }
}

/**
 * Warns where migrations that were planned from something else could not run behind the project's own, as in every new database.
 * Where there are none yet, that is said with what writes down what was there before.
 * @param from what they were planned from, and whether there are none yet
 */
export async function warnWhereOthersFail(
  context: CommandContext,
  files: ProjectFiles,
  from: { readonly name: string; readonly isFirst: boolean },
  migrations: readonly { readonly text: string }[],
): Promise<void> {
  const { tryOnHistory } = await import("#compare/generate/trial.ts");
  context.step(from.isFirst ? "Trying it in a new database" : "Trying it behind the other migrations");
  const error = await tryOnHistory(
    files,
    migrations.map(({ text }) => text),
  );
  if (error === undefined) return;
  if (from.isFirst) return tellLacksBase(context);
  context.messages.warn(
    `planned from ${from.name}, this does not run behind ${ownHistory(files).name}: ${error.message}. In a new database, and in confiture verify, it would fail; without --from it is planned from what they make`,
  );
}

/** Where there are no migrations yet, and something is there all the same. */
export function tellLacksBase({ messages }: CommandContext): void {
  messages.log(
    "The migrations alone make no new database, as what was there before is in none of them: `confiture migrate base` writes it into base.sql",
  );
}

/** In a database where something else is the case, `up` stops before it runs anything. */
const EXPECTED: ReadonlySet<string> = new Set(["applied", "pending", "covered", "squashed"]);

/** Milliseconds: nobody waits for a database that only might tell something. */
const PATIENCE = 2000;

export interface OwnDatabase {
  readonly source: Extract<Source, { kind: "live" }>;
  readonly history: readonly HistoryEntry[];
}

/** The environment's own database and how the migrations stand there; undefined where it cannot be reached or told. */
export async function askDatabase(context: CommandContext): Promise<OwnDatabase | undefined> {
  return await ifReachable(context, async (config) => {
    const { history } = await status(await migrateOptions(context, undefined, undefined, config));
    return { source: { kind: "live", target: config.target, name: config.name }, history };
  });
}

/**
 * Versions that the environment's own database has applied and that have no file here, as when another branch was tried in it: a
 * new migration does not take one of their numbers. None where the database cannot be reached.
 */
export async function takenVersions(context: CommandContext): Promise<string[]> {
  const database = await askDatabase(context);
  return (database?.history ?? []).flatMap(({ standing, row, version }) =>
    standing === "missing" && row !== undefined && !isRepeatable(version) ? [version] : [],
  );
}

/** Versions that the ledger of the environment's database has as applied; none where it cannot be reached. */
export async function appliedVersions(context: CommandContext): Promise<ReadonlySet<string>> {
  const database = await askDatabase(context);
  return new Set(
    (database?.history ?? []).flatMap(({ standing, version }) => (standing === "applied" ? [version] : [])),
  );
}

/** The major version of the server of the environment; undefined where it cannot be reached, and of no server. */
export async function majorOfServer(context: CommandContext): Promise<number | undefined> {
  const { withDatabase } = await import("#database/open.ts");
  return await ifReachable(context, async ({ target }) =>
    // What is inside the executable is there to develop with, and tells nothing of production.
    target.engine === "server"
      ? await withDatabase(target, { signal: context.io.signal }, async ({ serverVersion }) =>
          Math.floor(serverVersion / 10_000),
        )
      : undefined,
  );
}

/** Asks the environment's own database something; undefined where it cannot be reached, or does not understand. */
export async function ifReachable<T>(
  context: CommandContext,
  ask: (config: Config & { readonly name: string }) => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    const config = await context.config();
    const target =
      config.target.engine === "server"
        ? { ...config.target, connectTimeout: Math.min(config.target.connectTimeout, PATIENCE) }
        : config.target;
    const name = config.environment === null ? "the database" : `the database of environment ${config.environment}`;
    return await ask({ ...config, target, name });
  } catch (error) {
    // Not there, or not to be understood: it cannot tell.
    if (!(error instanceof ConfitureError) || error.code === "interrupted") throw error;
    context.messages.debug(`The environment's database was not asked: ${error.message}`);
    return undefined;
  }
}

/** For whoever has nothing that tells: where the environment's database would tell if it had all migrations, that is the way. */
export async function nothingTells(
  cause: ConfitureError,
  database: OwnDatabase | undefined,
  files: ProjectFiles,
): Promise<ConfitureError> {
  const newcomers = await uncommitted(files);
  return cause.with({
    code: "generate_refused",
    message: "What there is before the next migration is not known: the migrations do not start from an empty database",
    hint: [
      "Nothing was written.",
      ...(database?.history.some(({ row }) => row !== undefined) === true && isBehind(database.history)
        ? [`Once all migrations are applied in it, ${database.source.name} tells: ${upCommand(database.history)}`]
        : []),
      ...(newcomers.length > 0
        ? [
            `git:HEAD would tell if it had ${newcomers.join(", ")} as ${newcomers.length === 1 ? "it is" : "they are"}: commit that first, with what it changes in the schema files and without what is still to be planned.`,
          ]
        : []),
      "`confiture migrate base` writes down what is there before the first migration. It takes that from the schema files: what is new in them must be out of the way meanwhile.",
      "Or name what to compare with: --from env:NAME, a URL, git:REVISION or a snapshot.",
    ].join("\n"),
    cause,
  });
}
