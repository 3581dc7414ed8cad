import { ConfitureError } from "#errors/error.ts";
import { withTemporaryFolder } from "#files/temporary.ts";
import { discoverMigrations } from "#migrate/discover.ts";
import { loadMigration } from "#migrate/load.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import type { PlanOptions } from "./options.ts";
import { withScratch } from "../scratch/scratch.ts";
import { startRun } from "../scratch/scratch-run.ts";
import { prepareSource } from "../sources/sources.ts";

/** Runs the files as the runner will, on a fresh copy of `from`: up to the schema, and back. */
export async function prove(options: PlanOptions, texts: readonly string[], to: Catalogue): Promise<void> {
  await withTemporaryFolder(async ({ dir, write }) => {
    for (const [index, text] of texts.entries()) write(`m/${index + 1}_proof.sql`, text);
    const files = discoverMigrations(dir, "m", "confiture").migrations;
    const loaded = await Promise.all(files.map((file) => loadMigration(dir, file)));
    await withScratch(options, async (database) => {
      await prepareSource(database, options, options.from);
      await database.execute("drop table if exists public.confiture_migrations");
      const run = await startRun(database, options);
      const befores: Catalogue[] = [];
      for (const migration of loaded) {
        befores.push(await run.read());
        await step(migration, "up");
      }
      const changes = compareCatalogues(await run.read(), to);
      requireNothing("The generated migration was tried and does not produce the schema files", changes);
      if (options.noDown) return;
      for (const migration of loaded.toReversed()) {
        await step(migration, "down");
        const rest = compareCatalogues(await run.read(), befores.pop()!);
        requireNothing("The generated way back was tried and does not restore what was there before", rest);
      }

      async function step(migration: (typeof loaded)[number], direction: "up" | "down"): Promise<void> {
        const error = await run.step(migration, direction);
        if (error !== undefined) {
          throw error.with({ code: "generate_refused", message: `The generated migration fails: ${error.message}` });
        }
      }
    });
  });
}

/** @throws ConfitureError `generate_refused` when something differs that plans hold SQL for */
export function requireNothing(what: string, changes: readonly Change[]): void {
  const planned = changes.filter((change) => change.planned);
  if (planned.length > 0) throw unproven(what, planned);
}

export function unproven(what: string, changes: readonly Change[]): ConfitureError {
  const list = changes.map(({ change, kind, name }) => `  ${change} ${kind} ${name}`).join("\n");
  return new ConfitureError("generate_refused", `${what}. What remains different:\n${list}`, {
    hint: "Nothing was written. Write this migration by hand: confiture migrate new",
  });
}
