import { ConfitureError } from "#errors/error.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import type { CommandContext } from "./command.ts";

/**
 * A command that needs schema files, in a project that has migrations alone.
 * @param builds whether the command would have made a database
 */
export async function explainNoSchemaFiles(error: unknown, context: CommandContext, builds: boolean): Promise<unknown> {
  if (!(error instanceof ConfitureError) || error.code !== "schema_no_files") return error;
  const { migrations: folder } = await context.config("files");
  const { migrations, base } = discoverMigrations(context.projectDir, folder.dir, folder.layout);
  if (migrations.length === 0 && base === undefined) return error;
  const instead = builds
    ? "They make the database: confiture migrate up"
    : "For schema files beside them, bring a database up to date, and write them from it: `confiture migrate up`, then `confiture export`.";
  return error.with({ hint: `A project with migrations alone needs none. ${instead}\n${error.hint ?? ""}` });
}
