import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLEAR_SESSION } from "#build/schema-script.ts";
import { type Catalogue, readCatalogue } from "#compare/catalogue/catalogue.ts";
import { renderMigration, renderScript } from "#compare/generate/migration-file.ts";
import type { MeasuredStatement, Section } from "#compare/generate/section.ts";
import type { Rename } from "#compare/generate/renames.ts";
import { WrittenStatements } from "#compare/sources/written.ts";
import { withMissingRoles } from "#scratch/missing.ts";
import { planSteps, type Step } from "#compare/generate/steps.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { openDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import { loadParser } from "#sql/parser.ts";
import { splitStatements } from "#sql/split.ts";
import emptyDatabase from "../../src/build/empty-database.sql" with { type: "text" };
import emptyPublic from "./empty-public.sql" with { type: "text" };

const parser = await loadParser();

const ROOT = join(import.meta.dir, "..", "golden");

/** Whether the folders are to be written anew instead of compared. */
export const WRITES_GOLDENS = (process.env["CONFITURE_GOLDEN_WRITE"] ?? "") !== "";

/** One edit of a schema, in a folder of tests/golden, and the migration that it has to become. */
export interface Golden extends Ways {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** From meta.json: the oldest PostgreSQL that knows what the folder is about. */
  readonly minimum: number;
  /** From meta.json: the version that the plan is for, where that is known. */
  readonly postgres: number | undefined;
  readonly renames: readonly Rename[];
}

/** Sections of migration files: `up` in the order they run, `down` in theirs. */
export interface Ways {
  readonly up: string;
  readonly down: string;
}

/** Some were asked for, or all with `CONFITURE_GOLDEN=` and nothing: every server proves them. */
export const CHOOSES_GOLDENS = process.env["CONFITURE_GOLDEN"] !== undefined;

/** The folders; `CONFITURE_GOLDEN` chooses those whose names it is a part of. */
export async function readGoldens(): Promise<Golden[]> {
  const wanted = process.env["CONFITURE_GOLDEN"] ?? "";
  const names = (await readdir(ROOT)).filter((name) => name.includes(wanted)).toSorted();
  return await Promise.all(
    names.map(async (name) => {
      const read = (file: string): Promise<string> => readFile(join(ROOT, name, file), "utf8");
      const optional = (file: string, otherwise: string): Promise<string> => read(file).catch(() => otherwise);
      const meta = JSON.parse(await optional("meta.json", "{}")) as {
        minimum?: number;
        postgres?: number;
        renames?: Rename[];
      };
      return {
        name,
        from: await read("from.sql"),
        to: await read("to.sql"),
        up: await optional("up.sql", ""),
        down: await optional("down.sql", ""),
        minimum: meta.minimum ?? 14,
        postgres: meta.postgres,
        renames: meta.renames ?? [],
      };
    }),
  );
}

export async function writeGolden({ name }: Golden, { up, down }: Ways): Promise<void> {
  await writeFile(join(ROOT, name, "up.sql"), up);
  await writeFile(join(ROOT, name, "down.sql"), down);
}

/** One plan in both of its forms. */
export interface Planned extends Ways {
  /** What `diff --sql` prints. */
  readonly script: string;
}

/** What `migrate generate --allow-drop` would write, planned in a scratch database that is at `from`, and stays so. */
export async function planIn(
  database: Database,
  from: Catalogue,
  to: Catalogue,
  golden: Pick<Golden, "renames"> & Partial<Pick<Golden, "to">>,
): Promise<Planned> {
  const steps = await stepsIn(database, from, to, golden);
  // The way back of each file stands behind its way up.
  const sections = steps.map(({ up, down = EMPTY }) => {
    const file = renderMigration(up, down, "qualified", parser);
    const middle = file.indexOf("\n-- migrate:down");
    return { up: file.slice(0, middle), down: file.slice(middle + 1) };
  });
  return {
    script: renderScript(
      steps.map(({ up }) => up),
      parser,
    ),
    up: sections.map(({ up }) => up).join("\n"),
    down: sections
      .toReversed()
      .map(({ down }) => down)
      .join("\n"),
  };
}

