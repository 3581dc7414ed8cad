import { migrationId } from "#migrate/migration-file.ts";
import { acceptEdited } from "#migrate/record.ts";
import { readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { LOCK_ARGS, writingOptions } from "../../migrate-options.ts";

export const command = defineCommand({
  args: {
    version: { type: "positional", required: true, description: "the migration's version" },
    different: { type: "boolean", description: "accept it even if it now does something else than what was applied" },
    ...LOCK_ARGS,
  },
  details:
    "For an edit that changes nothing in the database, such as a comment: what the file runs is compared with the text\n" +
    "that was applied, and a difference is shown and refused. The ledger gets the new checksum of the file.",
  examples: ["confiture migrate accept 003", "confiture migrate accept 003 --different"],
  async run(args, context) {
    const version = readVersion("VERSION", args.version) ?? "";
    const { entry, changed } = await acceptEdited(
      await writingOptions(context, args),
      version,
      args.different === true,
    );
    return {
      json: { version: entry.version, name: entry.name, changed },
      text: changed
        ? `✅ Migration ${migrationId(entry)} is accepted as it is now\n`
        : `Nothing to accept: migration ${migrationId(entry)} is recorded as its file is now\n`,
    };
  },
});
