import type { ProjectFiles, Source } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import { discoverMigrations } from "#migrate/discover.ts";
import { status } from "#migrate/status.ts";
import type { CommandContext } from "./command.ts";
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
 * What else tells what there is before the next migration, where the migrations do not start from nothing: the
 * environment's own database if it has exactly these migrations, then the last commit.
 */
export async function* otherSources(context: CommandContext): AsyncGenerator<Candidate> {
  const database = await ownDatabase(context);
  if (database !== undefined) yield database;
  yield { source: { kind: "git", revision: "HEAD" }, name: "the schema files of git:HEAD" };
}

async function ownDatabase(context: CommandContext): Promise<Candidate | undefined> {
  try {
    const config = await context.config();
    const { history } = await status(await migrateOptions(context));
    if (history.length === 0 || history.some(({ standing }) => standing !== "applied")) return undefined;
    const where = config.environment === null ? "the database" : `the database of environment ${config.environment}`;
    return {
      source: { kind: "live", target: config.target, name: where },
      name: `${where}, where ${history.length === 1 ? "the migration is" : `all ${history.length} migrations are`} applied`,
    };
  } catch (error) {
    // Not there, or not to be understood: it cannot tell.
    if (!(error instanceof ConfitureError) || error.code === "interrupted") throw error;
    context.messages.debug(`The environment's database was not asked: ${error.message}`);
    return undefined;
  }
}

/** For whoever has nothing that tells. */
export function nothingTells(cause: ConfitureError): ConfitureError {
  return cause.with({
    code: "generate_refused",
    message: "What there is before the next migration is not known: the migrations do not start from an empty database",
    hint: "Nothing was written. `confiture migrate base` writes down what there is before the first migration. Or name what to compare with: --from env:NAME, a URL, git:REVISION or a snapshot.",
    cause,
  });
}
