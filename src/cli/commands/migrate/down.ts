import { migrationId } from "#migrate/files/migration-file.ts";
import { down } from "#migrate/migrator.ts";
import { lookBack } from "#migrate/ways-back.ts";
import { readCount, readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { canAsk } from "../../can-ask.ts";
import { LOCK_ARGS, migrateOptions, writingOptions } from "../../migrate-options.ts";
import { nothingBack } from "../../nothing-to-roll-back.ts";
import { finishRun } from "../../output/migrate.ts";
import { inLine } from "../../output/visible.ts";
import { isProtected, PROTECTED_ARGS, requirePermission } from "../../protected.ts";

export const command = defineCommand({
  args: {
    to: { type: "string", valueHint: "VERSION", description: "roll back everything above this version; 0 for all" },
    steps: { type: "string", valueHint: "N", description: "roll back this many (default: 1)" },
    recorded: {
      type: "boolean",
      description: "also roll back a migration whose file was edited since, by the text that the ledger keeps",
    },
    "dry-run": {
      type: "boolean",
      description: "print the SQL of the way back without running it (code in TypeScript migrations does run)",
    },
    ...PROTECTED_ARGS,
    ...LOCK_ARGS,
  },
  details:
    "Rolls back the last applied migration. A migration without a way back is refused before anything is changed. Where\n" +
    "its file is missing, the text that the ledger keeps is run, and a line says so; with --recorded also where the file was\n" +
    "edited after it was applied. `confiture migrate up` then runs the file as it is now.",
  examples: [
    "confiture migrate down",
    "confiture migrate down --steps 3",
    "confiture migrate down --to 004",
    "confiture migrate down --dry-run",
    "confiture migrate down --recorded",
  ],
  async run(args, context) {
    const plan = { to: readVersion("--to", args.to), steps: readCount("--steps", args.steps), recorded: args.recorded };
    if (args["dry-run"] === true) {
      const { dryRunCommand } = await import("../../dry-run.ts");
      const { dryRunDown } = await import("#migrate/dry-run.ts");
      return await dryRunCommand(context, "down", (options) => dryRunDown(options, plan));
    }
    const asks = isProtected(await context.config(), args) && canAsk(context);
    const ahead = asks ? await lookBack(await migrateOptions(context, args), plan) : undefined;
    // Nobody is asked about nothing, and what another process applies meanwhile is not rolled back unasked.
    if (ahead?.length === 0) return await nothingBack(context, await writingOptions(context, args));
    // Whoever is asked is told what the files do not show.
    const lacking = (ahead ?? []).filter(({ file }) => file === undefined);
    const names = lacking.map(({ row }) => inLine(migrationId(row))).join(", ");
    const how = names === "" ? "" : ` (with the text in the ledger, as their files are not here or edited: ${names})`;
    await requirePermission(context, args, `roll back migrations${how}`);
    const options = await writingOptions(context, args);
    const report = await down(options, plan);
    const { length } = report.results;
    if (report.error === undefined && length > 0 && length < (plan.steps ?? 0)) {
      context.messages.log(`No migration is applied any more: there ${length === 1 ? "was" : "were"} only ${length}`);
    }
    if (length === 0 && report.error === undefined) return await nothingBack(context, options);
    return finishRun(context, report, "");
  },
});
