import { reportedName } from "#sql/quote.ts";
import type { SyncPlan, SyncTable } from "./plan.ts";
import type { SourceTable } from "./source/catalogue.ts";

/** Tables as a person counts them: a partitioned one is one table, whatever partitions it has. */
export interface TableCount {
  readonly all: number;
  /** Those whose rows are copied, or those of some of their partitions. */
  readonly copied: number;
  readonly partitions: number;
}

/** The table that a partition is a part of, in the end; itself for any other. */
export function rootOf(tables: readonly SourceTable[], table: SourceTable): SourceTable {
  const parent = table.partitionOf === null ? undefined : tables.find(({ oid }) => oid === table.partitionOf);
  return parent === undefined ? table : rootOf(tables, parent);
}

/** What a plan says of a partition: the name of its table. */
export function partOf(tables: readonly SourceTable[], table: SourceTable): Pick<SyncTable, "partOf"> {
  const root = rootOf(tables, table);
  return root === table ? {} : { partOf: reportedName(root.schema, root.name) };
}

/** The name of a table, and of a partition that of its table. */
export function rootName({ schema, name, partOf: root }: Pick<SyncTable, "schema" | "name" | "partOf">): string {
  return root ?? reportedName(schema, name);
}

/** How many tables a plan is about. */
export function countTables({ tables, unpartitioned = 0 }: Pick<SyncPlan, "tables" | "unpartitioned">): TableCount {
  const names = (some: readonly SyncTable[]): number => new Set(some.map(rootName)).size;
  return {
    all: names(tables) + unpartitioned,
    copied: names(tables.filter(({ mode }) => mode === "rows")) + unpartitioned,
    partitions: tables.filter(({ partOf: root }) => root !== undefined).length,
  };
}

/** Partitioned tables that have no partitions, which nothing is to be copied from. */
export function unpartitionedIn(tables: readonly SourceTable[]): Pick<SyncPlan, "unpartitioned"> {
  const roots = new Set(tables.filter(({ kind }) => kind === "table").map((table) => rootOf(tables, table)));
  const number = tables.filter((table) => table.partitionOf === null && !roots.has(table)).length;
  return number === 0 ? {} : { unpartitioned: number };
}

/** Tables of which every row is copied, where rows of others are left out; a partitioned one is one table. */
export function copiedWhole({ tables }: Pick<SyncPlan, "tables">): string[] {
  if (tables.every(({ where }) => where === undefined)) return [];
  return [...new Set(tables.filter(({ mode, where }) => mode === "rows" && where === undefined).map(rootName))];
}
