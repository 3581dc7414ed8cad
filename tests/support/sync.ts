import { withDatabase } from "#database/open.ts";
import type { Database } from "#database/database.ts";
import { planSync } from "#sync/plan-sync.ts";
import type { Planned, SyncPlan } from "#sync/plan.ts";
import { parseRules } from "#sync/rules/read.ts";
import { readSource } from "#sync/source/read.ts";
import type { TestDatabase } from "./engines.ts";

export const KEY = Buffer.alloc(32, 7);

/** Rules laid beside the tables of a database. */
export async function planned(database: Database, yaml: string, key: Uint8Array | undefined = KEY): Promise<Planned> {
  const rules = await parseRules([{ file: "db/sync/rules.yaml", text: yaml }]);
  return await planSync(await readSource(database), rules, key);
}

export async function planOf(database: Database, yaml: string, key?: Uint8Array): Promise<SyncPlan> {
  const result = await planned(database, yaml, key);
  if (result.kind === "plan") return result.plan;
  throw new Error(result.findings.map(({ message, fix }) => `${message} (${fix})`).join("\n"));
}

/** What the query of a table gives. */
export async function rowsOf<Row extends object>(database: Database, plan: SyncPlan, name: string): Promise<Row[]> {
  for (const setting of plan.settings) {
    await database.query("select set_config($1, $2, false)", [setting.name, setting.value]);
  }
  return await database.query<Row>(plan.tables.find((table) => table.name === name)!.query);
}

/** A database with these tables, for the length of `work`. */
export async function withTables<T>(
  test: TestDatabase,
  sql: string,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  return await withDatabase(test.target, {}, async (database) => {
    await database.execute(sql);
    return await work(database);
  });
}
