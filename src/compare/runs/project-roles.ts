import { join } from "node:path";
import { type CollectOptions, listSchemaFiles } from "#build/collect.ts";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { rolesTakenForGranted } from "#sql/named-roles.ts";
import { loadParser } from "#sql/parser.ts";
import { splitStatements } from "#sql/split.ts";

/** Where a project has its files, as far as that is known. */
export interface RoleFiles extends Partial<CollectOptions> {
  readonly migrationsDir?: string;
  readonly migrationsLayout?: string | undefined;
}

/** Roles that schema files, base and migrations take for granted. */
export async function rolesOfProject(files: RoleFiles): Promise<readonly string[]> {
  const { projectDir } = files;
  if (projectDir === undefined) return [];
  try {
    const statements = sqlFilesOf(files, projectDir).flatMap(
      (path) => splitStatements(readRegularFile(join(projectDir, path), path).toString()).statements,
    );
    return rolesTakenForGranted(statements, await loadParser());
  } catch (error) {
    // They are told beside another error; what is wrong with a file is said when its turn comes.
    if (error instanceof ConfitureError) return [];
    throw error;
  }
}

function sqlFilesOf(
  { includeDirs, excludeDirs = [], migrationsDir, migrationsLayout }: RoleFiles,
  projectDir: string,
): string[] {
  const schema = includeDirs === undefined ? [] : listSchemaFiles({ projectDir, includeDirs, excludeDirs });
  if (migrationsDir === undefined) return schema;
  const { base, migrations } = discoverMigrations(projectDir, migrationsDir, migrationsLayout);
  const paths = [...(base === undefined ? [] : [base]), ...migrations].flatMap(({ path, downPath }) =>
    downPath === undefined ? [path] : [path, downPath],
  );
  return [...schema, ...paths.filter((path) => path.endsWith(".sql"))];
}
