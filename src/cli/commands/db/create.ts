import { createDatabase } from "#database/administer.ts";
import { defineCommand } from "../../command.ts";
import { databaseName, openOptions, tellDatabase } from "../../database-options.ts";

export const command = defineCommand({
  args: {},
  examples: ["confiture db create", "confiture db create --env ci --wait 30s"],
  async run(_args, context) {
    const config = await context.config();
    const { target } = config;
    tellDatabase(context, config);
    const created = await createDatabase(target, openOptions(context));
    const name = databaseName(target);
    if (!created) context.messages.log(`The database ${name} exists already`);
    return { json: { database: name, created }, text: created ? `✅ Created database ${name}\n` : "" };
  },
});
