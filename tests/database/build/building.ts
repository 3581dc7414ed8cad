import { assembleSchema, type BuildOptions, executeSchema, type ExecuteOptions } from "#build/builder.ts";
import { collectSchemaFiles } from "#build/collect.ts";
import type { Database } from "#database/database.ts";
import { openDatabase } from "#database/open.ts";
import type { TestEngine } from "../../support/engines.ts";
import { type TemporaryProject, temporaryProject } from "../../support/project.ts";

/** A database with a session open on it, and a project with schema files. */
export interface Building extends AsyncDisposable {
  readonly project: TemporaryProject;
  readonly database: Database;
  /** What the server has said besides. */
  readonly notices: readonly string[];
  readonly url: string | undefined;
  /** Collects and runs the files. */
  build(options?: Partial<ExecuteOptions>): Promise<void>;
  assemble(options?: Partial<BuildOptions>): string;
  query<Row extends object = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** The relations of a schema, by name. */
  relations(schema?: string): Promise<string[]>;
}

/** @param files by path inside db/schema */
export async function building(
  engine: TestEngine,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<Building> {
  const place = await engine.fresh();
  const project = await temporaryProject(
    Object.fromEntries(Object.entries(files).map(([name, content]) => [`db/schema/${name}`, content])),
  );
  const notices: string[] = [];
  const database = await openDatabase(place.target, { onNotice: ({ message }) => void notices.push(message) });
  const buildOptions = (): BuildOptions => ({
    projectDir: project.dir,
    files: collectSchemaFiles({
      projectDir: project.dir,
      includeDirs: [{ path: "db/schema", recursive: true, include: ["**/*.sql"], exclude: [] }],
      excludeDirs: [],
    }),
    resetBetweenFiles: false,
    transaction: true,
  });
  return {
    project,
    database,
    notices,
    url: place.url,
    build: (options = {}) => executeSchema(database, { ...buildOptions(), fresh: false, ...options }),
    assemble: (options = {}) => [...assembleSchema({ ...buildOptions(), ...options })].join(""),
    query: (sql, parameters) => database.query(sql, parameters),
    relations: async (schema = "public") =>
      (
        await database.query<{ name: string }>(
          'SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace($1)::oid ORDER BY relname COLLATE "C"',
          [schema],
        )
      ).map(({ name }) => name),
    async [Symbol.asyncDispose]() {
      await database.close();
      await place.drop();
      await project.remove();
    },
  };
}
