import { platform as currentPlatform } from "node:os";
import { isAbsolute, join, relative, sep } from "node:path";
import type { Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { deepFreeze, DEFAULT_ENVIRONMENT, type Config, type ConfigWarning } from "./config.ts";
import { parseConnectionText } from "./connection-text.ts";
import { readDotenv } from "./dotenv.ts";
import { readDatabase, type DatabaseChoice } from "./database-section.ts";
import { DEFAULT_SETTINGS, readSettings, type Settings } from "./environment-file.ts";
import {
  environmentNotFound,
  findEnvironmentFile,
  hasOwnFiles,
  listEnvironments,
  projectAbove,
} from "./find-environment.ts";
import { type Guard, protectedNamesake } from "./protected-namesake.ts";
import { TreeReader } from "./read-tree.ts";
import { resolveServer, variableSetting, type ResolvedTarget } from "./resolve-server.ts";
import type { TextSetting } from "./setting.ts";
import type { Surroundings } from "./surroundings.ts";
import { SourceText } from "./source-text.ts";
import { isFolder } from "#files/read.ts";
import { readTextFile } from "./text-file.ts";
import { Variables } from "./variables.ts";
import { parseYaml } from "#files/yaml-tree.ts";

export interface LoadOptions {
  /** The project root, absolute. */
  readonly projectDir: string;
  /** The working directory, which a path in a hint is relative to; the project root when undefined. */
  readonly cwd?: string | undefined;
  /** From `--env`; undefined means `local`, which then need not exist when a URL is given. */
  readonly environment?: string | undefined;
  /** Where that was given, for messages: "--env" when undefined. */
  readonly environmentFrom?: string | undefined;
  /** In place of the environment's database. */
  readonly databaseUrl?: string | undefined;
  /** Where that was given, for messages: "--database-url" when undefined. */
  readonly databaseUrlFrom?: string | undefined;
  /** Whether the environment's own database is meant, whatever CONFITURE_DATABASE_URL says: for commands that work on two. */
  readonly ownDatabase?: boolean | undefined;
  /** Whether no database will be connected to: a project without any environment then has the defaults. */
  readonly filesOnly?: boolean | undefined;
  /** The process environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Empty when the user has none. */
  readonly homeDirectory: string;
  /** The operating system's name of the user, libpq's default user. */
  readonly userName: string;
  /** The system whose rules hold for password files; by default the one that runs. */
  readonly platform?: NodeJS.Platform;
  /** The names that `migrations.layout` takes besides `auto`; any when undefined. */
  readonly layouts?: readonly string[];
}

const MAX_FILE_BYTES = 64 * 1024;

/**
 * The configuration of one run: the environment file, `.env`, libpq's variables and files, and defaults.
 * Which database: `databaseUrl`, else CONFITURE_DATABASE_URL, else the file, else (only when there is no file
 * and none was named) DATABASE_URL, else libpq's own variables, where they name a service or a database.
 * @throws ConfitureError `usage`, or one of the `config_*` codes; never with a password in any part of it
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const { projectDir } = options;
  requireFolder(projectDir);
  const name = options.environment ?? DEFAULT_ENVIRONMENT;
  const file = findEnvironmentFile(projectDir, name);
  if (file === undefined && options.environment !== undefined) throw environmentNotFound(options, name);

  const variables = new Variables(options.env, readDotenv(projectDir));
  const url = chooseUrl(options, variables, file === undefined);
  const isWithout = file === undefined && url === undefined && !libpqNamesOne(variables);
  if (isWithout && !(options.filesOnly === true && listEnvironments(projectDir).length === 0)) {
    throw environmentNotFound(options, name);
  }

  const { settings, choice } = isWithout
    ? { settings: DEFAULT_SETTINGS, choice: NO_DATABASE }
    : await readFileOrDefaults(options, name, file, variables, url);
  const surroundings: Surroundings = {
    projectDir,
    homeDirectory: options.homeDirectory,
    get userName() {
      return options.userName;
    },
    platform: options.platform ?? currentPlatform(),
    variables,
  };
  const resolved = resolveTarget(choice, surroundings);
  const guard = settings.protected
    ? undefined
    : await protectedNamesake(projectDir, resolved.target, name, async (other, otherFile) => {
        const read = await readFileOrDefaults(options, other, otherFile, variables, undefined);
        const { target } = resolveTarget(read.choice, surroundings);
        return { protected: read.settings.protected, limits: read.settings.limits, target };
      });
  // Whoever gives a URL of its database means that environment; one with a file of its own keeps its name.
  const addressed = url === undefined ? undefined : guard;
  const origins: Record<string, string> = {
    environment: options.environment === undefined ? "default" : "--env",
    "database.engine": choice.origin,
  };
  for (const [key, origin] of Object.entries(resolved.origins)) origins[`database.${key}`] = origin;
  return deepFreeze<Config>({
    projectDir,
    environment: addressed?.name ?? (file === undefined ? null : name),
    file: addressed?.file ?? file ?? null,
    target: resolved.target,
    urlOrigin: url?.origin ?? null,
    includeDirs: structuredClone(settings.includeDirs),
    excludeDirs: [...settings.excludeDirs],
    migrations: {
      ...settings.migrations,
      dir: fromProject(projectDir, settings.migrations.dir),
      contract: guard === undefined ? settings.migrations.contract : "manual",
    },
    build: { ...settings.build },
    drift: { ignore: [...settings.drift.ignore] },
    backfill: { ...settings.backfill },
    scratchUrl: settings.scratchUrl,
    protected: settings.protected || guard !== undefined,
    protectedBy: guard === undefined ? undefined : { name: guard.name, file: guard.file },
    limits: settings.limits ?? guard?.limits,
    syncReplace: settings.syncReplace,
    origins: { ...origins, ...settings.origins },
    connection: { ...resolved.values },
    warnings: [
      ...(guard === undefined ? [] : [guarded(guard, addressed !== undefined)]),
      ...passedOver(options, file, url, variables, resolved),
      ...resolved.warnings,
    ]
      .map((warning): ConfigWarning => ({ ...warning, connection: true }))
      .concat(isWithout ? lostBelow(options) : []),
  });
}

/** Where a project's files would be looked for, and made, in a folder below it. */
function lostBelow(options: LoadOptions): ConfigWarning[] {
  const above = hasOwnFiles(options.projectDir) ? undefined : projectAbove(options);
  return above === undefined ? [] : [{ message: `there is no project in this folder. ${above}` }];
}

function guarded({ name, file }: Guard, isAddressed: boolean): ConfigWarning {
  const more = isAddressed ? `; its other settings hold with --env ${name}` : "";
  return {
    message: `this is the database of the protected environment "${name}", so what is confirmed there has to be confirmed here as well${more}`,
    location: { file },
    about: file,
  };
}

/** For commands that connect to none. */
const NO_DATABASE: DatabaseChoice = {
  engine: "embedded",
  target: { engine: "embedded" },
  origin: "default",
  pathOrigin: "default",
};

/** Whether psql without arguments would be told where to go, rather than take a default. */
function libpqNamesOne(variables: Variables): boolean {
  return ["PGSERVICE", "PGDATABASE"].some((name) => variables.getNonEmpty(name) !== undefined);
}

/** DATABASE_URL, which many programs read, where the environment file was taken without anybody naming it. */
function passedOver(
  options: LoadOptions,
  file: string | undefined,
  url: TextSetting | undefined,
  variables: Variables,
  { target, origins }: ResolvedTarget<Target>,
): ConfigWarning[] {
  const ignored = options.ownDatabase === true ? variables.getNonEmpty("CONFITURE_DATABASE_URL") : undefined;
  if (ignored !== undefined && !Object.values(origins).some((origin) => /\bCONFITURE_DATABASE_URL\b/.test(origin))) {
    const message = "CONFITURE_DATABASE_URL is set and not used: each environment's file says where its database is";
    return [ignored.location === undefined ? { message } : { message, location: ignored.location }];
  }
  const variable = variables.getNonEmpty("DATABASE_URL");
  if (file === undefined || url !== undefined || options.environment !== undefined || variable === undefined) return [];
  if (Object.values(origins).some((origin) => /\bDATABASE_URL\b/.test(origin))) return [];
  const elsewhere = addressIn(variableSetting("DATABASE_URL", variable));
  // Another kind of database, or the same address.
  if (elsewhere === undefined || (target.engine === "server" && elsewhere === `${target.host}/${target.database}`))
    return [];
  const where = target.engine === "server" ? `${target.database} on ${target.host}` : "the embedded engine";
  const message =
    `DATABASE_URL is set and not used: ${file} says where the database is (${where}). ` +
    "To use it, set CONFITURE_DATABASE_URL instead, or write `url: ${DATABASE_URL}` in that file; --env local says that the file is meant";
  return [variable.location === undefined ? { message } : { message, location: variable.location }];
}

/** "host/database" of a URL; undefined where it is none of PostgreSQL's. */
function addressIn(url: TextSetting): string | undefined {
  try {
    const { parameters } = parseConnectionText(url);
    return `${parameters.get("host")?.value ?? ""}/${parameters.get("database")?.value ?? ""}`;
  } catch (error) {
    if (error instanceof ConfitureError) return undefined;
    throw error;
  }
}

function chooseUrl(
  { databaseUrl, databaseUrlFrom: origin = "--database-url", ownDatabase }: LoadOptions,
  variables: Variables,
  withoutFile: boolean,
): TextSetting | undefined {
  if (databaseUrl !== undefined) {
    const fail = (problem: string, hint?: string): ConfitureError =>
      new ConfitureError(origin.startsWith("--") ? "usage" : "config_invalid", `${origin} ${problem}`, { hint });
    if (databaseUrl.trim() === "") throw fail("is empty");
    return { value: databaseUrl, origin, quoted: "", fail };
  }
  if (ownDatabase === true) return undefined;
  for (const name of withoutFile ? ["CONFITURE_DATABASE_URL", "DATABASE_URL"] : ["CONFITURE_DATABASE_URL"]) {
    const variable = variables.getNonEmpty(name);
    if (variable !== undefined) return variableSetting(name, variable);
  }
  return undefined;
}

async function readFileOrDefaults(
  { projectDir, layouts }: Pick<LoadOptions, "projectDir" | "layouts">,
  environment: string,
  file: string | undefined,
  variables: Variables,
  url: TextSetting | undefined,
): Promise<{ settings: Settings; choice: DatabaseChoice }> {
  const fromUrl = (): DatabaseChoice => {
    const given = url === undefined ? { parameters: new Map(), warnings: [] } : parseConnectionText(url);
    return { engine: "server", ...given, origin: "default" };
  };
  if (file === undefined) return { settings: DEFAULT_SETTINGS, choice: fromUrl() };
  const text = readTextFile(join(projectDir, file), file, MAX_FILE_BYTES);
  if (text === undefined) throw environmentNotFound({ projectDir }, environment);
  const source = new SourceText(file, text);
  const root = await parseYaml(source, ["database:", "  host: localhost"]);
  const reader = new TreeReader(source, variables);
  const settings = readSettings(reader, root, environment, layouts);
  if (url === undefined) return { settings, choice: readDatabase(reader, root, projectDir, environment) };
  return { settings, choice: fromUrl() };
}

function resolveTarget(choice: DatabaseChoice, surroundings: Surroundings): ResolvedTarget<Target> {
  if (choice.engine === "embedded") {
    return { target: choice.target, origins: { path: choice.pathOrigin }, values: {}, warnings: [] };
  }
  const resolved = resolveServer(choice.parameters, surroundings);
  const warnings = choice.warnings.map((message): ConfigWarning => ({ message }));
  return { ...resolved, warnings: [...warnings, ...resolved.warnings] };
}

/** A path as the rest of the program takes them, relative to the project: one that is absolute may lie outside of it. */
function fromProject(projectDir: string, path: string): string {
  return isAbsolute(path) ? relative(projectDir, path).replaceAll(sep, "/") || "." : path;
}

function requireFolder(projectDir: string): void {
  if (isFolder(projectDir)) return;
  throw new ConfitureError("usage", `The project folder does not exist: ${projectDir}`, {
    hint: "Check the path after -C (--project-dir); without it, the project is the working directory.",
  });
}
