import type { ParsedArgs } from "citty";
import { basename, join } from "node:path";
import { DEFAULT_ENVIRONMENT } from "#config/config.ts";
import { findEnvironmentFile, requireEnvironmentName } from "#config/find-environment.ts";
import { ConfitureError } from "#errors/error.ts";
import { readIfThere } from "#files/read.ts";
import { baseFile } from "#migrate/base.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { adoptedEnvironment, yamlText } from "../adopted-environment.ts";
import { type CommandContext, defineCommand, type Outcome } from "../command.ts";
import { tellDatabase } from "../database-options.ts";
import { filesBelow } from "../files-below.ts";
import {
  EXPORT_ARGS,
  exportFolder,
  exportInto,
  firstFileNext,
  recordBaseline,
  renderExport,
  tellNotBuilt,
} from "../export-schema.ts";
import { listOfNext } from "../output/text.ts";
import { describeFate, placeFiles, type Placement } from "../place-files.ts";
import environmentEmbedded from "../scaffold/environment-embedded.yaml.txt" with { type: "text" };
import environmentServer from "../scaffold/environment-server.yaml.txt" with { type: "text" };
import migrationTypes from "../scaffold/migration-types.txt" with { type: "text" };
import tsconfig from "../scaffold/tsconfig.json.txt" with { type: "text" };
import users from "../scaffold/users.sql.txt" with { type: "text" };

const IGNORED = [".confiture/", ".env", "*.bak*"];

const ARGS = {
  embedded: { type: "boolean", description: "use the PostgreSQL inside the executable, so that no server is needed" },
  from: {
    type: "string",
    valueHint: "URL",
    description:
      "adopt this database as the environment named with --env: its schema becomes the schema files (or env:NAME, an existing environment)",
  },
  force: { type: "boolean", description: "replace files that exist; each old one is kept as NAME.bak" },
  ...EXPORT_ARGS,
} as const;

export const command = defineCommand({
  args: ARGS,
  details:
    "Writes an environment, an example table and editor types for migrations. Files that exist are kept. With --from,\n" +
    "`init` exports that database instead of writing an example: it only reads it, and does not write its password down.",
  examples: [
    "confiture init",
    "confiture init --embedded",
    "confiture init -C new-project",
    "confiture init --from postgres://app@db.example.com/shop --env production",
  ],
  async run(args, context) {
    return args.from === undefined ? await begin(args, context) : await adopt(args, context, args.from);
  },
});

async function begin(args: ParsedArgs<typeof ARGS>, context: CommandContext): Promise<Outcome> {
  for (const flag of Object.keys(EXPORT_ARGS)) {
    if (args[flag as keyof typeof EXPORT_ARGS] === undefined) continue;
    throw new ConfitureError("usage", `--${flag} goes with --from`);
  }
  const name = requireEnvironmentName(context.environment ?? DEFAULT_ENVIRONMENT);
  const replace = args.force === true;
  const path = await pathOfEnvironment(context, name);
  const folders = await foldersOf(context, name, replace);
  const { hasMigrations, hasSchema, placements } = example(context, folders, replace);
  const fates = await placeFiles(context.projectDir, [
    environmentOfOnesOwn(args, context, name, { path, dir: "db/schema", replace }),
    ...placements,
    ...commonFiles(args, context, folders.migrations),
  ]);
  const isOnServer = await hasServer(context);
  if (args.embedded === true && isOnServer && fates.some((file) => file.path === path && file.fate === "kept")) {
    context.messages.warn(
      `--embedded had no effect: ${path} was kept, and its database is on a server. Write \`engine: embedded\` in place of its \`database:\` keys, or replace the file: confiture init --embedded --force`,
    );
  }
  const next = [
    ...(isOnServer ? [`confiture db create   # unless it exists; see ${path}`] : []),
    ...(hasMigrations && !hasSchema ? ["confiture migrate status", "confiture migrate up"] : ["confiture build"]),
    ...(placements.length > 0
      ? [
          "confiture migrate new add_user_bio",
          "# write into the new file: ALTER TABLE users ADD COLUMN bio TEXT;",
          "confiture migrate up",
        ]
      : ["confiture migrate new NAME"]),
  ];
  // Whoever has a project already knows how to go on.
  const isNew = fates.some(({ fate }) => fate !== "kept" && fate !== "unchanged");
  return {
    json: { files: fates },
    text: fates.map(describeFate).join(""),
    ...(isNew ? { next: listOfNext(next) } : {}),
  };
}

