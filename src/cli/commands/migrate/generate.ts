import { resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { readSql } from "#database/read-sql.ts";
import { createMigrations, fileNameOf } from "#migrate/create.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import type { Generated, GeneratedMigration } from "#compare/generate/generate.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import { canAsk } from "../../can-ask.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import {
  displayName,
  filesBeside,
  liveTarget,
  projectFiles,
  readSource,
  REPLAY_ARGS,
  warnNotCompared,
} from "../../compare-options.ts";
import { changeToJson } from "../../output/changes.ts";
import { renderCreated } from "../../output/created.ts";
import { makersIn } from "../../output/findings.ts";
import { hazardToJson, segmentToJson } from "../../output/hazards.ts";
import { ofDatabaseInUse, stepsWarnings, stillLocking } from "../../output/steps-warnings.ts";
import { renderPlanned } from "../../output/planned.ts";
import { inLine } from "../../output/visible.ts";
import {
  askDatabase,
  type Candidate,
  databaseInUse,
  hasNoFiles,
  majorOfServer,
  nothingTells,
  otherSources,
  ownHistory,
  appliedVersions,
  takenVersions,
  tellLacksBase,
  warnWhereOthersFail,
  warnWhereTheyFail,
} from "../../pick-source.ts";
import { warnWherePublished } from "../../published-there.ts";
import { REMOVAL_ARGS } from "../../removal-args.ts";
import { permitRemovals } from "../../removals.ts";
import { readRenames, RENAME_ARGS } from "../../renames.ts";
import { inMigrations, tellRowsLeftOut } from "../../rows-left-out.ts";
import { warnWhereTakenBefore } from "../../taken-before.ts";
import { undoneIn } from "../../undone.ts";

