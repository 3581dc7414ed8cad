import { up } from "#migrate/migrator.ts";
import { readCount, readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { LOCK_ARGS, migrateOptions } from "../../migrate-options.ts";
import { finishRun, showMigrateEvents } from "../../output/migrate.ts";

export const command = defineCommand({
  args: {
    to: { type: "string", valueHint: "VERSION", description: "apply up to and including this version" },
    steps: { type: "string", valueHint: "N", description: "apply at most this many" },
    "dry-run": { type: "boolean", description: "print the SQL that would run, and change nothing" },
    "allow-out-of-order": { type: "boolean", description: "also apply migrations older than the newest applied one" },
    "allow-missing": { type: "boolean", description: "go on although the file of an applied migration is gone" },
    "single-transaction": { type: "boolean", description: "all of them in one transaction: all or none" },
    ...LOCK_ARGS,
  },
  details: "Each migration runs in a transaction of its own, together with its row in the ledger.",
  examples: [
    "confiture migrate up",
    "confiture migrate up --env production",
    "confiture migrate up --to 20251012103000",
    "confiture migrate up --dry-run",
  ],
  async run(args, context) {
    const plan = {
      to: readVersion("--to", args.to),
      steps: readCount("--steps", args.steps),
      allowOutOfOrder: args["allow-out-of-order"],
      allowMissing: args["allow-missing"],
      singleTransaction: args["single-transaction"],
    };
    if (args["dry-run"] === true) {
      const { dryRunCommand } = await import("../../dry-run.ts");
      return await dryRunCommand(context, plan);
    }
    const report = await up(await migrateOptions(context, args, showMigrateEvents(context)), plan);
    return finishRun(context, report, "No pending migrations");
  },
});
