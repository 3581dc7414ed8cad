import type { ParsedArgs } from "citty";
import { basename, join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { readIfThere } from "#files/read.ts";
import { discoverMigrations } from "#migrate/discover.ts";
import { adoptedEnvironment } from "../adopted-environment.ts";
import { type CommandContext, defineCommand, type Outcome } from "../command.ts";
import { EXPORT_ARGS, exportFolder, exportInto, recordBaseline, renderExport, tellNotBuilt } from "../export-schema.ts";
import { describeFate, placeFiles, type Placement } from "../place-files.ts";
import environmentEmbedded from "../scaffold/environment-embedded.yaml.txt" with { type: "text" };
import environmentServer from "../scaffold/environment-server.yaml.txt" with { type: "text" };
import migrationTypes from "../scaffold/migration-types.txt" with { type: "text" };
import tsconfig from "../scaffold/tsconfig.json.txt" with { type: "text" };
import users from "../scaffold/users.sql.txt" with { type: "text" };

const IGNORED = [".confiture/", ".env"];

const ARGS = {
  embedded: { type: "boolean", description: "use the PostgreSQL inside the executable, so that no server is needed" },
  from: {
    type: "string",
    valueHint: "URL",
    description: "adopt this database: its schema becomes the schema files (or env:NAME, an environment there is)",
  },
  force: { type: "boolean", description: "replace files that exist; each old one is kept as NAME.bak" },
  ...EXPORT_ARGS,
} as const;

export const command = defineCommand({
  args: ARGS,
  details:
    "Writes an environment, an example table and editor types for migrations. Files that exist are kept. With --from it\n" +
    "does what `export` does instead of the example: the database is only read, its password is not written down.",
  examples: [
    "confiture init",
    "confiture init --embedded",
    "confiture init -C new-project",
    "confiture init --from postgres://app@db.example.com/shop",
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
  const database = databaseName(basename(context.projectDir));
  const environment = (args.embedded === true ? environmentEmbedded : environmentServer).replaceAll(
    "@DATABASE@",
    database,
  );
  const replace = args.force === true;
  const fates = await placeFiles(context.projectDir, [
    { path: ENVIRONMENT, content: environment, replace },
    { path: "db/schema/10_tables/users.sql", content: users, replace },
    ...commonFiles(args, context),
  ]);
  const next = [
    ...(args.embedded === true
      ? []
      : [`createdb ${database}                       # if it does not exist yet; see ${ENVIRONMENT}`]),
    "confiture build",
    "confiture migrate new add_user_bio     # and write into it: ALTER TABLE users ADD COLUMN bio TEXT;",
    "confiture migrate up",
  ];
  context.messages.log(`Next:\n${next.map((line) => `  ${line}`).join("\n")}`);
  return { json: { files: fates }, text: fates.map(describeFate).join("") };
}

/** Makes a project of a database that is there. Nothing is written before the schema files are proven. */
async function adopt(args: ParsedArgs<typeof ARGS>, context: CommandContext, from: string): Promise<Outcome> {
  if (args.embedded === true) throw new ConfitureError("usage", "--embedded and --from exclude each other");
  const folder = exportFolder(context, args);
  const named = from.startsWith("env:") ? from.slice(4) : undefined;
  const config = await context.configOf(named === undefined ? { databaseUrl: from } : { environment: named });
  const environment = {
    path: ENVIRONMENT,
    content: adoptedEnvironment(config, folder.dir),
    replace: args.force === true,
  };
  const written = await exportInto(context, config, folder, args, {
    others: [...(named === undefined ? [environment] : []), ...commonFiles(args, context)],
    firstMigration: true,
  });
  if (config.file !== null) tellNotBuilt(context, config, folder.dir, written.fates);
  const recorded = args.baseline === true ? await recordBaseline(context, config) : [];
  const name = named ?? "local";
  const hidden = named === undefined && config.target.engine === "server" && config.target.password !== undefined;
  const next = [
    ...(hidden ? ["export PGPASSWORD=...             # or ~/.pgpass: no file has the password"] : []),
    ...(args.baseline === true ||
    discoverMigrations(context.projectDir, config.migrations.dir, config.migrations.layout).migrations.length === 0
      ? []
      : [`confiture migrate baseline -e ${name}  # once: the database has what the migrations make`]),
    `confiture diff env:${name} schema     # nothing differs`,
  ];
  context.messages.log(`Next:\n${next.map((line) => `  ${line}`).join("\n")}`);
  return {
    json: { ...written.json, files: [...written.others, ...written.fates], recorded },
    text: written.others.map(describeFate).join("") + renderExport(written),
    exitCode: written.exitCode,
  };
}

const ENVIRONMENT = "db/environments/local.yaml";

/** What every project has. */
function commonFiles(args: ParsedArgs<typeof ARGS>, { projectDir }: CommandContext): Placement[] {
  const replace = args.force === true;
  return [
    { path: "db/migrations/confiture.d.ts", content: migrationTypes, replace },
    { path: "db/migrations/tsconfig.json", content: tsconfig, replace },
    // What is added to .gitignore takes nothing away.
    { path: ".gitignore", content: ignoreFile(projectDir), replace: true, backUp: false },
  ];
}

/** The folder's name, as far as it is a name that needs no quotes in PostgreSQL. */
function databaseName(folder: string): string {
  const name = folder
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
