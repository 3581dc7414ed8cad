import { scratchSiteBeside } from "#compare/scratch.ts";
import { parseSource, type ProjectFiles, type Source } from "#compare/sources.ts";
import type { Target } from "#database/target.ts";
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
    table: config.migrations.table,
    scratch: { engine: "embedded" },
    toolVersion: VERSION,
    signal: context.io.signal,
  };
}

/**
 * A source as it is named on the command line, which may be a database in use: `env:NAME` or a connection URL.
 * @throws ConfitureError `usage`, `config_*`
 */
export async function readSource(context: CommandContext, name: string): Promise<Source> {
  const other = name.startsWith("env:")
    ? { environment: name.slice(4) }
    : /^postgres(ql)?:/.test(name)
      ? { databaseUrl: name }
      : undefined;
  if (other === undefined) return parseSource(name);
  const { target } = await context.configOf(other);
  return { kind: "live", target };
}

/**
 * Scratch databases beside a database in use, on its own server; the embedded engine when its role may not create
 * any, which the user is told.
 */
export async function beside(context: CommandContext, files: ProjectFiles, target: Target): Promise<ProjectFiles> {
  const scratch = await scratchSiteBeside(target);
  if (scratch !== undefined) return { ...files, scratch };
  context.messages.warn(
    "the role may not create databases, so the embedded PostgreSQL is compared with; definitions that other versions write differently will show as changed (ALTER ROLE ... CREATEDB helps)",
  );
  return files;
}
