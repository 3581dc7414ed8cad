import { setImmediate } from "node:timers/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ProjectFiles, Source } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { baseFile } from "#migrate/base.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { type MigrationFile, migrationId } from "#migrate/files/migration-file.ts";
import { withBaseHead } from "#migrate/files/squashed.ts";
import type { Base } from "#compare/base/base.ts";
import type { BaseLacking } from "#compare/contained/base.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { filesBeside, liveTarget, readSource, REPLAY_ARGS, type ScratchArgs } from "../../compare-options.ts";
import { lackingInUse } from "../../lacking-in-use.ts";
import { changeToJson, listChanged } from "../../output/changes.ts";
import { agree, count } from "../../output/text.ts";
import { describeFate, placeFiles } from "../../place-files.ts";

export const command = defineCommand({
  args: {
    from: {
      type: "string",
      valueHint: "SOURCE",
      description:
        "what holds the base: schema, git:REVISION, env:NAME, a URL or a snapshot file (default: schema, if there are schema files)",
    },
    force: { type: "boolean", description: "replace a base.sql that exists; the old one is kept as base.sql.bak" },
    ...REPLAY_ARGS,
  },
  details:
    "Writes base.sql into the folder of migrations: what a database holds before the first one. Migrations whose changes\n" +
    "the source holds already are taken back. Before it is written, it is run in a scratch database, and all migrations\n" +
    "after it. `migrate up` runs it first in an empty database, and in no other.",
  examples: [
    "confiture migrate base",
    "confiture migrate base --from git:v1.0",
    "confiture migrate base --from env:production",
  ],
  async run(args, context) {
    const [{ makeBase }, { baseLackingInText }, { hasSchemaFiles, projectMigrations }] = await Promise.all([
      import("#compare/base/base.ts"),
      import("#compare/contained/base.ts"),
      import("#compare/sources/sources.ts"),
    ]);
    const given = await readSource(context, args.from ?? "schema");
    if (given.kind === "migrations") {
      throw new ConfitureError("usage", "The base is what there is before the migrations: --from cannot name them", {
        hint: "Name what a database held before the first of them: schema, git:REVISION, env:NAME, a URL or a snapshot file.",
      });
    }
    const files = await filesBeside(context, args, liveTarget([given]));
    const { path } = baseFile(files.migrationsDir);
    if (existsSync(join(context.projectDir, path)) && args.force !== true) {
      throw new ConfitureError("base_refused", `${path} exists`, {
        hint: "Nothing was written. To replace it: --force. Databases that began with the old one are not affected.",
        location: { file: path },
      });
    }
    // Without schema files there is nothing to take it from, but migrations that start from nothing need none.
    const isAlone = args.from === undefined && !hasSchemaFiles(files) && projectMigrations(files).length > 0;
    const source: Source = isAlone ? { kind: "empty" } : given;
    const { text, takenBack, onTop, changes, unlikeSchema, notCompared, doubts, holds } = await makeBase({
      ...files,
      from: source,
      onStep: context.step,
    }).catch(async (error: unknown) => {
      throw isAlone ? await nameSource(context, error) : error;
    });
    if (args.from === undefined && text !== undefined) await requireThere(context, args, holds);
    const found = discoverMigrations(files.projectDir, files.migrationsDir, files.migrationsLayout);
    const { base } = found;
    if (base !== undefined && text !== undefined) {
      context.step("Comparing it with the base that is there");
      await requireKept(context, base, () => baseLackingInText(files, found.migrations, text));
    }
    // An interrupt that came while PostgreSQL had the thread is heard only now.
    await setImmediate();
    if (context.io.signal.aborted) throw new ConfitureError("interrupted", "Interrupted; nothing was written");
    const names = (migrations: typeof onTop): string => migrations.map(migrationId).join(", ");
    if (text === undefined) {
      context.messages.log(
        `No base is needed: the migrations start from an empty database${existsSync(join(context.projectDir, path)) ? `. Nothing was written; ${path} is as it was` : ""}`,
      );
      return {
        json: {
          file: null,
          takenBack: takenBack.map(({ version }) => version),
          changes: [],
          unlikeSchema: unlikeSchema.map(changeToJson),
        },
      };
    }
    const through = (await throughOf(source, files)) ?? base?.through;
    const content = withBaseHead(text, { squashed: base?.squashed ?? [], through });
    const [fate] = await placeFiles(context.projectDir, [{ path, content, replace: true }]);
    if (takenBack.length > 0)
      context.messages.log(`Without what ${names(takenBack)} ${agree(takenBack.length, "makes", "make")}`);
    if (onTop.length > 0) {
      context.messages.log(`Not in the source, and applied on top of it: ${names(onTop)}`);
    }
    if (changes.length > 0) {
      context.messages.warn(
        `the source and base with migrations differ in ${count(changes.length, "object")}; confiture verify shows them`,
      );
    }
    if (unlikeSchema.length > 0) {
      context.messages.warn(
        `base and migrations make something else than the schema files do, in ${count(unlikeSchema.length, "object")}: ${listChanged(unlikeSchema)}. confiture verify shows it`,
      );
    }
    for (const { kind, count: number, samples } of notCompared) {
      context.messages.warn(`not in the base: ${count(number, kind)} (${samples.join(", ")})`);
    }
    for (const doubt of doubts) context.messages.warn(`${doubt}: see to it in new databases by hand`);
    const rest = takenBack.length + onTop.length;
    return {
      json: {
        file: path,
        takenBack: takenBack.map(({ version }) => version),
        changes: changes.map(changeToJson),
        unlikeSchema: unlikeSchema.map(changeToJson),
      },
      text: `${fate?.backup === undefined ? "" : describeFate(fate)}✅ Wrote ${path}, proven${rest === 0 ? "" : ` with ${count(rest, "migration")} after it`}\n`,
    };
  },
});

