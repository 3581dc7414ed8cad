import { migrationId } from "#migrate/discover.ts";
import { baseline } from "#migrate/record.ts";
import { readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { LOCK_ARGS, migrateOptions } from "../../migrate-options.ts";
import { showMigrateEvents } from "../../output/migrate.ts";
import { count } from "../../output/text.ts";

export const command = defineCommand({
  args: {
    through: { type: "string", valueHint: "VERSION", description: "the last version to record (default: all)" },
    ...LOCK_ARGS,
  },
  details: "For a database that has the changes already: built from the schema files, or migrated by hand.",
  examples: ["confiture migrate baseline", "confiture migrate baseline --through 012 --env staging"],
  async run(args, context) {
    const through = readVersion("--through", args.through);
    const recorded = await baseline(await migrateOptions(context, args, showMigrateEvents(context)), through);
    const lines = recorded.map((migration) => `✅ ${migrationId(migration)} recorded as applied\n`);
    if (recorded.length === 0) context.messages.log("Nothing to record: every migration is recorded already");
    else
      context.messages.log(
        `Recording ${count(recorded.length, "migration")} without running ${recorded.length === 1 ? "it" : "them"}`,
      );
    return {
      json: { recorded: recorded.map(({ version, name, path }) => ({ version, name, file: path })) },
      text: lines.join(""),
    };
  },
});
