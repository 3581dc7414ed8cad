import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { marksOf, mentions } from "#migrate/files/marks-of.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { isBase } from "#migrate/files/version.ts";
import { wantsRoom } from "#scratch/room.ts";
import { withScratch } from "#scratch/scratch.ts";
import { type ScratchRun, startRun } from "../runs/scratch-run.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import {
  buildSchema,
  hasSchemaFiles,
  isMissingObject,
  projectBase,
  type ProjectFiles,
  projectMigrations,
} from "../sources/sources.ts";
import { baseLackingInSchema } from "./base.ts";
import { containedInSchema } from "./in-schema.ts";
import { replayOnce } from "./replayed.ts";

/** A scratch database with what a database of the project holds, or comes to hold. */
export interface ProjectState {
  readonly database: Database;
  /** Whether the schema files were built in it. */
  readonly schemaFiles: boolean;
  /** What was run then, the base first. */
  readonly migrations: readonly MigrationFile[];
  /** Of these, the ones that the schema files do not hold; undefined where that was not asked. */
  readonly lacking?: Lacking | undefined;
}

/** Migrations that schema files do not hold, or of which nobody can tell. */
export interface Lacking {
  readonly migrations: readonly MigrationFile[];
  readonly isProven: boolean;
}

export interface StatesOptions extends ProjectFiles {
  /** Looks at a database to which a contract is applied next: `up` holds that until somebody asks for it. */
  readonly beforeContract: (database: Database) => Promise<void>;
  readonly onStep?: ((step: string) => void) | undefined;
}

/**
 * What the project's files lead to: what the schema files build; and beside it what base and migrations make of an empty
 * database, or, where they do not begin with one, of what the schema files build.
 * @param work gets what the schema files build first, where there are any
 * @throws ConfitureError where migrations can be run in neither; as `buildSchema`
 */
export async function withProjectStates<T>(
  options: StatesOptions,
  work: (states: readonly ProjectState[]) => Promise<T>,
): Promise<T> {
  const all = [...projectBase(options), ...projectMigrations(options)];
  const hasFiles = hasSchemaFiles(options);
  if (all.length === 0) return await withSchema(options, [], work);
  const fromNothing = await withScratch(options, async (database) => {
    const error = await runAll(await startRun(database, options), database, options, all);
    if (error !== undefined) return { cause: error, made: await tablesOf(database) };
    const own: ProjectState = { database, schemaFiles: false, migrations: all };
    return { done: hasFiles ? await besideSchema(options, own, work) : await work([own]) };
  });
  if ("done" in fromNothing) return fromNothing.done;
  if (!hasFiles) throw fromNothing.cause;
  const { held, lacking } = await dividedBySchema(options, fromNothing.cause);
  return await withMore(options, { ...fromNothing, held, lacking }, (more) => withSchema(options, more, work));
}

/** Builds the schema files in a database of its own, and puts it first. */
async function withSchema<T>(
  options: StatesOptions,
  others: readonly ProjectState[],
  work: (states: readonly ProjectState[]) => Promise<T>,
): Promise<T> {
  return await withScratch(options, async (database) => {
    options.onStep?.("Building the schema files");
    await buildSchema(database, options);
    return await work([{ database, schemaFiles: true, migrations: [] }, ...others]);
  });
}

/** Migrations do to tables that the schema files alone make only what can be seen where those are. */
async function besideSchema<T>(
  options: StatesOptions,
  own: ProjectState,
  work: (states: readonly ProjectState[]) => Promise<T>,
): Promise<T> {
  return await withSchema(options, [own], async (states) => {
    const made = await tablesOf(own.database);
    const [schema = own] = states;
    if ((await tablesOf(schema.database)).keys().every((table) => made.has(table))) return await work(states);
    return await withMore(options, { made, held: own.migrations }, (more) => work([...states, ...more]));
  });
}

/** What is known of migrations that may do something to tables which the schema files alone make. */
interface OnTop {
  /** Those that the schema files hold, as far as could be told without such tables. */
  readonly held: readonly MigrationFile[];
  readonly lacking?: Lacking | undefined;
  /** Tables that they make of an empty database. */
  readonly made: Tables;
  /** Why they cannot be run in one. */
  readonly cause?: ConfitureError | undefined;
}

/**
 * Migrations on top of the schema files: those that these lack, and before them the ones that may have passed over a table
 * because it was not there. Where one of those finds its work done, it may fail.
 */
