import { diff, type FactBase, type StableId } from "@supabase/pg-delta/core";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Ledger } from "#migrate/ledger.ts";
import type { MigrationFile } from "#migrate/migration-file.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { withScratch } from "../scratch/scratch.ts";
import { readInUse } from "../sources/sources.ts";
import { containedInSchema } from "./contained.ts";
import { containedInDatabase } from "./in-database.ts";
import { type ContainedOptions, loadOpen, replay } from "./replayed.ts";

/**
 * The migrations that the schema files hold and a database lacks, where a build cannot bring it up to date: they change
 * tables that are there, which CREATE TABLE IF NOT EXISTS leaves as they are. The database is only read. None where
 * nobody can tell.
 * @param beside scratch databases for a comparison with the database in use
 */
export async function behindSchema(
  options: ContainedOptions,
  beside: ContainedOptions,
  database: Database,
  ledger: Ledger,
): Promise<readonly MigrationFile[]> {
  const { pending } = await containedInDatabase(beside, database, ledger);
  if (pending.length === 0) return [];
  const { contained } = await containedInSchema(options);
  const lacking = contained.filter(({ path }) => pending.some((file) => file.path === path));
  if (lacking.length === 0) return [];
  const live = await readInUse(database, options.table);
  const { all, open } = await loadOpen(options);
  const until = (index: number): number => open.findIndex(({ file }) => file.path === lacking.at(index)?.path);
  const first = until(0);
  try {
    const replayed = await withScratch(options, (scratch) => replay(options, scratch, { all, open, from: first - 1 }));
    const from = first === 0 ? replayed?.before : replayed?.after[first - 1];
    const to = replayed?.after[until(-1)];
    if (from === undefined || to === undefined) return [];
    return changesTableOf(from.catalogue, to.catalogue, live.facts) ? lacking : [];
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code === "interrupted" || error.code === "internal") throw error;
    return [];
  }
}

/** Whether a change is one of a table, or of a column or constraint in one, that a database has. Pure. */
function changesTableOf(from: Catalogue, to: Catalogue, live: FactBase): boolean {
  const has = (id: StableId): boolean => {
    if (id.kind === "table") return live.has(id);
    return (
      (id.kind === "column" || id.kind === "constraint") &&
      live.has({ kind: "table", schema: id.schema, name: id.table })
    );
  };
  return diff(from.facts, to.facts).some((delta) => {
    if (delta.verb === "add") return delta.fact.id.kind !== "table" && has(delta.fact.id);
    if (delta.verb === "remove") return has(delta.fact.id);
    return delta.verb === "set" && has(delta.id);
  });
}
