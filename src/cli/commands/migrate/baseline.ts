import { ConfitureError } from "#errors/error.ts";
import { migrationId } from "#migrate/migration-file.ts";
import { adoptHistory } from "#migrate/adopt.ts";
import { HISTORIES } from "#migrate/layouts/registry.ts";
import { baseline } from "#migrate/record.ts";
import { readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { LOCK_ARGS, writingOptions } from "../../migrate-options.ts";
import { count } from "../../output/text.ts";

export const command = defineCommand({
  args: {
    through: { type: "string", valueHint: "VERSION", description: "the last version to record (default: all)" },
    from: {
      type: "enum",
      options: Object.keys(HISTORIES),
      description: "take over the history that this tool keeps in the database",
    },
    "from-table": {
      type: "string",
      valueHint: "TABLE",
      description: "that tool's history table, if it is not the usual one",
    },
    ...LOCK_ARGS,
  },
  details: "For a database that has the changes already: built from the schema files, or migrated by hand.",
  examples: [
    "confiture migrate baseline",
    "confiture migrate baseline --through 012 --env staging",
    "confiture migrate baseline --from dbmate",
  ],
  async run(args, context) {
    const through = readVersion("--through", args.through);
    if (args.from === undefined && args["from-table"] !== undefined) {
      throw new ConfitureError("usage", "--from-table goes with --from");
    }
    if (args.from !== undefined && through !== undefined) {
      throw new ConfitureError(
        "usage",
        "--through and --from exclude each other: that tool's history says how far it came",
      );
    }
    const options = await writingOptions(context, args);
    const recorded =
      args.from === undefined
        ? await baseline(options, through)
        : await adoptHistory(options, args.from, args["from-table"]);
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
