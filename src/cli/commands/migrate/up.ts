import type { ParsedArgs } from "citty";
import { resolve } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { type ApprovedPlan, readApprovedPlan } from "#migrate/approval/approved-plan.ts";
import { isSameLoss, type Loss } from "#migrate/warnings/losses.ts";
import { up, type UpOptions } from "#migrate/migrator.ts";
import { pendingLosses } from "#migrate/warnings/pending-losses.ts";
import { readCount, readDuration, readVersion } from "../../arguments.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { contractsByThemselves, LOCK_ARGS, writingOptions } from "../../migrate-options.ts";
import { canAsk } from "../../can-ask.ts";
import { isConcern } from "../../above-limits.ts";
import { isProtected, notPermitted, PROTECTED_ARGS, requirePermission } from "../../protected.ts";
import { planEnvironment } from "../../plan-environment.ts";
import { finishRun } from "../../output/migrate.ts";

export const command = defineCommand({
  args: {
    to: { type: "string", valueHint: "VERSION", description: "apply up to and including this version" },
    steps: { type: "string", valueHint: "N", description: "apply at most this many" },
    plan: {
      type: "string",
      valueHint: "FILE",
      description: "run exactly what `confiture migrate plan --out` wrote down, or refuse",
    },
    "dry-run": {
      type: "boolean",
      description:
        "print the migrations' SQL, and what it locks, rewrites and loses, without running it (code in TypeScript migrations does run)",
    },
    "allow-out-of-order": { type: "boolean", description: "also apply migrations older than the newest applied one" },
    "allow-missing": { type: "boolean", description: "continue even if the file of an applied migration is missing" },
    "single-transaction": { type: "boolean", description: "all of them in one transaction: all or none" },
    contract: {
      type: "string",
      valueHint: "NAME",
      description: "also run the contract of this change, or several with commas between them",
    },
    "no-backfill": { type: "boolean", description: "leave backfills out, and what comes after them" },
    "only-backfill": { type: "boolean", description: "run backfills and nothing else" },
    for: {
      type: "string",
      valueHint: "DURATION",
      description:
        "stop after this time, once the batch or migration under way is done; the next run goes on (exits 1 if the contract of --contract has not run)",
    },
    ...PROTECTED_ARGS,
    ...LOCK_ARGS,
  },
  details:
    "Each migration runs in a transaction of its own, together with its row in the ledger. On a protected environment,\n" +
    "migrations that drop objects, change or delete rows, expose data, are TypeScript, or lock large tables (`limits`) need\n" +
    "to be confirmed; otherwise it exits with 3.\n" +
    "With --dry-run, the code of TypeScript migrations runs but its SQL does not: it is printed up to the first statement\n" +
    "whose result the code needs. With -v, the runner's own statements are printed as well, so that running the output with psql does the same.",
  examples: [
    "confiture migrate up",
    "confiture migrate up --env production",
    "confiture migrate up --env production --plan plan.json",
    "confiture migrate up --to 20251012103000",
    "confiture migrate up --dry-run",
    "confiture migrate up --contract split_name",
    "confiture migrate up --only-backfill --for 30m",
  ],
  async run(args, context) {
    const approved = args.plan === undefined ? undefined : await readPlan(context, args.plan, args);
    const plan = {
      approved,
      to: readVersion("--to", args.to),
      steps: approved?.migrations.length ?? readCount("--steps", args.steps),
      allowOutOfOrder: args["allow-out-of-order"],
      allowMissing: args["allow-missing"],
      singleTransaction: args["single-transaction"],
      ...(await readHolds(args, context)),
    };
    if (args["dry-run"] === true) {
      const { dryRunCommand, factsOfPlanned } = await import("../../dry-run.ts");
      const { dryRunUp } = await import("#migrate/dry-run.ts");
      return await dryRunCommand(
        context,
        "up",
        (options) => dryRunUp(options, plan),
        (planned) => factsOfPlanned(context, plan, planned),
      );
    }
    const options = await writingOptions(context, args);
    // Somebody has looked at what it says, for this environment. What TypeScript imports is not in its checksum.
    const isConfirmed = approved !== undefined || (await confirmsLimits(context, args, plan));
    const mayLose = (await context.config()).limits?.dataLoss === true;
    const concerns = isConcern(await context.config());
    const isOfConcern = (loss: Loss): boolean => {
      if (isConfirmed) return approved !== undefined && loss.isCode === true && !mayLose;
      return concerns(loss);
    };
    const permit = await permission(context, args, isOfConcern, () => pendingLosses(options, plan));
    const report = await up(options, { ...plan, permit });
    const outcome = finishRun(context, report, "No pending migrations");
    const { error } = report;
    if (error?.server?.sqlstate !== UNDEFINED_TABLE || error.hint !== undefined) return outcome;
    const { explainMissingTable } = await import("../../explain-missing-table.ts");
    return { ...outcome, error: await explainMissingTable(outcome.error, context, error.server) };
  },
});

