import { down } from "#migrate/migrator.ts";
import { readCount, readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { LOCK_ARGS, writingOptions } from "../../migrate-options.ts";
import { finishRun } from "../../output/migrate.ts";
import { PROTECTED_ARGS, requirePermission } from "../../protected.ts";

export const command = defineCommand({
  args: {
    to: { type: "string", valueHint: "VERSION", description: "roll back everything above this version; 0 for all" },
    steps: { type: "string", valueHint: "N", description: "roll back this many (default: 1)" },
    ...PROTECTED_ARGS,
    ...LOCK_ARGS,
  },
  details: "Rolls back the last applied migration. Refuses, before anything is changed, what has no way back.",
  examples: ["confiture migrate down", "confiture migrate down --steps 3", "confiture migrate down --to 004"],
  async run(args, context) {
    const plan = { to: readVersion("--to", args.to), steps: readCount("--steps", args.steps) };
    await requirePermission(context, args, "roll back migrations");
    const report = await down(await writingOptions(context, args), plan);
    return finishRun(context, report, "Nothing to roll back");
  },
});