/** Where a project has its files, relative to it. */
interface Folders {
  readonly schema: readonly string[];
  readonly migrations: string;
  readonly layout?: string | undefined;
}

const DEFAULT_FOLDERS: Folders = { schema: ["db/schema"], migrations: "db/migrations" };

/** Those of an environment that is there already and kept. */
async function foldersOf(context: CommandContext, name: string, replace: boolean): Promise<Folders> {
  if (replace || findEnvironmentFile(context.projectDir, name) === undefined) return DEFAULT_FOLDERS;
  try {
    const { includeDirs, migrations } = await context.config("files");
    return { schema: includeDirs.map(({ path }) => path), migrations: migrations.dir, layout: migrations.layout };
  } catch (error) {
    // What is wrong with the file is said by the first command that needs it.
    if (error instanceof ConfitureError) return DEFAULT_FOLDERS;
    throw error;
  }
}

/**
 * A table, in the schema files and as what there is before the first migration, so that both agree. Not in a project that
 * has files of its own.
 */
function example({ projectDir }: CommandContext, { schema, migrations, layout }: Folders, replace: boolean): Example {
  const base = baseFile(migrations);
  const path = `${schema[0] ?? "db/schema"}/10_tables/users.sql`;
  const found = discoverMigrations(projectDir, migrations, layout);
  const others = schema
    .flatMap((dir) => filesBelow(projectDir, dir))
    .filter((file) => file.endsWith(".sql") && file !== path);
  const own = readIfThere(join(projectDir, path), path)?.toString() ?? "";
  const hasMigrations = found.migrations.length > 0;
  const hasSchema = others.length > 0 || own !== "";
  if (hasMigrations || others.length > 0 || !(replace || own === "" || own === users)) {
    return { hasMigrations, hasSchema, placements: [] };
  }
  const content = `-- What a database holds before the first migration. \`confiture migrate up\` runs this in an empty database.\n${users.replace(/^--.*\n/, "")}`;
  const placements = [
    { path, content: users, replace },
    { path: base.path, content, replace },
  ];
  return { hasMigrations, hasSchema, placements };
}

interface Example {
  readonly hasMigrations: boolean;
  readonly hasSchema: boolean;
  /** None in a project that has files of its own. */
  readonly placements: readonly Placement[];
}

/** Whether the environment is on a server: its file may be one that was there before. */
async function hasServer(context: CommandContext): Promise<boolean> {
  try {
    return (await context.config("files")).target.engine === "server";
  } catch (error) {
    // What is wrong with a file that was there is said by the first command that needs it.
    if (error instanceof ConfitureError) return true;
    throw error;
  }
}

