import { diff, type FactBase, type StableId } from "@supabase/pg-delta/core";
import type { Database } from "#database/database.ts";
import type { Ledger } from "#migrate/ledger.ts";
import type { MigrationFile } from "#migrate/migration-file.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { withScratchSeries } from "../scratch/scratch-series.ts";
import { readInUse } from "../sources/sources.ts";
import { containedInDatabase } from "./in-database.ts";
import { containedInSchema } from "./in-schema.ts";
import type { Replay } from "./replayed.ts";

/**
 * The migrations that the schema files hold and a database lacks, where a build cannot bring it up to date: they change
 * tables that are there, which CREATE TABLE IF NOT EXISTS leaves as they are. The database is only read. None where
 * nobody can tell.
 */
export async function behindSchema(
  replay: Replay,
  database: Database,
  ledger: Ledger,
): Promise<readonly MigrationFile[]> {
  const { contained: there, pending } = await containedInDatabase(replay, database, ledger);
  if (pending.length === 0) return [];
  const { contained } = await containedInSchema(replay);
  const lacking = contained.slice(there.length);
  if (lacking.length === 0) return [];
  // Both were looked at to tell what is contained.
  const states = (await withScratchSeries(replay.options, replay.run))?.states;
  const [from, to] = [states?.get(there.length), states?.get(contained.length)];
  if (from === undefined || to === undefined) return [];
  const live = await readInUse(database, replay.options.table);
  return changesTableOf(from.catalogue, to.catalogue, live.facts) ? lacking : [];
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