/** The same, with what is known of each statement. */
export async function stepsIn(
  database: Database,
  from: Catalogue,
  to: Catalogue,
  { renames, to: files = "", postgres }: Pick<Golden, "renames"> & Partial<Pick<Golden, "to" | "postgres">>,
): Promise<readonly Step[]> {
  const { steps } = await planSteps(database, from, to, {
    projectDir: "",
    includeDirs: [],
    excludeDirs: [],
    resetBetweenFiles: false,
    migrationsDir: "",
    table: "confiture_migrations",
    toolVersion: "test",
    scratch: { engine: "embedded" },
    from: { kind: "schema" },
    renames,
    written: WrittenStatements.inText(files),
    permit: () => {},
    noDown: false,
    online: false,
    postgres,
  });
  return steps;
}

const EMPTY: Section = { statements: [] as readonly MeasuredStatement[], transactional: true };

/**
 * They belong to no schema and are in the way of the next one that makes them. Those that something in another database
 * needs are left: other tests share the server.
 */
const DROP_ROLES = `
do $$
declare
  made name;
begin
  for made in select rolname from pg_roles where rolname !~ '^pg_' and rolname <> current_user and not rolsuper loop
    begin
      execute format('drop owned by %1$I cascade; drop role %1$I', made);
    exception when dependent_objects_still_exist then null;
    end;
  end loop;
end
$$`;

/** They belong to the database and no schema. */
const DROP_SUBSCRIPTIONS = `
do $$
declare
  made name;
begin
  for made in select subname from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()) loop
    execute format('alter subscription %I disable', made);
    execute format('alter subscription %I set (slot_name = none)', made);
    execute format('drop subscription %I', made);
  end loop;
end
$$`;

/** object_not_in_prerequisite_state, as empty-public.sql has it */
const MORE_THAN_PUBLIC = "55000";

/** A database that is emptied again and again: making one takes longer than most edits. */
export class EmptiedDatabase {
  readonly #target: () => Promise<Target>;
  #database: Database | undefined;

  constructor(target: () => Promise<Target>) {
    this.#target = target;
  }

  async empty(): Promise<Database> {
    this.#database ??= await openDatabase(await this.#target());
    try {
      await this.#database.execute(`reset all; ${DROP_SUBSCRIPTIONS}; ${emptyPublic}; ${DROP_ROLES}`);
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.server?.sqlstate !== MORE_THAN_PUBLIC) throw error;
      await this.#database.execute(`reset all; ${DROP_SUBSCRIPTIONS}; ${emptyDatabase}; ${DROP_ROLES}`);
    }
    return this.#database;
  }

  /** Ends it; the next one that is asked for is a new one. */
  async close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await database?.close();
  }
}

/** Runs a schema file, with the roles it takes for granted, and reads what it made. Its settings end with it. */
export async function build(database: Database, sql: string): Promise<Catalogue> {
  await withMissingRoles(database, () => database.execute(sql));
  await database.execute(CLEAR_SESSION);
  return await readCatalogue(database);
}

/** Runs sections of migrations as the runner does: each in one transaction, or statement by statement. */
export async function migrate(database: Database, sections: string): Promise<Catalogue> {
  for (const section of sections.split(/^(?=-- migrate:)/m)) {
    if (!section.split("\n", 1)[0]!.includes("transaction:false")) {
      await withMissingRoles(database, () => database.execute(section));
      continue;
    }
    await runOneByOne(database, section);
  }
  return await readCatalogue(database);
}

/** Runs a script as psql does: each statement by itself. */
export async function runOneByOne(database: Database, script: string): Promise<Catalogue> {
  for (const { start, end } of splitStatements(script).statements) {
    await withMissingRoles(database, () => database.execute(script.slice(start, end)));
  }
  return await readCatalogue(database);
}
