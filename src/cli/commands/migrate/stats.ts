import { readSizes } from "#compare/trace/sizes.ts";
import { withDatabase } from "#database/open.ts";
import { isUnmade } from "#migrate/status.ts";
import { ConfitureError } from "#errors/error.ts";
import { defineCommand } from "../../command.ts";
import { databasePlace, openOptions } from "../../database-options.ts";

export const command = defineCommand({
  args: {},
  details:
    "Prints how large the tables and indexes of a database are, as JSON for `migrate plan --stats`, so that a plan knows\n" +
    "sizes without a connection. Reads the catalogue alone: estimates, names and numbers, no rows and no values.",
  examples: ["confiture migrate stats --env production > db/stats.json"],
  async run(_args, context) {
    const { target } = await context.config();
    if (isUnmade(target)) {
      throw new ConfitureError("connect_no_database", `There is no database yet in ${databasePlace(target)}`, {
        hint: "Make it first: confiture build, or confiture migrate up",
      });
    }
    const sizes = await withDatabase(target, openOptions(context), (database) => readSizes(database, new Date()));
    return { json: { ...sizes }, script: `${JSON.stringify(sizes, null, 2)}\n` };
  },
});