/** Makes a project of a database that is there. Nothing is written before the schema files are proven. */
async function adopt(args: ParsedArgs<typeof ARGS>, context: CommandContext, from: string): Promise<Outcome> {
  const folder = exportFolder(context, args);
  const existing = from.startsWith("env:") ? from.slice(4) : undefined;
  const name = nameAdopted(context, existing);
  // Its settings, where it has a file already.
  const settings = findEnvironmentFile(context.projectDir, name) === undefined ? undefined : name;
  const config = await context.configOf(
    existing === undefined
      ? { databaseUrl: from, databaseUrlFrom: "--from", environment: settings }
      : { environment: existing },
  );
  tellDatabase(context, config);
  const written = await exportInto(context, config, folder, args, {
    others: [...(await environments()), ...commonFiles(args, context)],
    base: true,
  });
  if (config.file !== null) tellNotBuilt(context, config, folder.dir, written.fates);
  const recorded = args.baseline === true ? await recordBaseline(context, config) : [];
  const hidden = existing === undefined && config.target.engine === "server" && config.target.password !== undefined;
  const next = [
    ...(hidden ? ["export PGPASSWORD=...             # or ~/.pgpass: no file has the password"] : []),
    ...(args.baseline === true ||
    discoverMigrations(context.projectDir, config.migrations.dir, config.migrations.layout).migrations.length === 0
      ? []
      : [`confiture migrate baseline -e ${name}  # once: the database has what the migrations make`]),
    ...(firstFileNext(written) ?? [`confiture diff -e ${name}              # nothing differs`]),
  ];
  return {
    json: { ...written.json, files: [...written.others, ...written.fates], recorded },
    text: written.others.map(describeFate).join("") + renderExport(written),
    next: listOfNext(next),
    exitCode: written.exitCode,
  };

  /** The database's own, and one to develop in: what has data must not be where commands work unasked. */
  async function environments(): Promise<Placement[]> {
    if (existing !== undefined) return [];
    const content = adoptedEnvironment(config, name, folder.dir);
    const adopted: Placement = {
      path: await pathOfEnvironment(context, name),
      content,
      replace: args.force === true,
    };
    if (name === DEFAULT_ENVIRONMENT) return [adopted];
    const path = await pathOfEnvironment(context, DEFAULT_ENVIRONMENT);
    const own = environmentOfOnesOwn(args, context, DEFAULT_ENVIRONMENT, { path, dir: folder.dir, replace: false });
    return [adopted, own];
  }
}

/**
 * The environment that the adopted database gets. It is never the default one by itself: commands without --env would
 * work on a database in use.
 * @throws ConfitureError `usage`
 */
function nameAdopted({ environment }: CommandContext, existing: string | undefined): string {
  const name = existing ?? environment;
  if (name === undefined) {
    throw new ConfitureError("usage", "The database of --from needs the name of an environment", {
      hint: "Name it with --env, for example --env production. Commands without --env work in `local`, so name it so only if it is a database to develop in.",
    });
  }
  if (environment !== undefined && environment !== name) {
    throw new ConfitureError("usage", `--env ${environment} and --from env:${name} name two environments`);
  }
  return requireEnvironmentName(name);
}

/** Where the environment's file is, or is to be. */
async function pathOfEnvironment({ projectDir }: CommandContext, name: string): Promise<string> {
  return findEnvironmentFile(projectDir, name) ?? `db/environments/${name}.yaml`;
}

/** An environment for a database of one's own, by the templates. */
function environmentOfOnesOwn(
  args: ParsedArgs<typeof ARGS>,
  context: CommandContext,
  name: string,
  { path, dir, replace }: { readonly path: string; readonly dir: string; readonly replace: boolean },
): Placement {
  const content = (args.embedded === true ? environmentEmbedded : environmentServer)
    .replace("name: @NAME@", () => `name: ${yamlText(name)}`)
    .replaceAll("@NAME@", () => name)
    .replaceAll("@DATABASE@", () => databaseName(context))
    .replaceAll("@DIR@", () => yamlText(dir));
  return { path, content, replace };
}

/** What every project has. */
function commonFiles(
  args: ParsedArgs<typeof ARGS>,
  { projectDir }: CommandContext,
  migrations = DEFAULT_FOLDERS.migrations,
): Placement[] {
  const replace = args.force === true;
  return [
    { path: `${migrations}/confiture.d.ts`, content: migrationTypes, replace },
    { path: `${migrations}/tsconfig.json`, content: tsconfig, replace },
    // What is added to .gitignore takes nothing away.
    { path: ".gitignore", content: ignoreFile(projectDir), replace: true, backUp: false },
  ];
}

/** The folder's name, as far as it is a name that needs no quotes in PostgreSQL. */
function databaseName({ projectDir }: CommandContext): string {
  const name = basename(projectDir)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, "_")
    .replaceAll(/^[_\d]+|_+$/g, "");
  return name === "" ? "app" : name;
}

function ignoreFile(projectDir: string): string {
  const existing = readIfThere(join(projectDir, ".gitignore"), ".gitignore")?.toString() ?? "";
  const lines = existing.split(/\r?\n/);
  const missing = IGNORED.filter((line) => !lines.includes(line));
  const gap = existing === "" || existing.endsWith("\n") ? "" : "\n";
  return existing + gap + missing.map((line) => `${line}\n`).join("");
}
