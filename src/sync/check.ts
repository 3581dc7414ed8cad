import { reportedName } from "#sql/quote.ts";
import type { Database } from "#database/database.ts";
import { isPartOf, requireTable } from "./only-tables.ts";
import type { SyncFinding } from "./finding.ts";
import type { SyncPlan } from "./plan.ts";
import type { SourceCatalogue } from "./source/catalogue.ts";
import { planSync, planTable } from "./plan-sync.ts";
import { Names, shownTable } from "./rules/names.ts";
import { atOneMoment } from "./rules/one-moment.ts";
import type { Rules } from "./rules/rules.ts";
import { readSource } from "./source/read.ts";
import { comparedFirst, tryPlan } from "./trials.ts";

/** What the rules come to: a plan that PostgreSQL takes, or what is wrong with them. */
export type Checked =
  | { readonly kind: "plan"; readonly plan: SyncPlan }
  | { readonly kind: "findings"; readonly findings: readonly SyncFinding[] };

/** The same, with how many tables there are: a partitioned one counts once. */
export type Counted = Checked & { readonly tables: number };

/**
 * Lays rules beside the tables of a database, and tries everything in them that PostgreSQL has to understand.
 * @param ledgers tables of the tool's own, which no rule speaks of
 * @param key as for `planSync`
 * @throws ConfitureError `sync_source_failed`
 */
export async function checkRules(
  database: Database,
  ledgers: readonly { readonly schema: string; readonly table: string }[],
  rules: Rules,
  key: Uint8Array | undefined,
): Promise<Counted> {
  return await checkCatalogue(database, await readSource(database, ledgers), rules, key);
}

/**
 * The same where the tables were read already.
 * @throws ConfitureError `sync_source_failed`
 */
export async function checkCatalogue(
  database: Database,
  catalogue: SourceCatalogue,
  rules: Rules,
  key: Uint8Array | undefined,
): Promise<Counted> {
  const planned = await planSync(catalogue, await atOneMoment(database, rules), key);
  const tables = catalogue.tables.filter(({ partitionOf }) => partitionOf === null).length;
  if (planned.kind === "findings") {
    return { kind: "findings", findings: await comparedFirst(database, planned), tables };
  }
  const findings = await tryPlan(database, planned);
  return findings.length === 0 ? { kind: "plan", plan: planned.plan, tables } : { kind: "findings", findings, tables };
}

/**
 * The same for one table: faults of other rules do not matter, unless its values or the choice of its rows depend on them.
 * @param written the table, or a partition, as rules name one
 * @returns with the table's name as it is shown, and a plan of nothing but its rows
 * @throws ConfitureError `usage` for a name that no table has; `sync_source_failed`
 */
export async function checkTableRules(
  database: Database,
  ledgers: readonly { readonly schema: string; readonly table: string }[],
  rules: Rules,
  key: Uint8Array | undefined,
  written: string,
): Promise<Checked & { readonly table: string }> {
  const catalogue = await readSource(database, ledgers);
  const table = requireTable(new Names(catalogue), written);
  const root = catalogue.tables.find(
    (one) => one.partitionOf === null && isPartOf(catalogue, (parent) => parent === one)(table),
  )!;
  const isShown = isPartOf(catalogue, (parent) => parent === table);
  const shown = new Set(catalogue.tables.filter(isShown).map(shownTable));
  const planned = await planTable(catalogue, await atOneMoment(database, rules), key, root);
  const about = { table: reportedName(table.schema, table.name) };
  if (planned.kind === "findings") return { kind: "findings", findings: planned.findings, ...about };
  const plan = { ...planned.plan, tables: planned.plan.tables.filter((one) => shown.has(shownTable(one))) };
  const findings = await tryPlan(database, { ...planned, plan });
  return findings.length === 0 ? { kind: "plan", plan, ...about } : { kind: "findings", findings, ...about };
}
