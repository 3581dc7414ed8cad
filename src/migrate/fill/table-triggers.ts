import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { rowColumns } from "#sql/row-columns.ts";
import TRIGGERS from "./table-triggers.sql" with { type: "text" };

/** A trigger of the user's, as the catalogue has it. */
export interface TableTrigger {
  readonly name: string;
  /** Whether it fires for what applications do. */
  readonly enabled: boolean;
  /** Another one as soon as the trigger or its function does something else. */
  readonly fingerprint: string;
  /** The body of its function, where that is PL/pgSQL. */
  readonly source: string | null;
  /** The names of triggers that may change rows after this one, in their order. */
  readonly behind: readonly string[];
}

/** Whether two triggers have nothing to do with the same columns, so that it does not matter which of them is the last. Pure. */
export function areApart(one: TableTrigger | undefined, other: TableTrigger): boolean {
  const [own, others] = [one, other].map((trigger) => rowColumns(trigger?.source ?? "NEW"));
  return own !== undefined && others !== undefined && ![...own].some((column) => others.has(column));
}

/** @param table its number in pg_class */
export async function tableTriggers(database: Database, table: number): Promise<readonly TableTrigger[]> {
  return await queryCatalogue<TableTrigger>(database, TRIGGERS, [table]);
}
