import { dropDatabase } from "#database/administer.ts";
import { defineCommand } from "../../command.ts";
import { databaseName, openOptions, tellDatabase } from "../../database-options.ts";
import { confirmEmptying, PROTECTED_ARGS, requirePermission } from "../../protected.ts";

export const command = defineCommand({
  args: {
    force: { type: "boolean", description: "disconnect the sessions that are using it" },
    ...PROTECTED_ARGS,
  },
  details: "The data is gone afterwards: at a terminal it asks first.",
  examples: ["confiture db drop", "confiture db drop --env ci --force"],
  async run(args, context) {
    await requirePermission(context, args, "drop its database");
    const config = await context.config();
    const { target } = config;
    tellDatabase(context, config);
    // Which tables have rows is not looked up: there may be no such database.
    await confirmEmptying(context, args, []);
    const dropped = await dropDatabase(target, args.force === true, openOptions(context));
    const name = databaseName(target);
    if (!dropped) context.messages.log(`There is no database ${name}`);
    return { json: { database: name, dropped }, text: dropped ? `✅ Dropped database ${name}\n` : "" };
  },
});
