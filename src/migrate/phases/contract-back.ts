import type { Database } from "#database/database.ts";
import type { LoadedMigration } from "../files/body.ts";
import { droppedTriggers } from "./contract.ts";
import { resolveTable } from "../fill/prepare.ts";
import { noteTriggerSql, readProgress } from "../fill/progress.ts";
import { prepareSession, type RunOptions } from "../run/session.ts";

/**
 * Statements for the transaction in which a contract is rolled back: the triggers that it dropped are there again, and have missed
 * nothing since, so that the contract can run once more. Undefined where there is nothing to note.
 */
export async function notedAgain(
  database: Database,
  { up }: LoadedMigration,
  options: RunOptions,
): Promise<string | undefined> {
  if (up.kind !== "sql" || up.marks?.phase !== "contract") return undefined;
  await prepareSession(database, options);
  if ((await readProgress(database, options.ledger)).length === 0) return undefined;
  const statements: string[] = [];
  for (const { schema, table, name } of await droppedTriggers(up)) {
    const oid = await resolveTable(database, schema === undefined ? { name: table } : { schema, name: table });
    if (oid !== undefined) statements.push(noteTriggerSql(options.ledger, oid, name));
  }
  return statements.length === 0 ? undefined : statements.join("; ");
}
