import { ConfitureError } from "#errors/error.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { type Shown, showMigration } from "#migrate/show.ts";
import { readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { migrateOptions } from "../../migrate-options.ts";
import { inLine } from "../../output/visible.ts";

export const command = defineCommand({
  args: {
    version: { type: "positional", required: true, description: "the migration's version" },
    down: { type: "boolean", description: "only its way back" },
  },
  details:
    "Of an applied migration, the text that ran, which the ledger keeps; of a pending one, its file. Reads only, and takes\n" +
    "no lock.",
  examples: [
    "confiture migrate show 003",
    "confiture migrate show 003 --down",
    "confiture migrate show 003 -e production",
  ],
  async run(args, context) {
    const shown = await showMigration(await migrateOptions(context), readVersion("VERSION", args.version) ?? "");
    const { entry, from, path, source, sourceDown } = shown;
    if (shown.isAltered) {
      context.messages.warn(
        `the text in the ledger does not fit the checksum beside it: it is not what was applied, or the checksum was changed`,
      );
    }
    if (entry.standing === "edited") {
      context.messages.warn(
        `${inLine(entry.file?.path ?? "")} was edited since; \`confiture migrate status -v\` shows the difference`,
      );
    }
    const wayBack = args.down === true ? shown.wayBack() : undefined;
    if (args.down === true && wayBack === undefined) {
      throw new ConfitureError("migration_irreversible", `Migration ${migrationId(entry)} has no way back`);
    }
    return {
      json: {
        version: entry.version,
        name: entry.name,
        state: entry.standing,
        from,
        file: path,
        checksum: entry.row?.checksum ?? null,
        source,
        sourceDown: wayBack ?? sourceDown,
      },
      script: wayBack ?? wholeText(shown),
    };
  },
});

/** A pair of files as the one file that says the same. */
function wholeText({ source, sourceDown }: Shown): string {
  const ended = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
  if (sourceDown === null) return ended(source);
  return `-- migrate:up\n${ended(source)}\n-- migrate:down\n${ended(sourceDown)}`;
}
