import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteQualified } from "#sql/quote.ts";
import type { Change } from "../catalogue/changes.ts";
import { readTables, rowsOf, sourceOf } from "../contained/rows.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";

/** A table that the schema files fill. */
export interface FilledTable {
  readonly schema: string;
  readonly table: string;
  /** "2 rows of public.plans" */
  readonly what: string;
}

/** The tables that have rows in what the schema files build. */
export async function readFilled(database: Database): Promise<FilledTable[]> {
  const filled: FilledTable[] = [];
  for (const rowTable of await readTables(database, SCRATCH_LEDGER)) {
    const { schema, table } = rowTable;
    const [row] = await queryCatalogue<{ count: number }>(
      database,
      `select count(*)::int as count from ${sourceOf(rowTable)}`,
    );
    const count = row?.count ?? 0;
    if (count > 0) filled.push({ schema, table, what: rowsOf(count, quoteQualified(schema, table)) });
  }
  return filled;
}

/** Those of them that a plan makes: without their rows, which are no part of a plan. Pure. */
export function leftEmpty(filled: readonly FilledTable[], changes: readonly Change[]): FilledTable[] {
  const made = changes.filter(({ change, kind }) => change === "added" && kind === "table");
  return filled.filter(({ schema, table }) => made.some(({ path }) => path[0] === schema && path[1] === table));
}
