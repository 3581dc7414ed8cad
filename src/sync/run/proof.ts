import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { SyncColumn, SyncPlan, SyncTable } from "../plan.ts";
import { Comparison } from "./digests.ts";
import { readingFailed } from "./reading-failed.ts";
import { type Leak, prepareScan, type Scanned, type Search, type TableName } from "./scan.ts";
import { TOKEN_NAMES } from "./tokens.ts";

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
  readonly plan: SyncPlan;
  /** Checks at a time. */
  readonly jobs: number;
  /** Opens sessions, for one check after the other. Those of a server are closed in the end. */
  readonly openSource: () => Promise<Database>;
  readonly openTarget: () => Promise<Database>;
  /** Ledgers in the target, which hold names of migrations and nothing of any table. */
  readonly ledgers: readonly TableName[];
  readonly onStep: (step: string) => void;
}

/** Proves of a copy that no original of a transformed column is in it. */
export async function prove(options: ProofOptions): Promise<Proof> {
  const { plan, onStep } = options;
  const transformed = plan.tables.flatMap((table) =>
    table.mode === "skip"
      ? []
      : table.columns.filter(({ treatment }) => treatment === "transform").map((column) => ({ table, column })),
  );
  if (transformed.length === 0) return { columns: [], leaks: [], scanned: { kinds: [], columns: 0 } };
  const opened: Database[] = [];
  const openProver = async (): Promise<Prover> => {
    const source = await options.openSource();
    opened.push(source);
    const target = await options.openTarget();
    opened.push(target);
    return await proverOf(source, target, plan);
  };
  try {
    const first = await openProver();
    const { scanned, searches } = await readingOf(undefined, () => prepareScan(first.target, plan, options.ledgers));
    const leaks: Leak[][] = [];
    const columns: ColumnResult[][] = [];
    const ofColumn = ({ table, column }: (typeof transformed)[number], index: number): Check => ({
      // The transform is computed once more, for each row.
      isLong: column.proof.kind === "differs",
      run: async ({ comparison, source }) => {
        const name = `${table.schema}.${table.name}`;
        onStep(`Proving ${name}.${column.name}`);
        columns[index] = await readingOf(name, () => proveColumn(source, comparison, table, column));
      },
    });
    const ofSearch = (search: Search, index: number): Check => ({
      // All of the text is read.
      isLong: true,
      run: async ({ comparison, target }) => {
        onStep(`Searching the copy for originals (${TOKEN_NAMES[search.kind]})`);
        leaks[index] = await readingOf(undefined, () => search.run(comparison, target));
      },
    });
    const all = [...transformed.map(ofColumn), ...searches.map(ofSearch)];
    const checks = [...all.filter(({ isLong }) => isLong), ...all.filter(({ isLong }) => !isLong)];
    const provers = [first];
    while (provers.length < Math.min(options.jobs, checks.length)) provers.push(await openProver());
    await runChecks(provers, checks);
    return { columns: columns.flat(), leaks: leaks.flat(), scanned };
  } finally {
    await Promise.all(opened.filter(({ engine }) => engine === "server").map((session) => session.close()));
  }
}

/** A session on each side, in no transaction. */
interface Prover {
  readonly source: Database;
  readonly target: Database;
  readonly comparison: Comparison;
}

interface Check {
  /** Takes so long that others had better not wait for it in the end. */
  readonly isLong: boolean;
  readonly run: (prover: Prover) => Promise<void>;
}

async function proverOf(source: Database, target: Database, plan: SyncPlan): Promise<Prover> {
  // Compiling takes longer than what most of these queries do.
  for (const side of [source, target]) await side.execute("set row_security = off; set jit = off");
  for (const { name, value } of plan.settings)
    await source.query("select pg_catalog.set_config($1, $2, false)", [name, value]);
  return { source, target, comparison: await Comparison.between([source, target]) };
}

/** Each prover takes one check after the other; the first that fails ends the others. */
async function runChecks(provers: readonly Prover[], checks: readonly Check[]): Promise<void> {
  const queue = [...checks];
  const failures: unknown[] = [];
  await Promise.all(
    provers.map(async (prover) => {
      try {
        for (let check = queue.shift(); check !== undefined && failures.length === 0; check = queue.shift())
          await check.run(prover);
      } catch (error) {
        failures.push(error);
        // Nobody waits for what the rest would find.
        if (failures.length === 1)
          await Promise.all(provers.flatMap(({ source, target }) => [source.cancel(), target.cancel()]));
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
}

async function readingOf<T>(table: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw readingFailed(error, table);
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
