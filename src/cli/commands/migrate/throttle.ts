import { ConfitureError } from "#errors/error.ts";
import { steerFill } from "#migrate/fill/steer-fill.ts";
import { readCount, readDuration, readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { migrateOptions } from "../../migrate-options.ts";
import { steered } from "../../output/fill.ts";

export const command = defineCommand({
  args: {
    version: { type: "positional", required: false, description: "the backfill; may be left out when there is one" },
    batch: { type: "string", valueHint: "N|auto", description: "rows in a batch; auto: as the migration says" },
    pause: {
      type: "string",
      valueHint: "DURATION|auto",
      description: "wait between two batches; auto: as the migration says",
    },
  },
  details:
    "Works from any machine. A running backfill reads it before its next batch; one that has not begun begins with it.",
  examples: ["confiture migrate throttle 005 --batch 500 --pause 1s", "confiture migrate throttle --batch auto"],
  async run(args, context) {
    const batch = args.batch === "auto" ? null : readCount("--batch", args.batch);
    const pause = args.pause === "auto" ? null : readDuration("--pause", args.pause);
    if (batch === undefined && pause === undefined)
      throw new ConfitureError("usage", "Say what to change: --batch or --pause");
    const version = readVersion("VERSION", args.version);
    const told = await steerFill(await migrateOptions(context), version, { kind: "throttle", batch, pause });
    const hasBegun = told.entry.standing === "filling";
    return steered(
      told,
      hasBegun ? "runs with this from its next batch on" : "has not begun, and will begin with this",
    );
  },
});
