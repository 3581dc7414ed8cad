import type { ArgsDef } from "citty";
import type { Catalogue } from "#compare/catalogue/catalogue.ts";
import type { Comparison } from "#compare/sources/comparison.ts";
import type { OnLeftOut } from "#scratch/left-out.ts";
import type { Neighbour, ScratchSite } from "#scratch/site.ts";
import { parseSource, type ProjectFiles, type Source } from "#compare/sources/sources.ts";
import type { Terms } from "#compare/catalogue/terms.ts";
import type { Config } from "#config/config.ts";
import { looksLikeConnection } from "#config/connection-text.ts";
import type { Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { readDuration } from "./arguments.ts";
import type { CommandContext } from "./command.ts";
import { tellMisnamed } from "./misnamed.ts";
import { count } from "./output/text.ts";
import { inLine } from "./output/visible.ts";
import { VERSION } from "./version.ts";

/** For every command that makes scratch databases. */
export const SCRATCH_ARGS = {
  scratch: {
    type: "string",
    valueHint: "URL|embedded",
    description: "server for scratch databases (needs CREATEDB), or `embedded` (default: scratch.url)",
  },
} as const satisfies ArgsDef;

/** For commands that run migrations in scratch databases. */
export const REPLAY_ARGS = {
  ...SCRATCH_ARGS,
  "time-limit": {
    type: "string",
    valueHint: "DURATION",
    description:
      "end a statement, or the code of a migration, that takes longer than this in a scratch database (default: 1min for each statement of a migration, none for schema files)",
  },
} as const satisfies ArgsDef;

/** Where a project has rows to try statements on. */
export const FIXTURES = "db/fixtures";

/** For commands that try the statements of migrations out. */
export const TRACE_ARGS = {
  fixtures: {
    type: "string",
    valueHint: "DIR",
    description: `SQL files with rows to try statements on (default: ${FIXTURES}, if it is there)`,
  },
} as const satisfies ArgsDef;

/** What was said of scratch databases. */
export interface ScratchArgs {
  readonly scratch?: string | undefined;
  readonly "time-limit"?: string | undefined;
}

/** For comparisons with a database in use. */
export const TERMS_ARGS = {
  owners: { type: "boolean", description: "also compare owners with a database in use" },
  grants: {
    type: "boolean",
    description: "also compare what a database in use grants to roles that the other side does not name",
  },
  "extension-versions": { type: "boolean", description: "also compare versions of extensions with a database in use" },
} as const satisfies ArgsDef;

export const STRICT_ARGS = {
  strict: { type: "boolean", description: "exit with 3 also when something cannot be compared" },
} as const satisfies ArgsDef;

export function readTerms(args: {
  readonly owners?: boolean | undefined;
  readonly grants?: boolean | undefined;
  readonly "extension-versions"?: boolean | undefined;
}): Terms {
  return {
    owners: args.owners === true,
    grants: args.grants === true,
    extensionVersions: args["extension-versions"] === true,
  };
}

/**
 * Where the project's files are, for commands that build them in scratch databases.
 * @throws ConfitureError `usage`, `config_*`
 */
export async function projectFiles(context: CommandContext, given: ScratchArgs = {}): Promise<ProjectFiles> {
  return await filesWith(context, (await givenSite(context, given.scratch)) ?? { engine: "embedded" }, given);
}

async function filesWith(context: CommandContext, site: ScratchSite, given: ScratchArgs): Promise<ProjectFiles> {
  const timeLimit = readDuration("--time-limit", given["time-limit"]);
  if (timeLimit === 0)
    throw new ConfitureError("usage", "--time-limit must be longer than 0, or no statement would run");
  if (site.engine === "embedded") await context.io.hearSignals();
  const config = await context.config("files");
  tellMisnamed(context, config);
  return {
    projectDir: context.projectDir,
    settingsFile: config.file ?? undefined,
    includeDirs: config.includeDirs,
    excludeDirs: config.excludeDirs,
    order: config.build.order,
    resetBetweenFiles: config.build.resetBetweenFiles,
    databaseName: config.target.engine === "server" ? config.target.database : undefined,
    migrationsDir: config.migrations.dir,
    migrationsLayout: config.migrations.layout,
    table: config.migrations.table,
    scratch: site,
    toolVersion: VERSION,
    signal: context.io.signal,
    timeLimit,
    onLeftOut: tellOnce(context),
  };
}

/** Several scratch databases of one command may run the same statement. */
function tellOnce(context: CommandContext): OnLeftOut {
  const told = new Set<string>();
  return ({ text }, reason) => {
    // Up to its first string, which may be a password.
    const [begin = ""] = /^[^'$]{0,60}/.exec(text.replaceAll(/\s+/g, " ")) ?? [];
    const shown = begin.length < text.length ? `${begin.trim()} ...` : text;
    if (told.has(text)) return;
    told.add(text);
    context.messages.warn(`not run in the scratch database, because it ${reason}: ${inLine(shown)}`);
  };
}

async function givenSite(
  context: CommandContext,
  scratch: string | undefined,
  config?: Pick<Config, "scratchUrl">,
): Promise<ScratchSite | undefined> {
  if (scratch !== undefined && scratch !== "embedded" && !looksLikeConnection(scratch)) {
    throw new ConfitureError(
      "usage",
      "--scratch takes a postgres:// URL (or host=... dbname=...) of a server, or embedded",
    );
  }
  const url = scratch ?? (config ?? (await context.config("files"))).scratchUrl?.reveal();
  if (url === undefined) return undefined;
  if (url === "embedded") return { engine: "embedded" };
  const databaseUrlFrom = scratch === undefined ? "scratch.url" : "--scratch";
  const { target } = await context.configOf({ databaseUrl: url, databaseUrlFrom });
  return target.engine === "embedded" ? { engine: "embedded" } : target;
}

/**
 * A source as it is named on the command line, which may be a database in use: `env:NAME`, a connection URL or a
 * conninfo string.
 * @throws ConfitureError `usage`, `config_*`
 */
export async function readSource(context: CommandContext, name: string): Promise<Source> {
  const other = name.startsWith("env:")
    ? // CONFITURE_DATABASE_URL stands in for the environment that --env chooses; of two sources it would make one.
      { environment: name.slice(4), ownDatabase: name !== context.chosen }
    : looksLikeConnection(name)
      ? { databaseUrl: name, databaseUrlFrom: "the source" }
      : undefined;
  if (other === undefined) return parseSource(name);
  const { target } = await context.configOf(other);
  const live: Source = { kind: "live", target, name };
  return { ...live, name: displayName(name, live) };
}

/** How a source is called in messages and documents: a URL may hold a password. */
export function displayName(name: string, source: Source): string {
  if (source.kind !== "live" || !looksLikeConnection(name)) return name;
  return source.target.engine === "embedded" ? "embedded" : `${source.target.database} on ${source.target.host}`;
}

/** The project's files, with scratch databases where `siteBeside` says. */
export async function filesBeside(
  context: CommandContext,
  given: ScratchArgs,
  target: Target | undefined,
): Promise<ProjectFiles> {
  return await filesWith(context, await siteBeside(context, given.scratch, target), given);
}

/**
 * Where scratch databases are for work on a database in use: on its own server, whose version writes definitions as
 * that database does; in the embedded engine when its role may not create any, which the user is told.
 * @param config the environment's when undefined
 */
export async function siteBeside(
  context: CommandContext,
  scratch: string | undefined,
  target: Target | undefined,
  config?: Pick<Config, "scratchUrl">,
): Promise<ScratchSite> {
  const given = await givenSite(context, scratch, config);
  if (target === undefined || target.engine === "embedded") return given ?? { engine: "embedded" };
  const { lookBeside } = await import("#scratch/site.ts");
  const { obstacle, traits } = await lookBeside(target, context.io.signal);
  if (given !== undefined) return { ...given, like: traits };
  if (obstacle === undefined) return { ...target, like: traits };
  const { why, help } = OBSTACLES[obstacle];
  context.messages.warn(
    `${why}, so scratch databases are in the embedded PostgreSQL, which may be of another version and lacks some extensions (${help} helps)`,
  );
  return { engine: "embedded", like: traits };
}

const OBSTACLES: Readonly<Record<NonNullable<Neighbour["obstacle"]>, { readonly why: string; readonly help: string }>> =
  {
    role: {
      why: "the role may not create databases on its server",
      help: "ALTER ROLE ... CREATEDB or --scratch URL",
    },
    standby: {
      why: "the server is a standby, where no database can be created",
      help: "--scratch URL with another server",
    },
    "read-only": {
      why: "the database is read-only (default_transaction_read_only)",
      help: "--scratch URL",
    },
  };

/** The database in use among sources, if there is one. */
export function liveTarget(sources: readonly Source[]): Target | undefined {
  return sources.flatMap((source) => (source.kind === "live" ? [source.target] : []))[0];
}

/** Says what is there and no comparison, and so no plan, is about. */
export function warnNotCompared(context: CommandContext, notCompared: Catalogue["notCompared"]): void {
  for (const { kind, count: number, samples } of notCompared) {
    context.messages.warn(`not compared: ${count(number, kind)} (${samples.join(", ")})`);
  }
}

/**
 * Says what a comparison left out.
 * @returns whether some of it could not be compared at all
 */
export function tellLimits(
  context: CommandContext,
  { leftOut, unreworded }: Pick<Comparison, "leftOut" | "unreworded">,
  notCompared: Catalogue["notCompared"],
): boolean {
  warnNotCompared(context, notCompared);
  for (const why of unreworded)
    context.messages.warn(`two PostgreSQL versions print this differently, so it may be cosmetic: ${why}`);
  if (leftOut.length > 0) {
    context.messages.log(`Left out: grants to ${leftOut.join(", ")}, which the other side does not name (--grants)`);
  }
  return notCompared.length > 0 || unreworded.length > 0;
}
