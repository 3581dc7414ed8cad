import type { MigrateOptions } from "#migrate/exclusive.ts";
import { isBase } from "#migrate/files/version.ts";
import { unreadHistory } from "#migrate/import/unread-history.ts";
import { status } from "#migrate/status.ts";
import type { CommandContext, Outcome } from "./command.ts";
import { finishRun } from "./output/migrate.ts";

/** The end of a command that found nothing to roll back. */
export async function nothingBack(context: CommandContext, options: MigrateOptions): Promise<Outcome> {
  return finishRun(context, { results: [], error: undefined }, await nothingToRollBack(context, options));
}

/** Why there is nothing to roll back, where no migration was: another tool may have applied some. */
export async function nothingToRollBack({ messages }: CommandContext, options: MigrateOptions): Promise<string> {
  const { history, unread } = await status(options);
  if (unread !== undefined) {
    const { message, hint } = unreadHistory(unread);
    messages.warn(`${message}. ${hint}`);
  }
  return history.some(({ version, row }) => isBase(version) && row !== undefined)
    ? "Nothing to roll back: only the base is applied, which has no way back"
    : "Nothing to roll back";
}
