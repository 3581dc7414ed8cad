import { migrationId } from "#migrate/files/migration-file.ts";
import { acceptEdited } from "#migrate/record.ts";
import { readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { projectFiles, REPLAY_ARGS } from "../../compare-options.ts";
import { LOCK_ARGS, writingOptions } from "../../migrate-options.ts";
import { renderEdit } from "../../output/status.ts";
import { PROTECTED_ARGS, requirePermission } from "../../protected.ts";

const WAYS = { up: "Statements", down: "Statements of the way back" } as const;

export const command = defineCommand({
  args: {
    version: { type: "positional", required: true, description: "the migration's version" },
    different: { type: "boolean", description: "accept it even if it now does something else than what was applied" },
    ...REPLAY_ARGS,
    ...LOCK_ARGS,
    ...PROTECTED_ARGS,
  },
  details:
    "For an edit that changes nothing in the database, such as a comment: the edit is shown, and what the file runs is\n" +
    "compared with the text that was applied. If only statements differ that touch no rows, both texts run in the embedded\n" +
    "PostgreSQL and have to do the same, also to the order of columns. A way back that differs has to lead back to the same\n" +
    "schema. Any other difference is refused. The ledger gets the new checksum of the file.",
  examples: ["confiture migrate accept 003", "confiture migrate accept 003 --different"],
  async run(args, context) {
    const version = readVersion("VERSION", args.version) ?? "";
    if (args.different === true) await requirePermission(context, args, "accept what has not run there");
    const { entry, changed, proven } = await acceptEdited(await writingOptions(context, args), version, {
      different: args.different === true,
      onEdit: (edit) => context.messages.log(renderEdit(edit).trimEnd()),
      prove: async (applied, now, way) => {
        const { differingEffects } = await import("#compare/same-effect.ts");
        context.messages.log(`${WAYS[way]} differ: running both texts in a scratch database`);
        return await differingEffects(await projectFiles(context, args), applied, now, way);
      },
    });
    const how = [
      ...(proven.includes("up") ? [", proven to do the same to the schema"] : []),
      ...(proven.includes("down") ? [", with another way back, proven to lead back to the same schema"] : []),
    ].join("");
    return {
      json: { version: entry.version, name: entry.name, changed, proven: proven.length > 0 },
      text: changed
        ? `✅ Migration ${migrationId(entry)} is accepted as it is now${how}\n`
        : `Nothing to accept: migration ${migrationId(entry)} is recorded as its file is now\n`,
    };
  },
});
