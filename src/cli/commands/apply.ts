import type { Rename } from "#compare/generate/renames.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import type { Config } from "#config/config.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { ask } from "../ask.ts";
import { liveSource, planFor, type ToldPlan } from "../apply-plan.ts";
import { canAsk } from "../can-ask.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { filesBeside, REPLAY_ARGS, warnNotCompared } from "../compare-options.ts";
import { databasePlace, openOptions, tellDatabase } from "../database-options.ts";
import { LOCK_ARGS, migrateOptions } from "../migrate-options.ts";
import { changeToJson, renderChanges } from "../output/changes.ts";
import { hazardToJson } from "../output/hazards.ts";
import { showMigrateEvents } from "../output/migrate.ts";
import { renderPlanned } from "../output/planned.ts";
import { count, formatSeconds } from "../output/text.ts";
import { nameToConfirm } from "../protected.ts";
import { REMOVAL_ARGS } from "../removal-args.ts";
import { RENAME_ARGS } from "../renames.ts";

export const command = defineCommand({
  args: {
    ...RENAME_ARGS,
    ...REMOVAL_ARGS,
    "dry-run": { type: "boolean", description: "print the SQL and run nothing" },
    "no-ledger": { type: "boolean", description: "also where there are migrations; their ledger stays as it is" },
    yes: {
      type: "string",
      valueHint: "NAME",
      description: "run without asking: names the environment, or the database where a URL was given",
    },
    ...LOCK_ARGS,
    ...REPLAY_ARGS,
  },
  details:
    "For databases that are not kept by migrations. Compares the environment's database with the schema files, plans the\n" +
    "SQL that closes the difference, proves it in scratch databases, shows it and asks; then runs it under the runner's\n" +
    "lock, in one transaction where PostgreSQL allows that, if the database has not changed meanwhile. What would be taken\n" +
    "away, or set back to what it was before a migration, is listed and needs a yes of its own, or --allow-drop. Rows that\n" +
    "schema files insert in new tables are named, not inserted. Where there are migrations, use `confiture migrate`.",
  examples: [
    "confiture apply",
    "confiture apply --dry-run",
    "confiture apply --env staging --yes staging",
    "confiture apply --rename public.users.name=full_name",
  ],
  async run(args, context) {
    const [{ renameFlag }, { runApply, leftToApply }] = await Promise.all([
      import("#compare/generate/rename-first.ts"),
      import("#compare/apply.ts"),
    ]);
    const config = await context.config();
    const { target } = config;
    const files = await filesBeside(context, args, target);
    if (args["no-ledger"] !== true) await refuseMigrations(context, config, files);
    tellDatabase(context, config);
    const plan = await planFor(context, files, target, {
      ...args,
      allowDrop: args["dry-run"] === true ? "all" : args["allow-drop"],
    });
    const outcome = { json: toJson(plan, null) };
    tellByHand(context, plan, renameFlag);
    if (plan.migrations.length === 0) {
      context.messages.log("Nothing to apply: the database holds what the schema files make");
      return outcome;
    }
    for (const line of renderPlanned(plan).split("\n")) context.messages.log(line);
    if (args["dry-run"] === true) {
      return { ...outcome, script: plan.parts.map(({ sql }) => sql.trimStart()).join("\n-- Commit here.\n\n") };
    }
    const refused = await refusal(context, config, args.yes);
    if (refused !== undefined) return { ...outcome, error: refused };
    const started = performance.now();
    const running = await migrateOptions(context, args, showMigrateEvents(context));
    context.step("Running the plan");
    await runApply(running, files, plan);
    const duration = performance.now() - started;
    context.step("Comparing the database with the schema files");
    const byHand = new Set(plan.byHand.up.map(({ kind, name }) => `${kind} ${name}`));
    const left = (await leftToApply(files, liveSource(target))).filter(
      ({ kind, name }) => !byHand.has(`${kind} ${name}`),
    );
    const json = toJson(plan, duration);
    if (left.length > 0) {
      const error = new ConfitureError(
        "apply_refused",
        `The plan ran, and the database still differs from the schema files:\n${renderChanges(left).trimEnd()}`,
        { hint: "`confiture apply` plans what is left." },
      );
      return { json, error };
    }
    const size = count(plan.changes.length + plan.renames.length, "change");
    const but = byHand.size === 0 ? "" : ", but for what is to be written by hand";
    return {
      json,
      text: `✅ Applied ${size} in ${formatSeconds(duration)}: the database holds what the schema files make${but}\n`,
    };
  },
});

