import { type CreatedMigration, createMigration } from "#migrate/create.ts";
import { ConfitureError } from "#errors/error.ts";
import { defineCommand } from "../../command.ts";
import { inLine } from "../../output/visible.ts";

export const command = defineCommand({
  args: {
    name: { type: "positional", required: true, description: "what it does, for example add_user_bio" },
    ts: { type: "boolean", description: "a TypeScript class instead of SQL" },
    timestamp: { type: "boolean", description: "a timestamp for a version, whatever the folder uses" },
  },
  details:
    "The file looks like the newest one in the folder, also in those of other tools: one file with sections, or one for\n" +
    "each way. The version follows as well: the next number, or a timestamp (UTC).",
  examples: ["confiture migrate new add_user_bio", "confiture migrate new add_user_bio --ts"],
  async run(args, context) {
    const { migrations } = await context.config("files");
    if (args.name === "") throw new ConfitureError("usage", "The migration needs a name");
    const created = await createMigration({
      projectDir: context.projectDir,
      dir: migrations.dir,
      layout: migrations.layout,
      name: args.name,
      form: args.ts === true ? "typescript" : "sql",
      timestamp: args.timestamp === true,
      now: new Date(),
    });
    const { version, name, path, files } = created;
    if (/[^\p{L}\p{N}\s_-]/u.test(args.name)) {
      context.messages.log(`"${inLine(args.name)}" became ${name}: the name of a migration is letters, digits and _`);
    }
    return {
      json: { version, name, file: path, files },
      text: files.map((file) => `✅ Created ${file}\n`).join(""),
      next: `${whatToWrite(created)}, then: confiture migrate up`,
    };
  },
});

function whatToWrite({ form, path, downPath, marks }: CreatedMigration): string {
  if (form === "typescript") return "Write the change into up() and its way back into down()";
  if (downPath !== undefined) return `Write the change into ${path} and its way back into ${downPath}`;
  if (marks === undefined) return `Write the change into ${path}`;
  return `Write the change ${marks.up === undefined ? "at the top" : `below \`${marks.up}\``} and its way back below \`${marks.down}\``;
}
