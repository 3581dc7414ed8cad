import { ConfitureError } from "#errors/error.ts";
import { ask } from "./ask.ts";
import { canAsk } from "./can-ask.ts";
import type { CommandContext } from "./command.ts";
import { databasePlace } from "./database-options.ts";
import type { SyncSides } from "./sync-options.ts";

/**
 * Has somebody say that the target is to be replaced: on a terminal its name is asked for, elsewhere `--yes NAME` has to say it.
 * @throws ConfitureError `sync_not_allowed`, `interrupted`
 */
export async function confirmReplacement(
  context: CommandContext,
  { from, to }: SyncSides,
  yes: string | undefined,
): Promise<void> {
  const name = to.environment ?? "";
  if (yes === name) return;
  const place = databasePlace(to.target);
  if (yes !== undefined || !canAsk(context)) {
    throw new ConfitureError(
      "sync_not_allowed",
      `Everything in ${place} ("${name}") would be replaced; nothing was done`,
      {
        hint: `${yes === undefined ? "" : `--yes ${yes} does not name this environment. `}To replace it: --yes ${name}`,
      },
    );
  }
  context.messages.log(`Everything in ${place} is replaced by a copy of ${databasePlace(from.target)}.`);
  const answer = await ask(context.io, `Type the target's name, ${name}, to go on: `, "nothing was done");
  if (answer !== name) throw new ConfitureError("sync_not_allowed", "Not confirmed; nothing was done");
}