/** @throws ConfitureError `apply_refused` where migrations keep the database, or files of migrations are there */
async function refuseMigrations(
  context: CommandContext,
  { target, migrations }: Config,
  { projectDir }: ProjectFiles,
): Promise<void> {
  const [{ discoverMigrations }, { lookForLedger }, { readLedger }, { withDatabase }, { isUnmade }] = await Promise.all(
    [
      import("#migrate/files/discover.ts"),
      import("#migrate/ledger/find.ts"),
      import("#migrate/ledger/read.ts"),
      import("#database/open.ts"),
      import("#migrate/status.ts"),
    ],
  );
  const { base, migrations: files } = discoverMigrations(projectDir, migrations.dir, migrations.layout);
  const refuse = (why: string, ways: readonly string[] = []): ConfitureError =>
    new ConfitureError("apply_refused", `${why}; no migration would have the changes that apply makes`, {
      hint: [
        "Write a migration for what changed in the schema files: confiture migrate generate NAME",
        "Then: confiture migrate up",
        ...ways,
        "To change the database without a migration, and leave its ledger as it is: confiture apply --no-ledger",
      ].join("\n"),
    });
  if (files.length > 0) throw refuse(`${migrations.dir} holds ${count(files.length, "migration")}`);
  if (base !== undefined) {
    throw refuse(`${base.path} is there, so this project is to have migrations`, [
      `For a prototype that is to have none: remove ${base.path}, then run \`confiture apply\` again`,
    ]);
  }
  if (isUnmade(target)) return;
  const rows = await withDatabase(target, openOptions(context), async (database) => {
    const ledger = await lookForLedger(database, migrations.table);
    return ledger?.exists === true ? (await readLedger(database, ledger)).length : 0;
  });
  if (rows > 0) throw refuse(`The database has ${count(rows, "migration")} in its ledger`);
}

/** Asks, or reads `--yes`; undefined where the plan may run. */
async function refusal(
  context: CommandContext,
  config: Config,
  yes: string | undefined,
): Promise<ConfitureError | undefined> {
  const name = nameToConfirm(config);
  if (yes === name) return undefined;
  if (canAsk(context)) {
    const place = databasePlace(config.target, context.projectDir);
    const question = config.protected ? `Type ${name} to run this on ${place}: ` : `Run this on ${place}? [y/N] `;
    const answer = await ask(context.io, question, "nothing was done");
    if (config.protected ? answer === name : /^y(es)?$/i.test(answer)) return undefined;
    return new ConfitureError("declined", "Nothing was done");
  }
  return new ConfitureError("apply_refused", "Nothing was done: there is nobody to ask", {
    hint: `To run this: confiture apply --yes ${shellWord(name)}`,
  });
}

function tellByHand(
  context: CommandContext,
  { byHand, givenByDefault, notCompared, possibleRenames }: ToldPlan,
  renameFlag: (rename: Rename) => string,
): void {
  const { messages } = context;
  warnNotCompared(context, notCompared);
  for (const { change, kind, name } of byHand.up) {
    messages.warn(`no SQL is planned for this, do it by hand: ${kind} ${name} (${change})`);
  }
  if (givenByDefault.length > 0) {
    messages.warn(
      `default privileges of the database give rights to what is made in it, and no file speaks of them: to ${givenByDefault.join(", ")} (confiture drift --grants shows them)`,
    );
  }
  for (const rename of possibleRenames) {
    const { kind, from, to } = rename;
    messages.warn(`${kind} ${from} is dropped and ${to} added; if it was renamed: ${renameFlag(rename)}`);
  }
}

function toJson(plan: ToldPlan, duration: number | null): Record<string, unknown> {
  return {
    changes: plan.changes.map(changeToJson),
    renames: plan.renames,
    sql: plan.migrations.flatMap(({ up }) => up.map(({ sql }) => sql)),
    hazards: plan.migrations.flatMap(({ hazards }) => hazards.up.map(hazardToJson)),
    possibleRenames: plan.possibleRenames,
    givenByDefault: plan.givenByDefault,
    notCompared: plan.notCompared,
    rowsLeftOut: plan.rowsLeftOut,
    byHand: plan.byHand.up.map(changeToJson),
    applied: duration !== null,
    durationMs: duration === null ? null : Math.round(duration),
  };
}
