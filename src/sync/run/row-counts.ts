import type { Database } from "#database/database.ts";
import { quoteQualified, reportedName } from "#sql/quote.ts";
import type { SyncPlan } from "../plan.ts";
import type { TableReport } from "./events.ts";

/** How many rows a copy has, and had when it was made. */
export interface RowCounts {
  /** As its comment says; null where it does not. */
  readonly copied: number | null;
  readonly now: number;
  /** Where rows are gone: tables with fewer rows than the source has for the copy now. */
  readonly fewer: readonly { readonly table: string; readonly source: number; readonly target: number }[];
}

/** For the comment on a copy. */
export function rowsMark(tables: readonly TableReport[]): string {
  return `rows: ${tables.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0)}`;
}

/** Counts the rows of a copy; those of the source where rows are gone, to say in which tables. */
export async function countRows(
  source: Database,
  target: Database,
  { tables, settings }: SyncPlan,
  comment: string | null,
): Promise<RowCounts> {
  const said = comment === null ? null : /; rows: (\d+)$/.exec(comment);
  const copied = said === null ? null : Number(said[1]);
  const counts: number[] = [];
  // Tables that another choice of --tables left empty count as well: they have none.
  for (const { schema, name } of tables) counts.push(await count(target, `only ${quoteQualified(schema, name)}`));
  const now = counts.reduce((sum, one) => sum + one, 0);
  const fewer: { table: string; source: number; target: number }[] = [];
  if (copied === null || now >= copied) return { copied, now, fewer };
  for (const { name, value } of settings)
    await source.query("select pg_catalog.set_config($1, $2, false)", [name, value]);
  for (const [index, { schema, name, mode, query }] of tables.entries()) {
    if (mode === "skip") continue;
    const rows = await count(source, `(${query}) q`);
    if (counts[index]! < rows) fewer.push({ table: reportedName(schema, name), source: rows, target: counts[index]! });
  }
  return { copied, now, fewer };
}

async function count(database: Database, from: string): Promise<number> {
  const [row] = await database.query<{ rows: number }>(
    `select pg_catalog.count(*)::pg_catalog.float8 as rows from ${from}`,
  );
  return row?.rows ?? 0;
}
