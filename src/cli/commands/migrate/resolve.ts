import { migrationId } from "#migrate/discover.ts";
import { resolveMigration } from "#migrate/record.ts";
import { ConfitureError } from "#errors/error.ts";
import { readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { LOCK_ARGS, migrateOptions } from "../../migrate-options.ts";
import { showMigrateEvents } from "../../output/migrate.ts";

export const command = defineCommand({
  args: {
    version: { type: "positional", required: true, description: "the migration's version" },
    applied: { type: "boolean", description: "all of it is in the database" },
    "rolled-back": { type: "boolean", description: "none of it is in the database: forget it" },
    ...LOCK_ARGS,
  },
  details: "Changes the ledger only. Put the database right first, then say how it stands.",
  examples: ["confiture migrate resolve 012 --applied", "confiture migrate resolve 012 --rolled-back"],
  async run(args, context) {
    if ((args.applied === true) === (args["rolled-back"] === true)) {
      throw new ConfitureError("usage", "Say how the migration stands: either --applied or --rolled-back");
    }
    const as = args.applied === true ? "applied" : "rolled-back";
    const options = await migrateOptions(context, args, showMigrateEvents(context));
    const entry = await resolveMigration(options, readVersion("VERSION", args.version) ?? "", as);
    const text = as === "applied" ? "recorded as applied" : "is no longer recorded";
    return {
      json: { version: entry.version, name: entry.name, resolved: as },
      text: `✅ Migration ${migrationId(entry)} ${text}\n`,
    };
  },
});