/** @throws ConfitureError `usage` */
async function readHolds(
  args: {
    readonly contract?: string | undefined;
    readonly "no-backfill"?: boolean | undefined;
    readonly "only-backfill"?: boolean | undefined;
    readonly for?: string | undefined;
  },
  context: CommandContext,
): Promise<Pick<UpOptions, "contracts" | "contractsByThemselves" | "backfills" | "timeLimit">> {
  const [without, only] = [args["no-backfill"] === true, args["only-backfill"] === true];
  const timeLimit = readDuration("--for", args.for);
  if (timeLimit === 0) throw new ConfitureError("usage", "--for must be longer than 0, or no migration would begin");
  if (without && only) throw new ConfitureError("usage", "--no-backfill and --only-backfill do not go together");
  return {
    contracts: args.contract?.split(","),
    contractsByThemselves: contractsByThemselves(await context.config()),
    backfills: without ? "without" : only ? "only" : undefined,
    timeLimit,
  };
}

/** @throws ConfitureError `plan_invalid`, `usage`, `file_*` */
async function readPlan(
  context: CommandContext,
  file: string,
  others: { readonly [option: string]: unknown },
): Promise<ApprovedPlan> {
  const other = ["to", "steps"].find((option) => others[option] !== undefined && others[option] !== false);
  if (other !== undefined) throw new ConfitureError("usage", `--plan says what runs, and goes without --${other}`);
  const approved = readApprovedPlan(readRegularFile(resolve(context.projectDir, file), file).toString(), file);
  const environment = planEnvironment(await context.config());
  if (approved.environment === environment) return approved;
  const name = (one: string | null): string =>
    one === null ? "a database given by its URL" : `the environment "${one}"`;
  throw new ConfitureError(
    "plan_outdated",
    `${file} was made for ${name(approved.environment)}, not for ${name(environment)}`,
    {
      hint: "Nothing was done. Plan again: confiture migrate plan --out FILE",
      location: { file },
    },
  );
}

const UNDEFINED_TABLE = "42P01";

/**
 * Whether somebody has confirmed what is above the limits of the environment; nobody need where nothing is.
 * @throws ConfitureError `above_limits`, `interrupted`
 */
async function confirmsLimits(
  context: CommandContext,
  args: ParsedArgs<typeof PROTECTED_ARGS>,
  plan: Parameters<typeof pendingLosses>[1],
): Promise<boolean> {
  const config = await context.config();
  if (!isProtected(config, args)) return false;
  const { requireWithinLimits } = await import("../../limits.ts");
  return await requireWithinLimits(context, config, plan);
}

const WHAT = "apply these migrations";

/**
 * On a protected environment: asks where there is somebody to ask, and returns what stops a run that would lose or expose more
 * than was agreed to. Asked before the lock is taken, so that nobody waits for an answer.
 */
async function permission(
  context: CommandContext,
  args: ParsedArgs<typeof PROTECTED_ARGS>,
  isOfConcern: (loss: Loss) => boolean,
  findLosses: () => Promise<readonly Loss[]>,
): Promise<UpOptions["permit"]> {
  const config = await context.config();
  if (!isProtected(config, args)) return undefined;
  const agreed = canAsk(context) ? (await findLosses()).filter(isOfConcern) : [];
  if (agreed.length > 0) await requirePermission(context, args, WHAT, agreed, "above_limits");
  return (losses) => {
    const others = losses.filter((loss) => isOfConcern(loss) && !agreed.some((known) => isSameLoss(loss, known)));
    if (others.length > 0) throw notPermitted(config, WHAT, others, "above_limits");
  };
}
