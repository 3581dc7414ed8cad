import { defineCommand } from "../command.ts";
import { EXPORT_ARGS, exportFolder, exportInto, tellNotBuilt } from "../export-schema.ts";
import { LOCK_ARGS, migrateOptions } from "../migrate-options.ts";
import { count } from "../output/text.ts";
import { describeFate } from "../place-files.ts";

export const command = defineCommand({
  args: {
    ...EXPORT_ARGS,
    force: {
      type: "boolean",
      description: "write into a folder that is not empty; each old file is kept as NAME.bak",
    },
    baseline: {
      type: "boolean",
      description: "record the project's migrations as applied in the database, whose schema holds their changes",
    },
    ...LOCK_ARGS,
  },
  details:
    "Writes the schema of a database in use, which is only read, as files that make it: an object a file, in numbered\n" +
    "folders, in an order that follows from their names. Before anything is written, the files are built in a scratch\n" +
    "database and what they make is compared with the database. Data is not exported.",
  examples: ["confiture export --env production", "confiture export --env production --dir db/exported --force"],
  async run(args, context) {
    const folder = exportFolder(context, args);
    const config = await context.config();
    const { dir, fates, json, exitCode } = await exportInto(context, config, folder, args);
    tellNotBuilt(context, config, dir, fates);
    const recorded = args.baseline === true ? await record() : [];
    const others = fates.filter(({ fate }) => fate === "replaced" || fate === "removed");
    const files = fates.filter(({ fate }) => fate !== "removed").length;
    return {
      json: { ...json, recorded },
      text: [
        ...others.map(describeFate),
        `✅ Exported ${count(files, "file")} to ${dir}; built, they make the same database\n`,
      ].join(""),
      exitCode,
    };

    async function record(): Promise<string[]> {
      const { baseline } = await import("#migrate/record.ts");
      const versions = (await baseline(await migrateOptions(context, args), undefined)).map(({ version }) => version);
      context.messages.log(`Recorded ${count(versions.length, "migration")} as applied`);
      return versions;
    }
  },
});
