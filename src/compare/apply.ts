import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { runStatements } from "#database/run-script.ts";
import { parseScript, type Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { exclusively, type MigrateOptions } from "#migrate/exclusive.ts";
import { runOptionsOf } from "#migrate/run/session.ts";
import { prepareSession, type RunOptions } from "#migrate/run/session.ts";
import { loadParser } from "#sql/parser.ts";
import type { Catalogue } from "./catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "./catalogue/changes.ts";
import { type Generated, generateMigrations } from "./generate/generate.ts";
import { renderScript } from "./generate/migration-file.ts";
import type { PlanOptions } from "./generate/options.ts";
import { compareOnTerms } from "./sources/comparison.ts";
import { type ProjectFiles, readInUse, type Source, sourceCatalogue } from "./sources/sources.ts";
import { type Contents, contentsOf, requireUnchanged } from "./sources/unchanged.ts";

/** How a database in use comes to hold what the schema files make, proven in scratch databases and not run yet. */
export interface ApplyPlan extends Generated {
  /** What the plan begins from. */
  readonly there: Catalogue;
  /** Its statements as SQL, one text for each transaction. */
  readonly parts: readonly Part[];
  /** The schema files that it was made for. */
  readonly schema: Contents;
}

interface Part {
  readonly sql: string;
  /** Whether all of it is one transaction, or each statement one of its own. */
  readonly transactional: boolean;
}

type Live = Source & { readonly kind: "live" };

/**
 * Plans the way of a database from what it holds to the schema files, and proves it. The database is only read.
 * @throws ConfitureError as `generateMigrations`
 */
export async function planApply(options: PlanOptions & { readonly from: Live }): Promise<ApplyPlan> {
  const schema = contentsOf(options, ["schema"]);
  options.onStep?.("Reading the database");
  const there = await sourceCatalogue(options, options.from);
  const from: Source = { kind: "catalogue", catalogue: there, name: options.from.name };
  const generated = await generateMigrations({ ...options, from, keepsGrants: true });
  const parser = await loadParser();
  const parts = generated.migrations.map(({ up, transactional }) => ({
    sql: renderScript([{ statements: up, transactional }], parser),
    transactional,
  }));
  return { ...generated, there, parts, schema };
}

/**
 * Runs a plan under the runner's lock, if schema files and database still are what it was made for.
 * @throws ConfitureError `apply_refused` with `data.isStale` when one of them was changed meanwhile, and what PostgreSQL
 * reports, with what is done by then
 */
export async function runApply(
  options: MigrateOptions,
  files: ProjectFiles,
  { there, parts, schema }: ApplyPlan,
): Promise<void> {
  await exclusively(options, async (database, ledger) => {
    requireUnchanged(files, schema, { code: "apply_refused", undone: "Nothing was done" });
    const changes = compareCatalogues(there, await readInUse(database, options.table));
    if (changes.length > 0) throw changedMeanwhile(changes);
    const run = runOptionsOf(options, ledger);
    for (const [index, part] of parts.entries()) {
      const of = parts.length === 1 ? "the plan" : `part ${index + 1} of the plan`;
      try {
        if (options.signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted");
        await runPart(database, parseScript({ file: of, text: part.sql }), part.transactional, run);
      } catch (error) {
        throw explain(error, options, { index, of, isWhole: part.transactional });
      }
    }
  });
}

async function runPart(database: Database, script: Script, transactional: boolean, run: RunOptions): Promise<void> {
  if (!transactional) {
    await prepareSession(database, run);
    for (const statement of script.statements) await runStatements(database, script, [statement]);
    return;
  }
  await prepareSession(database, run, { opening: "begin" });
  try {
    await runStatements(database, script);
    if (run.signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted");
  } catch (error) {
    await rollback(database);
    throw error;
  }
  await database.execute("commit");
}

function changedMeanwhile(changes: readonly Change[]): ConfitureError {
  const list = changes.map(({ change, kind, name }) => `\n  ${change} ${kind} ${name}`).join("");
  return new ConfitureError("apply_refused", `The database was changed since the plan was made:${list}`, {
    hint: "Nothing was done. Run the command again: it plans anew.",
    data: { isStale: true },
  });
}

interface Failed {
  readonly index: number;
  readonly of: string;
  /** Whether nothing of the part is left. */
  readonly isWhole: boolean;
}

/** What a failure leaves in the database. */
function explain(error: unknown, { signal }: MigrateOptions, { index, of, isWhole }: Failed): unknown {
  if (!(error instanceof ConfitureError)) return error;
  const before = index === 0 ? "" : ` ${index === 1 ? "Part 1 is" : `Parts 1 to ${index} are`} applied.`;
  const again = `${isOfRows(error) ? "Put the rows right, or write the schema so that they fit it (a new column gets a DEFAULT); then " : ""}\`confiture apply\` compares anew and goes on from what is there.`;
  if (error.code === "connection_lost") {
    const fate = isWhole ? `Whether ${of} was committed` : `How far ${of} came`;
    return error.with({ hint: `${fate} is not known.${before} ${again}` });
  }
  const own = isWhole ? `${capital(of)} was rolled back` : `What came before this statement in ${of} is done`;
  const isStopped = error.code === "interrupted" || (signal?.aborted === true && error.server?.sqlstate === "57014");
  if (isStopped) return error.with({ code: "interrupted", message: `Interrupted. ${own}.${before}` });
  const hint = `${own}.${before} ${again}`;
  return error.with({ hint: error.hint === undefined ? hint : `${error.hint}\n${hint}` });
}

/** Whether rows stand in the way: integrity constraints and data exceptions (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
function isOfRows({ server }: ConfitureError): boolean {
  return server !== undefined && /^2[23]/.test(server.sqlstate);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * What still differs between a database and the schema files: after a run, nothing but what no SQL is planned for.
 * Owners, grants to roles that the files do not name and versions of extensions do not count.
 */
export async function leftToApply(files: ProjectFiles, from: Live): Promise<readonly Change[]> {
  const [is, to] = [await sourceCatalogue(files, from), await sourceCatalogue(files, { kind: "schema" })];
  return (await compareOnTerms(files, is, to, { owners: false, grants: false, extensionVersions: false })).changes;
}
