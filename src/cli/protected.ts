import type { ParsedArgs } from "citty";
import type { Config } from "#config/config.ts";
import { listEnvironments } from "#config/find-environment.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { Loss } from "#migrate/warnings/losses.ts";
import { ask } from "./ask.ts";
import { canAsk } from "./can-ask.ts";
import type { CommandContext } from "./command.ts";
import { databaseName, databasePlace } from "./database-options.ts";
import { count } from "./output/text.ts";
import { inLine } from "./output/visible.ts";

/** `--yes` of every command that can destroy data. */
export const PROTECTED_ARGS = {
  yes: {
    type: "string",
    valueHint: "NAME",
    description: "on a protected environment: confirm by naming the environment",
  },
} as const;

type Args = ParsedArgs<typeof PROTECTED_ARGS>;

/** What `--yes` has to name: the environment, or the database where a URL stands in for one. */
export function nameToConfirm({ environment, target }: Pick<Config, "environment" | "target">): string {
  return environment ?? databaseName(target);
}

/**
 * Stops a command whose `--yes` names something other than what it would work on, protected or not: whoever names production
 * does not mean the default environment.
 * @throws ConfitureError `usage`
 */
export function requireNamed(config: Config, yes: string): void {
  const name = nameToConfirm(config);
  if (yes === name) return;
  const kind = config.environment === null ? "database" : "environment";
  const isOther = listEnvironments(config.projectDir).includes(yes);
  const other = isOther ? `To work on ${yes}: -e ${shellWord(yes)} --yes ${shellWord(yes)}. ` : "";
  throw new ConfitureError(
    "usage",
    `--yes ${shellWord(yes)} does not name this ${kind}, which is ${shellWord(name)}; nothing was done`,
    { hint: `${other}To work on ${name}: --yes ${shellWord(name)}` },
  );
}

/** Whether the environment says `protected: true`, and its name was not typed out. */
export function isProtected(config: Config, args: Args): boolean {
  return config.protected && args.yes !== config.environment;
}

/**
 * Stops a command that can destroy data on an environment that says `protected: true`, unless its name was given with
 * `--yes` or is typed in now; there is nobody to ask but on a terminal.
 * @param what the command is about to do, after "to": "roll back migrations"
 * @param losses what is known to be lost
 * @param code what the error is
 * @throws ConfitureError `protected`, `interrupted`
 */
export async function requirePermission(
  context: CommandContext,
  args: Args,
  what: string,
  losses: readonly Loss[] = [],
  code: NotPermitted = "protected",
): Promise<void> {
  const config = await context.config();
  if (!isProtected(config, args)) return;
  if (!canAsk(context)) throw notPermitted(config, what, losses, code);
  const place = databasePlace(config.target);
  context.messages.log(`${isProtectedSentence(config)}. Its database is ${place}.${listed(`To ${what}:`, losses)}`);
  const answer = await ask(context.io, `Type the name of the environment to ${what}: `, "nothing was done");
  if (answer !== config.environment) throw notPermitted(config, what, [], code);
}

/**
 * Tells which tables lose rows, and asks somebody at a terminal before everything in a database is removed; elsewhere, and where
 * `--yes` names the environment, asking for it was enough. A protected environment has its own question.
 * @param filled the tables that have rows
 * @throws ConfitureError `declined`, `interrupted`
 */
export async function confirmEmptying(context: CommandContext, args: Args, filled: readonly string[]): Promise<void> {
  const config = await context.config();
  const asks = !config.protected && args.yes === undefined && canAsk(context);
  if (filled.length > 0) {
    const rows = `${count(filled.length, "table")} with rows: ${shortened(filled)}`;
    if (asks) context.messages.log(`This removes ${rows}`);
    else context.messages.warn(`--fresh removes ${rows}`);
  }
  if (!asks) return;
  const place = databasePlace(config.target, context.projectDir);
  const answer = await ask(context.io, `Remove everything in ${place}? [y/N] `, "nothing was done");
  if (!/^y(es)?$/i.test(answer)) throw new ConfitureError("declined", "Nothing was done");
}

/** The names of the first, and how many more there are. */
function shortened(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).map(inLine).join(", ");
  return names.length <= SHOWN_NAMES ? shown : `${shown} and ${names.length - SHOWN_NAMES} more`;
}

const SHOWN_NAMES = 10;

/** `above_limits` for what pending migrations do, which can be looked at beforehand; `protected` for what a command does. */
type NotPermitted = "protected" | "above_limits";

/** For what may not be done without a word. */
export function notPermitted(
  config: Config,
  what: string,
  losses: readonly Loss[],
  code: NotPermitted,
): ConfitureError {
  return new ConfitureError(
    code,
    `${isProtectedSentence(config)}; nothing was done.${listed(headingOf(losses), losses)}`,
    {
      hint: `To ${what} anyway: --yes ${config.environment ?? ""}`,
      location: config.file === null ? undefined : { file: config.file },
      ...(losses.length === 0 ? {} : { data: { losses } }),
    },
  );
}

function isProtectedSentence({ environment }: Config): string {
  return `The environment "${environment ?? ""}" is protected`;
}

function headingOf(losses: readonly Loss[]): string {
  const exposes = losses.some(({ isExposure }) => isExposure === true);
  const loses = losses.some(({ isExposure }) => isExposure !== true);
  return exposes ? `What would be ${loses ? "lost or " : ""}exposed:` : "What would be lost:";
}

function listed(heading: string, losses: readonly Loss[]): string {
  if (losses.length === 0) return "";
  const lines = losses.map(({ what, location: { file, line } }) => {
    return `\n  ${line === undefined ? file : `${file}:${line}`}: ${what}`;
  });
  return ` ${heading}${lines.join("")}`;
}
