import { ConfitureError } from "#errors/error.ts";
import type { CommandContext } from "./command.ts";

/** What a command says that needs schema files, in a project that has migrations alone. */
export async function explainNoSchemaFiles<E>(error: E, context: CommandContext): Promise<E | ConfitureError> {
  if (!(error instanceof ConfitureError) || error.code !== "schema_no_files") return error;
  // Those of a commit are none of the project's as it is now.
  if (error.data?.["revision"] !== undefined) return error;
  const { discoverMigrations } = await import("#migrate/files/discover.ts");
  const { migrations: folder } = await context.config("files");
  const { migrations, base } = discoverMigrations(context.projectDir, folder.dir, folder.layout);
  if (migrations.length === 0 && base === undefined) return error;
  return error.with({
    hint: `A project with migrations alone needs none: \`confiture migrate up\` makes its database, and \`confiture drift\` compares one with them. For schema files beside them, \`confiture export\` writes them from that.\n${error.hint ?? ""}`,
  });
}
