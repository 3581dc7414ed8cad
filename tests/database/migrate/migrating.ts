import { ConfitureError } from "#errors/error.ts";
import type { MigrateEvent } from "#migrate/events.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import { down, redo, up, type UpOptions } from "#migrate/migrator.ts";
import { type RunReport } from "#migrate/run/report.ts";
import type { PlanDownOptions } from "#migrate/plan.ts";
import { status } from "#migrate/status.ts";
import type { TestDatabase, TestEngine } from "../../support/engines.ts";
import { type TemporaryProject, temporaryProject } from "../../support/project.ts";

export type Options = Partial<MigrateOptions>;

/** A database, a project with migrations, and short ways to run them. */
export interface Migrating extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly project: TemporaryProject;
  readonly options: MigrateOptions;
  readonly events: MigrateEvent[];
  /** Writes a file into db/migrations. */
  write(name: string, content: string | Uint8Array): Promise<void>;
  up(plan?: UpOptions, options?: Options): Promise<Outcome>;
  down(plan?: PlanDownOptions, options?: Options): Promise<Outcome>;
  redo(steps?: number, options?: Options): Promise<Outcome>;
  /** "001 applied", one for each entry. */
  standings(): Promise<string[]>;
  /** Versions in the ledger, in the order they were applied. */
  recorded(): Promise<string[]>;
  /** Whether the relation exists, by a name as in SQL. */
  has(relation: string): Promise<boolean>;
  query<Row extends object = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

/** What a run came to, whether it failed before or after its first migration. */
export interface Outcome {
  /** "001 done", one for each migration; empty when it was refused before. */
  readonly results: readonly string[];
  readonly error: ConfitureError | undefined;
  /** Nothing was begun: the failure was thrown, not reported. */
  readonly refused: boolean;
}

export async function outcomeOf(run: Promise<RunReport>): Promise<Outcome> {
  try {
    const { results, error } = await run;
    return { results: results.map((result) => `${result.migration.version} ${result.outcome}`), error, refused: false };
  } catch (error) {
    if (!(error instanceof ConfitureError)) throw error;
    return { results: [], error, refused: true };
  }
}

/** @param files by name inside db/migrations; a name with a slash is a path inside the project */
export async function migrating(
  engine: TestEngine,
  files: Readonly<Record<string, string | Uint8Array>>,
  changes: Options = {},
): Promise<Migrating> {
  const database = await engine.fresh();
  const project = await temporaryProject(
    Object.fromEntries(
      Object.entries(files).map(([name, content]) => [name.includes("/") ? name : `db/migrations/${name}`, content]),
    ),
  );
  const events: MigrateEvent[] = [];
  const options: MigrateOptions = {
    target: database.target,
    projectDir: project.dir,
    dir: "db/migrations",
    table: "confiture_migrations",
    lockWait: 10_000,
    lockTimeout: 5000,
    statementTimeout: 0,
    toolVersion: "9.8.7",
    onEvent: (event) => events.push(event),
    ...changes,
  };
  return {
    database,
    project,
    options,
    events,
    write: (name, content) => project.write(`db/migrations/${name}`, content),
    up: (plan = {}, more = {}) => outcomeOf(up({ ...options, ...more }, plan)),
    down: (plan = {}, more = {}) => outcomeOf(down({ ...options, ...more }, plan)),
    redo: (steps = 1, more = {}) => outcomeOf(redo({ ...options, ...more }, steps)),
    standings: async () => (await status(options)).history.map((entry) => `${entry.version} ${entry.standing}`),
    recorded: async () =>
      (await database.query<{ version: string }>(`SELECT version FROM ${options.table} ORDER BY applied_at, ctid`)).map(
        ({ version }) => version,
      ),
    has: async (relation) => {
      const [row] = await database.query<{ found: boolean }>("SELECT to_regclass($1) IS NOT NULL AS found", [relation]);
      return row?.found === true;
    },
    query: (sql, parameters) => database.query(sql, parameters),
    async [Symbol.asyncDispose]() {
      await database.drop();
      await project.remove();
    },
  };
}
