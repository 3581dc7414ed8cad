import { defineCommand } from "../command.ts";
import {
  filesBeside,
  readSource,
  readTerms,
  SCRATCH_ARGS,
  STRICT_ARGS,
  tellLimits,
  TERMS_ARGS,
} from "../compare-options.ts";
import { tellDatabase } from "../database-options.ts";
import { renderChanges } from "../output/changes.ts";
import { changeToJson } from "../output/changes.ts";
import { scriptOf, shownPlanToJson, showPlan, warnByHand } from "../shown-plan.ts";

export const command = defineCommand({
  args: {
    against: {
      type: "string",
      valueHint: "SOURCE",
      description:
        "what it should be: schema, migrations, git:REVISION, a snapshot file (default: the schema files without pending migrations)",
    },
    ignore: {
      type: "string",
      valueHint: "GLOBS",
      description:
        "objects to ignore: comma-separated globs, added to drift.ignore (audit.*, or by kind: index:public.*)",
    },
    sql: {
      type: "boolean",
      description: "print the SQL that makes the database what it should be, as it was run in a scratch database",
    },
    ...TERMS_ARGS,
    ...STRICT_ARGS,
    ...SCRATCH_ARGS,
  },
  details:
    "Finds what someone changed by hand: compares the database in use, which is only read, with what its ledger says it\n" +
    "should be, built in a scratch database on the same server. Exits 3 if they differ.",
  examples: [
    "confiture drift --env production",
    "confiture drift --env production --sql",
    "confiture drift --env production --against git:v1.4 --format json",
  ],
  async run(args, context) {
    const { findDrift } = await import("#compare/drift.ts");
    const config = await context.config();
    const { target, drift } = config;
    tellDatabase(context, config);
    const files = await filesBeside(context, args.scratch, target);
    const given = (args.ignore ?? "").split(",").filter((pattern) => pattern !== "");
    const { changes, notCompared, pending, gap, ...limits } = await findDrift({
      ...files,
      target,
      against: args.against === undefined ? undefined : await readSource(context, args.against),
      terms: readTerms(args),
      ignore: [...drift.ignore, ...given],
      onStep: context.step,
    });
    const limited = tellLimits(context, limits, notCompared);
    if (pending.length > 0)
      context.messages.log(`Not applied there yet, so not counted as drift: ${pending.join(", ")}`);
    if (changes.length === 0) context.messages.log("No drift: the database is what it should be");
    else if (args.sql !== true)
      context.messages.log(
        "+ only in the database, - missing from it, ~ changed (from what it should be, to what it is):",
      );
    const isScript = args.sql === true;
    const plan = isScript && changes.length > 0 ? await showPlan(context, files, gap) : undefined;
    const byHand = plan?.byHand ?? [];
    warnByHand(context, byHand);
    return {
      json: {
        changes: changes.map(changeToJson),
        pending,
        ...shownPlanToJson(isScript, plan),
        notCompared,
        grantsLeftOut: limits.leftOut,
      },
      ...(isScript ? { script: scriptOf(plan, byHand) } : { text: renderChanges(changes, context.paint) }),
      exitCode: changes.length > 0 || (limited && args.strict === true) ? 3 : 0,
    };
  },
});
