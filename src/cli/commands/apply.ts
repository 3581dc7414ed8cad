import type { Config } from "#config/config.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { ask } from "../ask.ts";
import { liveSource, planFor, tellByHand, type ToldPlan } from "../apply-plan.ts";
import { canAsk } from "../can-ask.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { filesBeside, REPLAY_ARGS } from "../compare-options.ts";
import { databasePlace, tellDatabase } from "../database-options.ts";
import { NO_LEDGER_ARG, refuseMigrations } from "../kept-by-migrations.ts";
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
    ...NO_LEDGER_ARG,
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
    const { runApply, leftToApply } = await import("#compare/apply.ts");
    const config = await context.config();
    const { target } = config;
    const files = await filesBeside(context, args, target);
    if (args["no-ledger"] !== true) await refuseMigrations(context, config, files, "confiture apply");
    tellDatabase(context, config);
    const plan = await planFor(context, files, target, {
      ...args,
      allowDrop: args["dry-run"] === true ? "all" : args["allow-drop"],
    });
    const outcome = { json: toJson(plan, null) };
    await tellByHand(context, plan);
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
  return new ConfitureError("unconfirmed", "Nothing was done: there is nobody to ask", {
    hint: `To run this: confiture apply --yes ${shellWord(name)}`,
  });
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