export const command = defineCommand({
  args: {
    name: { type: "positional", required: true, description: "what it does, for example add_user_bio" },
    from: {
      type: "string",
      valueHint: "SOURCE",
      description:
        "what is there now: migrations, git:REVISION, env:NAME, a URL, a snapshot file or empty (default: base and migrations. If the migrations alter tables that only the schema files create: the environment's database, provided all migrations are applied there, or else git:HEAD, provided it has them all)",
    },
    ...RENAME_ARGS,
    ...REMOVAL_ARGS,
    "no-down": { type: "boolean", description: "write no way back" },
    online: {
      type: "boolean",
      description: "avoid long locks (CONCURRENTLY, NOT VALID, backfills); may write several migrations",
    },
    convert: {
      type: "string",
      valueHint: "FILE",
      description:
        "with --online: how old columns become new ones, as an UPDATE below -- confiture:forward and one below -- confiture:backward",
    },
    lossy: { type: "boolean", description: "with --convert: allow that old values do not all come back" },
    ...REPLAY_ARGS,
  },
  details:
    "Compares what is there now with the schema files, plans the way up and down, and proves both in the embedded\n" +
    "PostgreSQL before it writes anything. What would be taken away is listed, with the migration that made it, and so is\n" +
    "what would become again what it was before a migration: on a terminal you are asked, elsewhere it needs --allow-drop.",
  examples: [
    "confiture migrate generate add_user_bio",
    "confiture migrate generate add_user_bio --from git:HEAD",
    "confiture migrate generate rename_name --rename public.users.name=full_name",
  ],
  async run(args, context) {
    // Refused at once, also where there will be nothing to write.
    fileNameOf(args.name);
    const { generateMigrations } = await import("#compare/generate/generate.ts");
    const { contentsOf, requireUnchanged } = await import("#compare/sources/unchanged.ts");
    const { renameFlag } = await import("#compare/generate/rename-first.ts");
    if (args.convert !== undefined && args.online !== true) {
      throw new ConfitureError("usage", "--convert is for a change in steps: add --online");
    }
    if (args.lossy === true && args.convert === undefined) {
      throw new ConfitureError(
        "usage",
        "--lossy belongs to --convert FILE, a conversion whose old values do not all come back",
      );
    }
    const { readConversion } = await import("#compare/generate/conversion.ts");
    const conversion =
      args.convert === undefined
        ? undefined
        : await readConversion(readSql(args.convert, resolve(context.projectDir, args.convert), false));
    if (args.lossy === true && conversion?.backward === undefined) {
      throw new ConfitureError("usage", "--lossy is for a way back that loses values, and the conversion has none", {
        hint: `Leave out --lossy, or write an UPDATE below -- confiture:backward in ${conversion?.file}.`,
      });
    }
    const given = args.from === undefined ? undefined : await readSource(context, args.from);
    const asks = canAsk(context);
    const { askRenames } = await import("../../ask-renames.ts");
    const generateFrom = async ({ source, name }: Candidate): Promise<Generated> => {
      const beside = await filesBeside(context, args, liveTarget([source]));
      const permit = permitRemovals(context, args["allow-drop"], makersIn(beside));
      const result = await generateMigrations({
        ...beside,
        from: source,
        renames: readRenames(args.rename),
        decideRenames: asks ? askRenames(context.io) : undefined,
        permit,
        undone: undoneIn(context, beside),
        noDown: args["no-down"] === true,
        names: wanted,
        online: args.online === true,
        name: args.name,
        convert: conversion === undefined ? undefined : { ...conversion, isLossy: args.lossy === true },
        onStep: context.step,
        postgres: await majorOfServer(context),
      });
      context.messages.log(`Compared with: ${name}`);
      comparedWith = name;
      return result;
    };
    let comparedWith = "";
    const { names: wanted } = (await context.config("files")).migrations;
    const files = await projectFiles(context, args);
    const found = discoverMigrations(files.projectDir, files.migrationsDir, files.migrationsLayout);
    const isFirst = found.base === undefined && found.migrations.length === 0;
    const place = {
      projectDir: context.projectDir,
      dir: files.migrationsDir,
      layout: files.migrationsLayout,
      form: "sql",
      timestamp: false,
      now: new Date(),
    } as const;
    const contents = contentsOf(files, ["schema", "migrations"]);
    const generating =
      given === undefined
        ? generateFromFirst(context, files, generateFrom)
        : generateFrom({ source: given, name: displayName(args.from ?? "", given) });
    const generated = await generating.catch((error: unknown) => {
      // What was changed meanwhile fails the plan in ways that say nothing.
      requireUnchanged(files, contents, { code: "generate_refused", undone: "Nothing was written" });
      throw error;
    });
    const { migrations, changes, renames, possibleRenames, byHand, notCompared, names, comesBehind = [] } = generated;
    // Each line by itself: what follows the first of a message would be indented.
    if (migrations.length > 0) for (const line of renderPlanned(generated).split("\n")) context.messages.log(line);
    if (args.online === true) {
      for (const sql of stillLocking(migrations)) {
        context.messages.warn(`--online has no other form for this, so others wait while it runs: ${inLine(sql)}`);
      }
    }
    if (migrations.length > 0 && names !== wanted) {
      context.messages.warn(
        "migrations.names is short, but without their schema some of these names would mean something else: they have it",
      );
    }
    for (const rename of asks ? [] : possibleRenames) {
      const { from, to, kind } = rename;
      context.messages.warn(`${kind} ${from} is dropped and ${to} added; if it was renamed: ${renameFlag(rename)}`);
    }
    warnNotCompared(context, notCompared);
    for (const { change, kind, name } of byHand.up) {
      context.messages.warn(`not in the migration, write it by hand: ${kind} ${name} (${change})`);
    }
    for (const warning of [...ofDatabaseInUse(generated), ...stepsWarnings(generated)]) context.messages.warn(warning);
    const done = comesBehind.length === 0 ? new Set<string>() : await appliedVersions(context);
    for (const contract of comesBehind.filter(({ version }) => !done.has(version))) {
      context.messages.log(
        `Where the contract ${inLine(migrationId(contract))} has not run yet, this waits for it: \`after:\` on the marker says so.`,
      );
    }
    for (const { kind, name } of byHand.down) {
      context.messages.warn(`not brought back by its down, write it by hand: ${kind} ${name}`);
    }
    if (migrations.length > 0) warnWhereTakenBefore(context, files, changes);
    await warnWherePublished(context, migrations);
    const isAsked = given?.kind === "live" || comparedWith.startsWith("the database");
    if (migrations.length > 0 && !isAsked) await warnWhereTheyFail(context, files, migrations);
    if (migrations.length > 0 && isFirst && !generated.startsEmpty) tellLacksBase(context);
    else if (migrations.length > 0 && given !== undefined && given.kind !== "migrations")
      await warnWhereOthersFail(context, files, { name: comparedWith, isFirst }, migrations);
    // An interrupt that came while PostgreSQL had the thread is heard only now.
    await setImmediate();
    if (context.io.signal.aborted) throw new ConfitureError("interrupted", "Interrupted; nothing was written");
    if (migrations.length === 0) context.messages.log("Nothing to generate: the schema files hold nothing new");
    const drafts = migrations.map(({ text }, index) => ({
      name: partName(args.name, migrations, index),
      content: text,
    }));
    const taken = drafts.length === 0 ? [] : await takenVersions(context);
    requireUnchanged(files, contents, { code: "generate_refused", undone: "Nothing was written" });
    const written = drafts.length === 0 ? [] : await createMigrations({ ...place, taken }, drafts, found.migrations);
    const leftOut =
      written.length === 0
        ? []
        : tellRowsLeftOut(context, files, generated.leftEmpty, inMigrations(migrations, written));
    const noWayBack = args["no-down"] === true || written.some(({ keepsWayBack }) => !keepsWayBack);
    if (noWayBack && args["no-down"] !== true) {
      context.messages.warn("migrations of this folder's layout have no way back, so that was not written");
    }
    return {
      json: {
        migrations: written.map(({ version, name, path, files: paths }, index) => ({
          version,
          name,
          file: path,
          files: paths,
          up: migrations[index]?.up.map(({ sql }) => sql) ?? [],
          down: migrations[index]?.down.map(({ sql }) => sql) ?? [],
          hazards: {
            up: migrations[index]?.hazards.up.map(hazardToJson) ?? [],
            down: migrations[index]?.hazards.down.map(hazardToJson) ?? [],
          },
          plan: planToJson(migrations[index]!.plan),
        })),
        comparedWith,
        changes: changes.map(changeToJson),
        renames,
        possibleRenames,
        givenByDefault: generated.givenByDefault,
        notCompared,
        rowsLeftOut: leftOut,
        byHand: { up: byHand.up.map(changeToJson), down: byHand.down.map(changeToJson) },
      },
      text: renderCreated(written, migrations, { noWayBack, byHand }),
    };
  },
});

