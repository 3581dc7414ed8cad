import { relative, resolve, sep } from "node:path";
import type { ParsedArgs } from "citty";
import { collectSchemaFiles } from "#build/collect.ts";
import type { ExportedSchema } from "#compare/export.ts";
import type { Config } from "#config/config.ts";
import { ConfitureError } from "#errors/error.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import type { CommandContext } from "./command.ts";
import { SCRATCH_ARGS, siteBeside, STRICT_ARGS } from "./compare-options.ts";
import { tellDatabase } from "./database-options.ts";
import { filesBelow } from "./files-below.ts";
import { type LOCK_ARGS, migrateOptions } from "./migrate-options.ts";
import { agree, count } from "./output/text.ts";
import { inLine } from "./output/visible.ts";
import { describeFate, type Fate, placeFiles, type Placement } from "./place-files.ts";

/** For every command that writes a database down as schema files. */
export const EXPORT_ARGS = {
  baseline: {
    type: "boolean",
    description: "also record all migrations as applied in that database, which has their changes already",
  },
  dir: { type: "string", valueHint: "DIR", description: "where the schema files go (default: db/schema)" },
  owners: { type: "boolean", description: "also write down owners, and what objects grant to their owners" },
  ...STRICT_ARGS,
  ...SCRATCH_ARGS,
} as const;

type ExportArgs = ParsedArgs<typeof EXPORT_ARGS> & { readonly force?: boolean | undefined };