/** In a project with migrations alone, something else has to tell what there is before them. */
async function nameSource(context: CommandContext, error: unknown): Promise<unknown> {
  if (!(error instanceof ConfitureError) || error.code !== "base_refused") return error;
  const { environment } = await context.config("files");
  const from = environment === null ? "URL" : shellWord(`env:${environment}`);
  return error.with({
    hint: [
      "Nothing was written. No schema files tell what a database holds before the first migration.",
      `To take it from a database that is in use: confiture migrate base --from ${from}`,
      "--from git:REVISION takes it from schema files of another commit, and a snapshot file can be named as well.",
    ].join("\n"),
  });
}

/**
 * What the base that is there makes and the new one does not. Where migrations were squashed into it, databases have that, and no file of a
 * migration brings it to a new one any more: it is refused. Else it is said.
 */
async function requireKept(
  context: CommandContext,
  base: MigrationFile,
  compare: () => Promise<BaseLacking | undefined>,
): Promise<void> {
  const lacking = await compare().catch((error: unknown) => {
    if (!(error instanceof ConfitureError) || error.code === "interrupted") throw error;
    context.messages.warn(`what the former ${base.path} makes was not compared with the new one: ${error.message}`);
    return undefined;
  });
  if (lacking === undefined) return;
  const { what, objects } = lacking;
  const message = `${what}${objects.length === 0 ? "" : `: ${listChanged(objects)}`}`;
  if (base.squashed === undefined) {
    context.messages.warn(message);
    return;
  }
  throw new ConfitureError("base_refused", message, {
    hint: [
      `Nothing was written. ${count(base.squashed.length, "migration")} ${agree(base.squashed.length, "was", "were")} squashed into it, so databases have that, and new ones would not get it.`,
      "To keep it: `confiture schema update` brings it into the schema files, or says what to put there. `confiture migrate squash` moves the base forward without them.",
      "If it is to go: take it away with a new migration, so that it goes everywhere.",
    ].join("\n"),
    location: { file: base.path },
  });
}

/** The last migration of another tool that a database in use has and of which there is no file. */
async function throughOf(source: Source, files: ProjectFiles): Promise<string | undefined> {
  if (source.kind !== "live") return undefined;
  const [{ withoutFiles }, { projectMigrations }, { withDatabase }] = await Promise.all([
    import("#migrate/import/adopt.ts"),
    import("#compare/sources/sources.ts"),
    import("#database/open.ts"),
  ]);
  const migrations = projectMigrations(files);
  return await withDatabase(source.target, { signal: files.signal }, (database) =>
    withoutFiles(database, migrations, files.projectDir),
  );
}

/**
 * What is new in the schema files would come into new databases alone with the base: `generate` would find it there, and no
 * migration would bring it to the others.
 */
async function requireThere(context: CommandContext, scratch: ScratchArgs, holds: Base["holds"]): Promise<void> {
  const found = await lackingInUse(context, scratch);
  const lacking = found?.changes.filter(holds) ?? [];
  if (found === undefined || lacking.length === 0) return;
  const { name, source, isFit } = found;
  const what = lacking.map((object) => `${object.kind} ${object.name}`).join(", ");
  if (!isFit) {
    context.messages.warn(
      `in the base now, made by no migration, and not so in ${name}, so nothing will bring it there: ${what} (confiture migrate status tells of that database)`,
    );
    return;
  }
  const message = `The schema files hold something that no migration makes and that is not so in ${name}: ${what}`;
  throw new ConfitureError("base_refused", message, {
    hint: [
      "Nothing was written: in the base, it would come into new databases alone.",
      `\`confiture migrate base --from ${source ?? "URL"}\` takes the base from there; \`confiture migrate generate NAME\` then writes the migration for what is new.`,
      "If nobody has a database without it: confiture migrate base --from schema",
    ].join("\n"),
  });
}
