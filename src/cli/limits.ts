import type { Config } from "#config/config.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { planUp } from "#migrate/plan.ts";
import { findAbove } from "./above-limits.ts";
import { pendingLosses } from "#migrate/warnings/pending-losses.ts";
import { ask } from "./ask.ts";
import { canAsk } from "./can-ask.ts";
import type { CommandContext } from "./command.ts";
import { projectFiles } from "./compare-options.ts";
import { migrateOptions } from "./migrate-options.ts";
import { renderPlan } from "./output/plan.ts";
import { excessInWords, hasFailure } from "./output/plan-words.ts";
import { findPending, tracePending } from "./pending.ts";

/**
 * Stops `migrate up` on a protected environment where a statement does more than `limits` allows, or takes locks that the default ones
 * do not allow, as far as running it in a scratch database shows; on a terminal the plan is shown, and the environment's name can be typed in.
 * @returns whether somebody has confirmed what was shown
 * @throws ConfitureError `above_limits`, `interrupted`
 */
export async function requireWithinLimits(
  context: CommandContext,
  config: Config,
  which: Parameters<typeof planUp>[1],
): Promise<boolean> {
  // What waits for a word is in no plan that does not say it.
  const said = (which.contracts ?? []).length === 0 ? "" : ` --contract ${shellWord(which.contracts!.join(","))}`;
  const pending = await findPending(context, which, undefined);
  // Without a database there is nobody to wait.
  if (pending.migrations.length === 0 || pending.sizes === undefined) return false;
  const isAsked = config.limits !== undefined;
  // Code is asked for in any case, and does not run before that.
  if (!isAsked && pending.migrations.some(({ form }) => form === "typescript")) return false;
  const trace = await tracePending(context, await projectFiles(context), pending).catch((error: unknown) => {
    if (!(error instanceof ConfitureError) || error.code === "interrupted") throw error;
    if (!isAsked) {
      context.messages.warn(`which locks it takes is not known, as it could not be tried: ${error.message}`);
      return undefined;
    }
    const blindly = `To apply it without knowing what it does: --yes ${config.environment ?? ""}`;
    const hint = [error.hint, blindly].filter((line) => line !== undefined).join("\n");
    throw aboveLimitsError(config, [`what is pending could not be tried: ${error.message}`], hint, error);
  });
  if (trace === undefined) return false;
  const above = findAbove(config, trace, pending.sizes, await pendingLosses(await migrateOptions(context), which));
  const { excesses = [] } = above;
  if (excesses.length === 0) return false;
  // Whoever confirms the one confirms the other. What cannot run is in no plan that can be approved.
  const mayApprove = !hasFailure(trace);
  const found = [...excesses, ...above.concerns].map(excessInWords);
  const shown = `\`confiture migrate plan${said}\` shows all of it.`;
  const approved = `, or a plan that somebody approved (\`confiture migrate plan${said} --out FILE\`, \`confiture migrate up --plan FILE\`)`;
  const wayOut = mayApprove
    ? `${shown} To apply it: --yes ${config.environment ?? ""}${approved}`
    : `${shown} Mend what fails, or apply it all the same: --yes ${config.environment ?? ""}`;
  const refusal = aboveLimitsError(config, found, wayOut);
  if (!canAsk(context)) throw refusal;
  context.messages.log(
    renderPlan({ trace, sizes: pending.sizes, aim: context.aim, above }, context.paint, context.io.stderr.columns),
  );
  const answer = await ask(
    context.io,
    "Type the name of the environment to apply these migrations: ",
    "nothing was done",
  );
  if (answer === config.environment) return true;
  throw refusal;
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `\n  ${line}`).join("");
}

function aboveLimitsError(
  config: Config,
  lines: readonly string[],
  hint: string,
  cause?: ConfitureError,
): ConfitureError {
  return new ConfitureError(
    "above_limits",
    `What is pending is above the limits of the environment "${config.environment ?? ""}"; nothing was done.${list(lines)}`,
    { hint, location: config.file === null ? undefined : { file: config.file }, cause },
  );
}
