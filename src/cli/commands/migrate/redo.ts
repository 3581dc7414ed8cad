import { redo } from "#migrate/migrator.ts";
import { readCount } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { LOCK_ARGS, writingOptions } from "../../migrate-options.ts";
import { nothingToRollBack } from "../../nothing-to-roll-back.ts";
import { finishRun } from "../../output/migrate.ts";
import { PROTECTED_ARGS, requirePermission } from "../../protected.ts";

export const command = defineCommand({
  args: {
    steps: { type: "string", valueHint: "N", description: "how many of the last migrations (default: 1)" },
    ...PROTECTED_ARGS,
    ...LOCK_ARGS,
  },
  examples: ["confiture migrate redo", "confiture migrate redo --steps 2"],
  async run(args, context) {
    const steps = readCount("--steps", args.steps) ?? 1;
    await requirePermission(context, args, "roll back migrations");
    const options = await writingOptions(context, args);
    const report = await redo(options, steps);
    const isNothing = report.results.length === 0 && report.error === undefined;
    return finishRun(context, report, isNothing ? await nothingToRollBack(context, options) : "");
  },
});
