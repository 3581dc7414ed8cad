import { withDatabase } from "#database/open.ts";
import { defineCommand } from "../../command.ts";
import { databaseName, openOptions } from "../../database-options.ts";
import { formatDuration } from "../../output/text.ts";

const DEFAULT_WAIT = 60_000;

export const command = defineCommand({
  args: {},
  details: "Waits for 60 seconds, or as long as --wait says. A wrong password or a missing database ends it at once.",
  examples: ["confiture db wait", "confiture db wait --env ci --wait 2min"],
  async run(_args, context) {
    const { target } = await context.config();
    const started = performance.now();
    const options = openOptions({ ...context, wait: context.wait === 0 ? DEFAULT_WAIT : context.wait });
    const version = await withDatabase(target, options, async (database) => database.serverVersion);
    const waited = performance.now() - started;
    return {
      json: { database: databaseName(target), serverVersion: version, waitedMs: Math.round(waited) },
      text: `✅ ${databaseName(target)} answers (PostgreSQL ${Math.floor(version / 10_000)}, ${formatDuration(waited)})\n`,
    };
  },
});