/** The first of the sources that tell what there is before the next migration. */
async function generateFromFirst(
  context: CommandContext,
  files: ProjectFiles,
  generate: (candidate: Candidate) => Promise<Generated>,
): Promise<Generated> {
  try {
    return await generate((await databaseInUse(context, files)) ?? ownHistory(files));
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.data?.["startsElsewhere"] !== true) throw error;
    const database = await askDatabase(context);
    for await (const candidate of otherSources(database, files)) {
      try {
        return await generate(candidate);
      } catch (other) {
        if (!(other instanceof ConfitureError) || !hasNoFiles(other)) throw other;
      }
    }
    throw await nothingTells(error, database, files);
  }
}

function planToJson({ up, down }: GeneratedMigration["plan"]): Record<string, unknown> {
  return { up: segmentToJson(up), down: down === undefined ? null : segmentToJson(down) };
}

/** "NAME", then "NAME_indexes", or "NAME_2" where that says nothing or is taken. */
function partName(name: string, migrations: readonly GeneratedMigration[], index: number): string {
  if (index === 0) return name;
  const part = migrations[index]?.part;
  const isFirst = migrations.findIndex((migration) => migration.part === part) === index;
  return part !== undefined && isFirst ? `${name}_${part}` : `${name}_${index + 1}`;
}
