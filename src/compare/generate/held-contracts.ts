import type { Database } from "#database/database.ts";
import { resolveTable } from "#migrate/fill/prepare.ts";
import { tableTriggers } from "#migrate/fill/table-triggers.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { rowColumns } from "#sql/row-columns.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { compareCatalogues } from "../catalogue/changes.ts";
import type { ScratchRun } from "../runs/scratch-run.ts";
import { contractsAmong, type HeldOrder } from "../sources/held-order.ts";
import { projectMigrations, runMigrations } from "../sources/sources.ts";
import type { PlanOptions } from "./options.ts";
import { withMigrations } from "./proof.ts";
import type { SyncedColumns } from "./synced-columns.ts";

/**
 * A contract may wait for weeks, and what is generated meanwhile runs before it. Runs all of it in that order, too.
 * @param synced columns that a change in steps keeps in step
 * @returns contracts of the folder that what was generated has to come behind, since the result would be another one otherwise
 */
export async function contractsBefore(
  options: PlanOptions,
  texts: readonly string[],
  to: Catalogue,
  synced: readonly SyncedColumns[] = [],
): Promise<readonly MigrationFile[]> {
  if (options.from.kind !== "migrations") return [];
  const { all: contracts, orderWith } = contractsAmong(options.projectDir, projectMigrations(options));
  const isRightWithout = async (waiting: readonly MigrationFile[]): Promise<boolean> =>
    await isSameBehind(options, texts, to, synced, orderWith(waiting));
  if (contracts.length === 0 || (await isRightWithout(contracts))) return [];
  const needed: MigrationFile[] = [];
  for (const contract of contracts) if (!(await isRightWithout([contract]))) needed.push(contract);
  return needed.length === 0 ? contracts : needed;
}

/** Whether what was generated gives the same when these run behind it. */
async function isSameBehind(
  options: PlanOptions,
  texts: readonly string[],
  to: Catalogue,
  synced: readonly SyncedColumns[],
  { first, last }: HeldOrder,
): Promise<boolean> {
  return await withMigrations(
    options,
    texts,
    async (database) => await runMigrations(database, options, ({ path }) => first.some((one) => one.path === path)),
    async (database, run, migrations) => {
      for (const columns of synced) if (await meetsTrigger(database, columns, to)) return false;
      for (const migration of migrations) if ((await run.step(migration, "up")) !== undefined) return false;
      return (await appliesAll(options, run, last, migrations.length)) && isSame(await run.read(), to);
    },
  );
}

/**
 * Whether a trigger that one of the contracts drops is about the same columns. Which of two such triggers is the last follows from
 * their names, and the first does not see what the last writes.
 */
async function meetsTrigger(database: Database, columns: SyncedColumns, to: Catalogue): Promise<boolean> {
  const { schema, table, old, fresh, forward, backward } = columns;
  const own = [
    ...[...old, ...fresh].map(({ name }) => name),
    ...[...forward, ...backward].flatMap(({ columns: read }) => read),
  ];
  const oid = await resolveTable(database, { schema, name: table });
  const triggers = oid === undefined ? [] : await tableTriggers(database, oid);
  return triggers.some(({ name, source }) => {
    if (to.facts.has({ kind: "trigger", schema, table, name })) return false;
    const theirs = rowColumns(source ?? "NEW");
    return theirs === undefined || own.some((column) => theirs.has(column));
  });
}

/** @param taken how many versions are in use, from 1 on */
async function appliesAll(
  options: PlanOptions,
  run: ScratchRun,
  files: readonly MigrationFile[],
  taken: number,
): Promise<boolean> {
  for (const [index, file] of files.entries()) {
    const migration = await loadWithinLimit(options, file);
    const own = { ...migration, file: { ...file, version: String(taken + index + 1) } };
    if ((await run.step(own, "up")) !== undefined) return false;
  }
  return true;
}

function isSame(one: Catalogue, other: Catalogue): boolean {
  return !compareCatalogues(one, other).some(({ planned }) => planned);
}