async function withMore<T>(
  options: StatesOptions,
  { held, lacking, made, cause }: OnTop,
  work: (states: readonly ProjectState[]) => Promise<T>,
): Promise<T> {
  const guarded: MigrationFile[] = [];
  for (const file of held) {
    // What base.sql says of an empty database asks nothing of what is there.
    if (!isBase(file.version) && goesByWhatIsThere(await loadWithinLimit(options, file))) guarded.push(file);
  }
  const rest = lacking?.migrations ?? [];
  if (guarded.length + rest.length === 0) return await work([]);
  return await withScratch(options, async (database) => {
    await buildSchema(database, options);
    const passedOver = [...(await tablesOf(database))].filter(([table]) => !made.has(table));
    const again = guarded.filter((file) => passedOver.some(([, name]) => mentions(options.projectDir, file, name)));
    const run = await startRun(database, options);
    for (const file of again) await runAll(run, database, options, [file]);
    const error = await runAll(run, database, options, rest);
    if (error !== undefined) throw unknownEnd(error, cause);
    const migrations = [...again, ...rest];
    return await work(migrations.length === 0 ? [] : [{ database, schemaFiles: true, migrations, lacking }]);
  });
}

/** @returns what went wrong */
async function runAll(
  run: ScratchRun,
  database: Database,
  options: StatesOptions,
  migrations: readonly MigrationFile[],
): Promise<ConfitureError | undefined> {
  for (const file of migrations) {
    if (marksOf(options.projectDir, file)?.phase === "contract") await options.beforeContract(database);
    const error = await run.step(await loadWithinLimit(options, file), "up");
    if (error !== undefined && wantsRoom(error)) throw error;
    if (error !== undefined) return error;
  }
  return undefined;
}

/** Whether a migration may do something else, or nothing, where a table is missing. */
function goesByWhatIsThere({ up }: LoadedMigration): boolean {
  return (
    up.kind === "typescript" || (up.kind === "sql" && /\bif\s+exists\b|\b(?:do|call|select)\b/i.test(up.script.text))
  );
}

/** Names of tables, by their names with schemas. */
type Tables = ReadonlyMap<string, string>;

async function tablesOf(database: Database): Promise<Tables> {
  const found = await queryCatalogue<{ table: string; name: string }>(
    database,
    `select pg_catalog.format('%I.%I', n.nspname, c.relname) as table, c.relname::text as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
  );
  return new Map(found.map(({ table, name }) => [table, name]));
}

/**
 * Which migrations the schema files hold, of those that do not begin with an empty database.
 * @param cause why they cannot
 */
async function dividedBySchema(
  options: ProjectFiles,
  cause: ConfitureError,
): Promise<{ readonly held: readonly MigrationFile[]; readonly lacking: Lacking }> {
  const ofBase = await baseLackingInSchema(options, []).catch((error: unknown) => {
    throw error instanceof ConfitureError && error.code !== "interrupted" ? unknownEnd(error, cause) : error;
  });
  if (ofBase !== undefined) throw unknownEnd(cause.with({ message: ofBase }), cause);
  return await lackingInSchema(options);
}

/** Which of the project's migrations the schema files hold, by proof, and which others there are. */
export async function lackingInSchema(
  options: ProjectFiles,
): Promise<{ readonly held: readonly MigrationFile[]; readonly lacking: Lacking }> {
  const clock = { budget: Number.POSITIVE_INFINITY, spent: () => 0 };
  const { contained, pending, undecided } = await containedInSchema(replayOnce({ ...options, recorded: [], clock }));
  return { held: contained, lacking: { migrations: [...pending, ...undecided], isProven: undecided.length === 0 } };
}

/** @param cause why they could not be run in an empty database, where they were tried there */
function unknownEnd(error: ConfitureError, cause: ConfitureError | undefined): ConfitureError {
  return error.with({
    message: `It is not known what a database holds after the migrations: they can be run neither in an empty database nor on top of the schema files. ${error.message}`,
    hint: [
      ...(cause === undefined ? [] : [`In an empty database: ${cause.message}`]),
      ...(cause !== undefined && isMissingObject(cause)
        ? ["`confiture migrate base` writes down what is there before the first migration, so that they can be run."]
        : []),
      "`confiture verify` shows what is wrong with them. A database that has them tells as well: --from NAME",
    ].join("\n"),
    cause: error,
  });
}
