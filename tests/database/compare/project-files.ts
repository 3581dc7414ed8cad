import type { ProjectFiles } from "#compare/sources/sources.ts";

/** The defaults of a project, with scratch databases in the embedded engine. */
export function filesOf(projectDir: string): ProjectFiles {
  return {
    projectDir,
    includeDirs: [{ path: "db/schema", recursive: true, include: ["**/*.sql"], exclude: [] }],
    excludeDirs: [],
    resetBetweenFiles: false,
    migrationsDir: "db/migrations",
    table: "confiture_migrations",
    scratch: { engine: "embedded" },
    toolVersion: "test",
  };
}
