import type { ParsedArgs } from "citty";
import { isSameLoss, type Loss } from "#migrate/losses.ts";
import { up, type UpOptions } from "#migrate/migrator.ts";
import { pendingLosses } from "#migrate/pending-losses.ts";
import { readCount, readVersion } from "../../arguments.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { LOCK_ARGS, writingOptions } from "../../migrate-options.ts";
import { canAsk } from "../../can-ask.ts";
import { isProtected, notPermitted, PROTECTED_ARGS, requirePermission } from "../../protected.ts";
import { finishRun } from "../../output/migrate.ts";

export const command = defineCommand({
  args: {
    to: { type: "string", valueHint: "VERSION", description: "apply up to and including this version" },
    steps: { type: "string", valueHint: "N", description: "apply at most this many" },
    "dry-run": {
      type: "boolean",
      description: "print the SQL without running it (code in TypeScript migrations does run)",
    },
    "allow-out-of-order": { type: "boolean", description: "also apply migrations older than the newest applied one" },
    "allow-missing": { type: "boolean", description: "go on although the file of an applied migration is gone" },
    "single-transaction": { type: "boolean", description: "all of them in one transaction: all or none" },
    ...PROTECTED_ARGS,
    ...LOCK_ARGS,
  },
  details:
    "Each migration runs in a transaction of its own, together with its row in the ledger. On a protected environment,\n" +
    "migrations that drop objects, change or delete rows, or are TypeScript need to be confirmed.\n" +
    "With --dry-run, the code of TypeScript migrations runs but its SQL does not: it is printed up to the first statement\n" +
    "whose result the code needs.",
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
    const options = await writingOptions(context, args);
    const permit = await permission(context, args, () => pendingLosses(options, plan));
    const report = await up(options, { ...plan, permit });
    const outcome = finishRun(context, report, "No pending migrations");
    const { error } = report;
    if (error?.server?.sqlstate !== UNDEFINED_TABLE || error.hint !== undefined) return outcome;
    const { explainMissingTable } = await import("../../explain-missing-table.ts");
    return { ...outcome, error: await explainMissingTable(outcome.error, context, error.server) };
  },
});

const UNDEFINED_TABLE = "42P01";

const WHAT = "apply these migrations";

/**
 * On a protected environment: asks where there is somebody to ask, and returns what stops a run that would lose more than
 * was agreed to. Asked before the lock is taken, so that nobody waits for an answer.
 */
async function permission(
  context: CommandContext,
  args: ParsedArgs<typeof PROTECTED_ARGS>,
  findLosses: () => Promise<readonly Loss[]>,
): Promise<UpOptions["permit"]> {
  const config = await context.config();
  if (!isProtected(config, args)) return undefined;
  const agreed = canAsk(context) ? await findLosses() : [];
  if (agreed.length > 0) await requirePermission(context, args, WHAT, agreed);
  return (losses) => {
    const others = losses.filter((loss) => !agreed.some((known) => isSameLoss(loss, known)));
    if (others.length > 0) throw notPermitted(config, args, WHAT, others);
  };
}
