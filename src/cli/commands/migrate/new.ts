import { createMigration } from "#migrate/create.ts";
import { ConfitureError } from "#errors/error.ts";
import { defineCommand } from "../../command.ts";

export const command = defineCommand({
  args: {
    name: { type: "positional", required: true, description: "what it does, for example add_user_bio" },
    ts: { type: "boolean", description: "a TypeScript class instead of SQL" },
    timestamp: { type: "boolean", description: "a timestamp for a version, whatever the folder uses" },
  },
  details: "The version follows what the folder uses: the next number, or a timestamp (UTC).",
  examples: ["confiture migrate new add_user_bio", "confiture migrate new add_user_bio --ts"],
  async run(args, context) {
    const { migrations } = await context.config();
    if (args.name === "") throw new ConfitureError("usage", "The migration needs a name");
    const { path, version, name } = await createMigration({
      projectDir: context.projectDir,
      dir: migrations.dir,
      layout: migrations.layout,
      name: args.name,
      form: args.ts === true ? "typescript" : "sql",
      timestamp: args.timestamp === true,
      now: new Date(),
    });
    context.messages.log(
      `Write the change ${args.ts === true ? "into up() and its way back into down()" : "below `-- migrate:up` and its way back below `-- migrate:down`"}, then: confiture migrate up`,
    );
    return { json: { version, name, file: path }, text: `✅ Created ${path}\n` };
  },
});
