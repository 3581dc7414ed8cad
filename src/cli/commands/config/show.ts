import { describeConfig } from "#config/describe.ts";
import { defineCommand } from "../../command.ts";

export const command = defineCommand({
  args: {},
  details: "Passwords are never shown.",
  examples: ["confiture config show", "confiture config show --env production"],
  async run(_args, context) {
    const config = await context.config();
    const rows = describeConfig(config);
    const width = Math.max(...rows.map(({ key }) => key.length));
    const valueWidth = Math.max(...rows.map(({ value }) => value.length));
    return {
      json: { environment: config.environment, file: config.file, settings: rows },
      text: rows
        .map(({ key, value, origin }) => `${key.padEnd(width)}  ${value.padEnd(valueWidth)}  ${origin}\n`)
        .join(""),
    };
  },
});
