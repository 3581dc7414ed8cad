import { repairStatements } from "#migrate/invalid-indexes.ts";
import { status } from "#migrate/status.ts";
import { defineCommand } from "../../command.ts";
import { migrateOptions } from "../../migrate-options.ts";
import { entryToJson, renderStatus } from "../../output/migrate.ts";

export const command = defineCommand({
  args: {
    "exit-code": { type: "boolean", description: "exit with 3 when anything is not applied as it is in the files" },
  },
  details: "Reads only: takes no lock and creates nothing.",
  examples: [
    "confiture migrate status",
    "confiture migrate status --env production --format json",
    "confiture migrate status --exit-code",
  ],
  async run(args, context) {
    const { messages } = context;
    const options = await migrateOptions(context);
    const { history, ignored, invalidIndexes } = await status(options);
    for (const path of ignored) messages.warn(`${path} is no migration: names are VERSION_name.sql or VERSION_name.ts`);
    if (invalidIndexes.length > 0)
      messages.warn(`invalid indexes in the database; to clear them away:${repairStatements(invalidIndexes)}`);
    if (history.length === 0) messages.log(`No migrations in ${options.dir}`);
    const open = history.filter((entry) => entry.standing !== "applied");
    return {
      // One of the two is asked for.
      get json() {
        return {
          migrations: history.map(entryToJson),
          applied: history.length - open.length,
          pending: open.filter((entry) => entry.standing === "pending").length,
          ignored,
          invalidIndexes,
        };
      },
      get text() {
        return renderStatus(history);
      },
      exitCode: args["exit-code"] === true && open.length > 0 ? 3 : 0,
    };
  },
});
