import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { withTemporaryFolder } from "#files/temporary.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import type { Direction } from "#migrate/events.ts";
import { loadMigration } from "#migrate/files/load.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues, listChanges } from "../catalogue/changes.ts";
import type { PlanOptions } from "./options.ts";
import { withScratch } from "#scratch/scratch.ts";
import { type ScratchRun, startRun } from "../runs/scratch-run.ts";
import { prepareSource } from "../sources/sources.ts";

/** Runs the files as the runner will, on a fresh copy of `from`: up to the schema, and back. */
export async function prove(options: PlanOptions, texts: readonly string[], to: Catalogue): Promise<void> {
  await withGenerated(options, texts, async (_, run, migrations) => {
    const befores: Catalogue[] = [];
    for (const migration of migrations) {
      befores.push(await run.read());
      await step(run, migration, "up");
    }
    const changes = compareCatalogues(await run.read(), to);
    requireNothing("The generated migration was tried and does not produce the schema files", changes);
    if (options.noDown) return;
    for (const migration of migrations.toReversed()) {
      await step(run, migration, "down");
      const rest = compareCatalogues(await run.read(), befores.pop()!);
      requireNothing("The generated way back was tried and does not restore what was there before", rest);
    }
  });
}

type Work<T> = (database: Database, run: ScratchRun, migrations: readonly LoadedMigration[]) => Promise<T>;

/** The generated files as the runner reads them, and a fresh copy of `from` to run them on. */
export async function withGenerated<T>(options: PlanOptions, texts: readonly string[], work: Work<T>): Promise<T> {
  return await withMigrations(options, texts, (database) => prepareSource(database, options, options.from), work);
}

/**
 * As `withGenerated`.
 * @param prepare brings a fresh database to where they begin
 */
export async function withMigrations<T>(
  options: PlanOptions,
  texts: readonly string[],
  prepare: (database: Database) => Promise<void>,
  work: Work<T>,
): Promise<T> {
  return await withTemporaryFolder(async ({ dir, write }) => {
    for (const [index, text] of texts.entries()) write(`m/${index + 1}_proof.sql`, text);
    const files = discoverMigrations(dir, "m", "confiture").migrations;
    const migrations = await Promise.all(files.map((file) => loadMigration(dir, file)));
    return await withScratch(options, async (database) => {
      await prepare(database);
      await database.execute("drop table if exists public.confiture_migrations");
      // They have no names that anybody knows: whoever proves them says so.
      return await work(database, await startRun(database, { ...options, onStep: undefined }), migrations);
    });
  });
}

/** Takes away what publishes every table: those of a proof have no key, and PostgreSQL refuses to update such a table then. */
export async function withoutPublicationsOfAll(database: Database): Promise<void> {
  const found = await database.query<{ name: string }>(
    "select pubname::text as name from pg_catalog.pg_publication where puballtables order by 1",
  );
  for (const { name } of found) await database.execute(`drop publication ${quoteIdentifier(name)}`);
}

/** @throws ConfitureError `generate_refused` for one that fails */
export async function step(run: ScratchRun, migration: LoadedMigration, direction: Direction): Promise<void> {
  const error = await run.step(migration, direction);
  if (error !== undefined) {
    throw error.with({ code: "generate_refused", message: `The generated migration fails: ${error.message}` });
  }
}

/** @throws ConfitureError `generate_refused` when something differs that plans hold SQL for */
export function requireNothing(what: string, changes: readonly Change[]): void {
  const planned = changes.filter((change) => change.planned);
  if (planned.length > 0) throw unproven(what, planned);
}

export function unproven(what: string, changes: readonly Change[]): ConfitureError {
  return new ConfitureError("generate_refused", `${what}. What remains different:\n${listChanges(changes)}`, {
    hint: "Nothing was written. Write this migration by hand: confiture migrate new",
  });
}
