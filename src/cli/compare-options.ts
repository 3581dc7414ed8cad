import type { ProjectFiles } from "#compare/sources.ts";
import type { CommandContext } from "./command.ts";
import { VERSION } from "./version.ts";

/** Where the project's files are, for commands that build them in scratch databases. */
export async function projectFiles(context: CommandContext): Promise<ProjectFiles> {
  const config = await context.config();
  return {
    projectDir: context.projectDir,
    includeDirs: config.includeDirs,
    excludeDirs: config.excludeDirs,
    resetBetweenFiles: config.build.resetBetweenFiles,
    migrationsDir: config.migrations.dir,
    toolVersion: VERSION,
    signal: context.io.signal,
  };
}
