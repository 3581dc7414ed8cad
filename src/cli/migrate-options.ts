import type { ParsedArgs } from "citty";
import type { MigrateEvent } from "#migrate/events.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import { ConfitureError } from "#errors/error.ts";
import type { CommandContext } from "./command.ts";
import { VERSION } from "./version.ts";

/** `--lock-wait` of every command that takes the lock. */
export const LOCK_ARGS = {
  "lock-wait": {
    type: "string",
    valueHint: "DURATION",
    description: "how long to wait for another runner (default: the environment's lock_wait)",
  },
  wait: { type: "boolean", default: true, negativeDescription: "give up at once when another runner is at work" },
} as const;

/** What the runner needs, from the environment and the command line. */
export async function migrateOptions(
  context: CommandContext,
  args?: ParsedArgs<typeof LOCK_ARGS>,
  onEvent?: (event: MigrateEvent) => void,
): Promise<MigrateOptions> {
  const { target, migrations } = await context.config();
  return {
    ...migrations,
    target,
    projectDir: context.projectDir,
    lockWait: await lockWait(args, migrations.lockWait),
    toolVersion: VERSION,
    signal: context.io.signal,
    onEvent,
  };
}

async function lockWait(args: ParsedArgs<typeof LOCK_ARGS> | undefined, configured: number): Promise<number> {
  if (args?.wait === false) return 0;
  const text = args?.["lock-wait"];
  if (text === undefined) return configured;
  const { parseDuration } = await import("#config/duration.ts");
  const duration = parseDuration(text);
  if (duration !== undefined) return duration;
  throw new ConfitureError("usage", `--lock-wait is a duration such as 30s or 5min, not "${text}"`);
}
