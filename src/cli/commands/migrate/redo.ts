import { redo } from "#migrate/migrator.ts";
import { lookBack } from "#migrate/ways-back.ts";
import { readCount } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { canAsk } from "../../can-ask.ts";
import { LOCK_ARGS, migrateOptions, writingOptions } from "../../migrate-options.ts";
import { nothingBack } from "../../nothing-to-roll-back.ts";
import { finishRun } from "../../output/migrate.ts";
import { isProtected, PROTECTED_ARGS, requirePermission } from "../../protected.ts";

export const command = defineCommand({
  args: {
    steps: { type: "string", valueHint: "N", description: "how many of the last migrations (default: 1)" },
    ...PROTECTED_ARGS,
    ...LOCK_ARGS,
  },
  examples: ["confiture migrate redo", "confiture migrate redo --steps 2"],
  async run(args, context) {
    const steps = readCount("--steps", args.steps) ?? 1;
    const asks = isProtected(await context.config(), args) && canAsk(context);
    const ahead = asks ? await lookBack(await migrateOptions(context, args), { steps }) : undefined;
    if (ahead?.length === 0) return await nothingBack(context, await writingOptions(context, args));
    await requirePermission(context, args, "roll back migrations");
    const options = await writingOptions(context, args);
    const report = await redo(options, steps);
    if (report.results.length === 0 && report.error === undefined) return await nothingBack(context, options);
    return finishRun(context, report, "");
  },
});
