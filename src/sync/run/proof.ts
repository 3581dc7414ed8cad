import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { SyncColumn, SyncPlan, SyncTable } from "../plan.ts";
import { Comparison } from "./digests.ts";
import { readingFailed } from "./reading-failed.ts";
import { type Leak, type Scanned, scan, type TableName } from "./scan.ts";

/** What was looked at, and what came of it. No value is ever in it. */
export interface Proof {
  readonly columns: readonly ColumnResult[];
  readonly leaks: readonly Leak[];
  readonly scanned: Scanned;
}

/** What is proven of a transformed column. */
export interface ColumnResult {
  /** "public.users.email"; of a value in a document with its path, "public.users.profile contact.email" */
  readonly column: string;
  readonly transform: string;
  readonly how: "no value in common" | "no row has its own" | "not compared";
  readonly holds: boolean;
  /** Distinct values on the source and in the target, or rows that were compared. */
  readonly originals: number;
  readonly results: number;
  /** Values in common, or rows that kept theirs. */
  readonly same: number;
}

export interface ProofOptions {
  /** Sessions in no transaction. */
  readonly source: Database;
  readonly target: Database;
  readonly plan: SyncPlan;
  /** Ledgers in the target, which hold names of migrations and nothing of any table. */
  readonly ledgers: readonly TableName[];
  readonly onStep: (step: string) => void;
}

/** Proves of a copy that no original of a transformed column is in it. */
export async function prove({ plan, source, target, ledgers, onStep }: ProofOptions): Promise<Proof> {
  // Compiling takes longer than what most of these queries do.
  for (const side of [source, target]) await side.execute("set row_security = off; set jit = off");
  for (const { name, value } of plan.settings)
    await source.query("select pg_catalog.set_config($1, $2, false)", [name, value]);
  const comparison = await Comparison.between([source, target]);
  const results: ColumnResult[] = [];
  const transformed = plan.tables.flatMap((table) =>
    table.mode === "skip"
      ? []
      : table.columns.filter(({ treatment }) => treatment === "transform").map((column) => ({ table, column })),
  );
  for (const { table, column } of transformed) {
    onStep(`Proving ${table.schema}.${table.name}.${column.name}`);
    try {
      results.push(...(await proveColumn(source, comparison, table, column)));
    } catch (error) {
      throw readingFailed(error, `${table.schema}.${table.name}`);
    }
  }
  onStep("Searching the copy for originals");
  try {
    return { columns: results, ...(await scan(comparison, target, plan, ledgers)) };
  } catch (error) {
    throw readingFailed(error);
  }
}

async function proveColumn(
  source: Database,
  comparison: Comparison,
  table: SyncTable,
  column: SyncColumn,
): Promise<ColumnResult[]> {
  const base = { column: `${table.schema}.${table.name}.${column.name}`, transform: column.transform ?? "" };
  const value = `source.${quoteIdentifier(column.name)}`;
  if (column.proof.kind === "disjoint") {
    const each = column.elements === true ? `select e::pg_catalog.text from pg_catalog.unnest(${value}) e` : undefined;
    return [{ ...base, ...(await haveNothingInCommon(comparison, table, each ?? `select ${value}::pg_catalog.text`)) }];
  }
  if (column.proof.kind === "differs" && column.comparison !== undefined) {
    const [row] = await source.query<{ rows: number; same: number }>(column.comparison);
    const { rows, same } = row!;
    // Chance has no memory: three times what is expected, and a few, is still chance.
    const holds = same <= (column.proof.chance === 0 ? 0 : 3 * column.proof.chance * rows + 5);
    return [{ ...base, how: "no row has its own", holds, originals: rows, results: rows, same }];
  }
  const results: ColumnResult[] = [{ ...base, how: "not compared", holds: true, originals: 0, results: 0, same: 0 }];
  for (const { path, transform, proof, values } of column.inside ?? []) {
    if (proof.kind !== "disjoint") continue;
    const result = await haveNothingInCommon(comparison, table, values);
    results.push({ column: `${base.column} ${path}`, transform, ...result });
  }
  return results;
}

/** @param values a query for texts, over `source`, on either side */
async function haveNothingInCommon(
  comparison: Comparison,
  table: SyncTable,
  values: string,
): Promise<Omit<ColumnResult, "column" | "transform">> {
  const { shared, counts } = await comparison.shared((digest) => {
    const query = `select ${digest.of("each.v")} from only ${quoteQualified(table.schema, table.name)} source, lateral (${values}) each (v) where each.v operator(pg_catalog.<>) ''`;
    return [query, query];
  }, 1);
  const [originals, results] = counts;
  return { how: "no value in common", holds: shared.length === 0, originals, results, same: shared.length };
}