/** What was written, and what could not be. */
export interface ExportedFiles {
  readonly dir: string;
  readonly fates: readonly Fate[];
  /** What became of the files besides them. */
  readonly others: readonly Fate[];
  readonly exported: ExportedSchema;
  /** For the JSON document. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly exitCode: number;
}

/** The folder to write to, with what is in it already, looked at before anything else is done. */
export interface ExportFolder {
  /** Relative to the project, with forward slashes. */
  readonly dir: string;
  /** Files in it, relative to the project. */
  readonly present: readonly string[];
}

/**
 * @throws ConfitureError `usage`, `folder_not_empty`
 */
export function exportFolder({ projectDir }: CommandContext, args: ExportArgs): ExportFolder {
  const dir = relative(projectDir, resolve(projectDir, args.dir ?? "db/schema"))
    .split(sep)
    .join("/");
  if (dir === "" || dir === ".." || dir.startsWith("../")) {
    throw new ConfitureError("usage", `--dir is a folder below the project, not ${args.dir}`);
  }
  // Backups of an earlier --force and names with a dot in front do not count.
  const present = filesBelow(projectDir, dir).filter(
    (path) => !/\.bak\d*$/.test(path) && !path.split("/").some((part) => part.startsWith(".")),
  );
  if (present.length > 0 && args.force !== true) {
    throw new ConfitureError(
      "folder_not_empty",
      `${dir} is not empty: ${count(present.length, "file")}, for example ${present[0]}`,
      {
        hint: [
          "Nothing was done. Name another folder with --dir, or let --force replace what is there; old files are kept as NAME.bak.",
          ...(args.baseline === true
            ? ["If an export that was interrupted wrote these files, `confiture migrate baseline` does what is left."]
            : []),
        ].join("\n"),
        location: { file: dir },
      },
    );
  }
  return { dir, present };
}

/** What is written together with the schema files. */
export interface BesideExport {
  readonly others: readonly Placement[];
  /** Whether the schema is the base of the migrations as well, where there are none yet. */
  readonly base: boolean;
}

/**
 * Exports the database of `config` into a folder, and says what the files do not hold. All files are written or none.
 */
export async function exportInto(
  context: CommandContext,
  config: Config,
  { dir, present }: ExportFolder,
  args: ExportArgs,
  beside: BesideExport,
): Promise<ExportedFiles> {
  const { messages, projectDir } = context;
  const [{ exportSchema }, { giveBackMemory }] = await Promise.all([
    import("#compare/export.ts"),
    import("#compare/engine/memory.ts"),
  ]);
  const exported = await exportSchema({
    target: config.target,
    table: config.migrations.table,
    owners: args.owners === true,
    scratch: await siteBeside(context, args.scratch, config.target, config),
    signal: context.io.signal,
    onStep: (step) => messages.log(`${step}...`),
  });
  // Of both databases nothing is needed any more but the texts of the files.
  giveBackMemory();
  const paths = new Set(exported.files.map(({ path }) => `${dir}/${path}`));
  const gone = present.filter((path) => path.endsWith(".sql") && !paths.has(path));
  const schema: Placement[] = [
    ...gone.map((path) => ({ path, content: undefined })),
    ...exported.files.map(({ path, text }) => ({ path: `${dir}/${path}`, content: text, replace: true })),
  ];
  const base = beside.base ? await baseOf(context, config, dir, exported, args.force === true) : [];
  const placed = await placeFiles(projectDir, [...beside.others, ...base, ...schema]);
  const fates = placed.slice(placed.length - schema.length);
  const others = placed.slice(0, placed.length - schema.length);
  tellRest(context, exported, dir);
  const { notExported, subscriptions, histories, withSecrets, roles } = exported;
  return {
    dir,
    fates,
    others,
    exported,
    json: {
      dir,
      files: fates,
      notExported,
      subscriptions,
      histories,
      withSecrets: withSecrets.map((path) => `${dir}/${path}`),
      roles,
    },
    exitCode: args.strict === true && notExported.length + subscriptions.length > 0 ? 3 : 0,
  };
}

/** The result for people: what was replaced or taken away, and how many files there are. */
export function renderExport({ dir, fates, exported }: ExportedFiles): string {
  const others = fates.filter(({ fate }) => fate === "replaced" || fate === "removed");
  const files = count(exported.files.length, "file");
  const rest = exported.notExported.length + exported.subscriptions.length > 0 ? ", but for what is not exported" : "";
  const done =
    exported.files.length === 0
      ? `✅ Nothing to export${rest}: the database holds no table and no other object, so no file was written to ${dir}\n`
      : `✅ Exported ${files} to ${dir}; built, they make the same database${rest}\n`;
  return [...others.map(describeFate), done].join("");
}

/** What comes behind the export of an empty database, a line each; undefined behind any other. */
export function firstFileNext({ dir, exported }: ExportedFiles): readonly string[] | undefined {
  if (exported.files.length > 0) return undefined;
  return [
    `# write the first schema file, for example ${dir}/10_tables/users.sql: a build needs one`,
    "confiture build",
  ];
}

function tellRest({ messages }: CommandContext, exported: ExportedSchema, dir: string): void {
  for (const { kind, count: number, samples } of exported.notExported) {
    messages.warn(`not exported: ${count(number, kind)} (${samples.join(", ")})`);
  }
  if (exported.subscriptions.length > 0) {
    messages.warn(
      `not exported: subscriptions (${exported.subscriptions.join(", ")}), which would take data from elsewhere into every database that is built`,
    );
  }
  if (exported.histories.length > 0) {
    messages.log(`Left out, as another tool's history: ${exported.histories.join(", ")}`);
  }
  for (const path of exported.withSecrets) {
    messages.warn(`${dir}/${path} has placeholders such as __OPTION_PASSWORD__ in place of secrets`);
  }
  if (exported.roles.length > 0) {
    const they = exported.roles.length === 1 ? "a role that belongs" : "roles that belong";
    messages.warn(
      `the files name ${they} to the server, and that no file makes: ${exported.roles.map(inLine).join(", ")}. Before you build them elsewhere, also in an embedded database, make what is missing there: CREATE ROLE NAME. Scratch databases make roles themselves`,
    );
  }
}

/**
 * The schema files as the base, where there is no migration yet: migrations then begin with nothing, as schema files do,
 * and both can be held against each other.
 */
async function baseOf(
  { io, messages, projectDir }: CommandContext,
  { target, migrations }: Config,
  dir: string,
  { files }: ExportedSchema,
  replace: boolean,
): Promise<Placement[]> {
  const { baseFile } = await import("#migrate/base.ts");
  const { discoverMigrations } = await import("#migrate/files/discover.ts");
  const { renderBase } = await import("#compare/tree/text.ts");
  if (files.length === 0 || discoverMigrations(projectDir, migrations.dir, migrations.layout).migrations.length > 0) {
    return [];
  }
  if (files.some(({ text }) => /^DROP SCHEMA /m.test(text))) {
    messages.warn("no base.sql is written: it would drop a schema that the ledger may be in");
    return [];
  }
  const { path } = baseFile(migrations.dir);
  const [{ recordedIn }, { withBaseHead }] = await Promise.all([
    import("#migrate/recorded.ts"),
    import("#migrate/files/squashed.ts"),
  ]);
  const { done, open } = await recordedIn(target, migrations.table, io.signal);
  if (done.length > 0) {
    messages.log(
      `${count(done.length, "migration")} recorded in this database, of which there ${agree(done.length, "is no file", "are no files")}: ${path} stands for ${agree(done.length, "it", "them")}, as after a squash (${named(done)})`,
    );
  }
  if (open.length > 0) {
    messages.warn(
      `the ledger of this database has ${count(open.length, "migration")} that did not end or whose text is not known, of which there ${agree(open.length, "is no file", "are no files")}: ${named(open)}. \`confiture migrate up\` stops there until the file is back, or \`confiture migrate resolve\` has recorded how it ended`,
    );
  }
  const content = withBaseHead(renderBase(files, dir), { squashed: done, through: undefined });
  return [{ path, content, replace }];
}

/** "001_users, 002_notes", of many the first and the last. */
function named(all: readonly Parameters<typeof migrationId>[0][]): string {
  const ids = all.map((one) => inLine(migrationId(one)));
  return ids.length <= NAMED ? ids.join(", ") : `${ids[0]} to ${ids.at(-1)}`;
}

const NAMED = 4;

/** Records every migration as applied in the database that was exported. */
export async function recordBaseline(
  context: CommandContext,
  config: Config,
  args?: ParsedArgs<typeof LOCK_ARGS>,
): Promise<string[]> {
  tellDatabase(context, config);
  const { baseline } = await import("#migrate/record.ts");
  const options = await migrateOptions(context, args, undefined, config);
  const versions = (await baseline(options, undefined)).map(({ version }) => version);
  if (versions.length > 0) context.messages.log(`Recorded ${count(versions.length, "migration")} as applied`);
  return versions;
}

/** The files are proven; whether a build runs them is up to the environment. */
export function tellNotBuilt(context: CommandContext, config: Config, dir: string, fates: readonly Fate[]): void {
  const written = fates.filter(({ fate }) => fate !== "removed");
  if (written.length === 0) return;
  let built: ReadonlySet<string>;
  try {
    built = new Set(collectSchemaFiles({ ...config, projectDir: context.projectDir }));
  } catch (error) {
    // What is wrong with include_dirs is said by whatever needs them.
    if (!(error instanceof ConfitureError)) throw error;
    built = new Set();
  }
  if (written.every(({ path }) => built.has(path))) {
    const others = built.size - written.length;
    if (others > 0)
      context.messages.warn(
        `builds also run ${count(others, "SQL file")} that ${others === 1 ? "is" : "are"} not part of ${dir}`,
      );
    return;
  }
  context.messages.warn(
    `${dir} is not fully covered by include_dirs, so \`confiture build\` skips some of these files`,
  );
}
