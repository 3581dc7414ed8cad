import { steerFill } from "#migrate/fill/steer-fill.ts";
import { readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { migrateOptions } from "../../migrate-options.ts";
import { steered } from "../../output/fill.ts";

export const command = defineCommand({
  args: {
    version: { type: "positional", required: false, description: "the backfill; may be left out when there is one" },
  },
  details: "A waiting runner goes on within a second. Without one, the next `migrate up` goes on.",
  examples: ["confiture migrate resume", "confiture migrate resume 005 --env production"],
  async run(args, context) {
    const version = readVersion("VERSION", args.version);
    return steered(await steerFill(await migrateOptions(context), version, { kind: "resume" }), "is not paused");
  },
});
