import { steerFill } from "#migrate/fill/steer-fill.ts";
import { readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { migrateOptions } from "../../migrate-options.ts";
import { steered } from "../../output/fill.ts";

export const command = defineCommand({
  args: {
    version: { type: "positional", required: false, description: "the backfill; may be left out when there is one" },
  },
  details:
    "Works from any machine: the runner finishes its batch, then waits until `migrate resume`, without a lock on the table.\nA backfill that nobody runs at the moment can be paused as well: the next `migrate up` then waits.",
  examples: ["confiture migrate pause", "confiture migrate pause 005 --env production"],
  async run(args, context) {
    const version = readVersion("VERSION", args.version);
    return steered(await steerFill(await migrateOptions(context), version, { kind: "pause" }), "is paused");
  },
});
