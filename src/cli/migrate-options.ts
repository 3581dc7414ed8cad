import type { ParsedArgs } from "citty";
import type { Config } from "#config/config.ts";
import type { MigrateEvent } from "#migrate/events.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import { tellDatabase } from "./database-options.ts";
import { showMigrateEvents } from "./output/migrate.ts";
import { readDuration } from "./arguments.ts";
import type { CommandContext } from "./command.ts";
import { VERSION } from "./version.ts";

/** `--lock-wait` of every command that takes the lock. */
export const LOCK_ARGS = {
  "lock-wait": {
    type: "string",
    valueHint: "DURATION",
    description: "how long to wait for another runner (default: the environment's lock_wait)",
  },
  "no-wait": { type: "boolean", description: "fail at once if another runner holds the lock" },
} as const;

/** `migrateOptions` of a command that writes to the database of the environment, which the user is told. */
export async function writingOptions(
  context: CommandContext,
  args: ParsedArgs<typeof LOCK_ARGS>,
): Promise<MigrateOptions> {
  tellDatabase(context, await context.config());
  return await migrateOptions(context, args, showMigrateEvents(context));
}

/**
 * What the runner needs, from the environment and the command line.
 * @param config the environment's when undefined
 */
export async function migrateOptions(
  context: CommandContext,
  args?: ParsedArgs<typeof LOCK_ARGS>,
  onEvent?: (event: MigrateEvent) => void,
  config?: Pick<Config, "target" | "migrations" | "backfill">,
): Promise<MigrateOptions> {
  const { target, migrations, backfill } = config ?? (await context.config());
  return {
    ...migrations,
    target,
    projectDir: context.projectDir,
    lockWait:
      args?.["no-wait"] === true ? 0 : (readDuration("--lock-wait", args?.["lock-wait"]) ?? migrations.lockWait),
    throttle: backfill,
    toolVersion: VERSION,
    connect: { wait: context.wait },
    signal: context.io.signal,
    onEvent,
  };
}

/** Whether contracts run without being asked for: where the environment says so. */
export function contractsByThemselves(config: Pick<Config, "migrations">): boolean {
  return config.migrations.contract === "auto";
}
