import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import TRIGGERS from "./table-triggers.sql" with { type: "text" };

/** A trigger of the user's, as the catalogue has it. */
export interface TableTrigger {
  readonly name: string;
  /** Whether it fires for what applications do. */
  readonly enabled: boolean;
  /** Another one as soon as the trigger or its function does something else. */
  readonly fingerprint: string;
  /** The name of a trigger that may change rows after this one. */
  readonly behind: string | null;
}

/** @param table its number in pg_class */
export async function tableTriggers(database: Database, table: number): Promise<readonly TableTrigger[]> {
  return await queryCatalogue<TableTrigger>(database, TRIGGERS, [table]);
}
