import { defineCommand } from "../command.ts";
import { tellDatabase } from "../database-options.ts";
import {
  EXPORT_ARGS,
  exportFolder,
  exportInto,
  firstFileNext,
  recordBaseline,
  renderExport,
  tellNotBuilt,
} from "../export-schema.ts";
import { LOCK_ARGS } from "../migrate-options.ts";
import { listOfNext } from "../output/text.ts";
import { describeFate } from "../place-files.ts";

export const command = defineCommand({
  args: {
    ...EXPORT_ARGS,
    force: {
      type: "boolean",
      description: "write into a folder that is not empty; each old file is kept as NAME.bak",
    },
    ...LOCK_ARGS,
  },
  details:
    "Writes the schema of a database in use, which is only read, as files that make it: one object per file, in numbered\n" +
    "folders, in an order that follows from their names. Before anything is written, the files are built in a scratch\n" +
    "database and what they make is compared with the database. Data is not exported.",
  examples: ["confiture export --env production", "confiture export --env production --dir db/exported --force"],
  async run(args, context) {
    const folder = exportFolder(context, args);
    const config = await context.config();
    tellDatabase(context, config);
    const written = await exportInto(context, config, folder, args, {
      others: [],
      base: args.baseline === true,
    });
    tellNotBuilt(context, config, folder.dir, written.fates);
    const next = firstFileNext(written);
    const recorded = args.baseline === true ? await recordBaseline(context, config, args) : [];
    return {
      json: { ...written.json, files: [...written.fates, ...written.others], recorded },
      text: renderExport(written) + written.others.map(describeFate).join(""),
      ...(next === undefined ? {} : { next: listOfNext(next) }),
      exitCode: written.exitCode,
    };
  },
});
