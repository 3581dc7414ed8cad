import type { Script } from "#database/script.ts";
import type { Body, LoadedMigration } from "#migrate/files/body.ts";
import { codeAsSql } from "#migrate/warnings/code-as-sql.ts";
import { cannotRunInTransaction, transactionControl } from "#sql/classify.ts";
import type { Statement } from "#sql/statement.ts";

/**
 * A migration that leads to the same schema in one transaction: without CONCURRENTLY, a backfill as one statement, TypeScript as the SQL
 * that it asks for, where it waits for no rows. Its code runs for that.
 * @returns undefined where there is none
 */
export async function inOneTransaction(
  migration: LoadedMigration,
  signal: AbortSignal | undefined,
): Promise<LoadedMigration | undefined> {
  const asSql = await codeAsSql(migration, signal);
  if (asSql === undefined) return undefined;
  const up = together(asSql.up);
  const down = asSql.down && together(asSql.down);
  if (up === undefined || down === undefined) return undefined;
  const { file, checksum, kept } = migration;
  return { file, checksum, kept, up, down };
}

function together(body: Body): Body | undefined {
  if (body.kind !== "sql") return undefined;
  if (body.transactional && body.opening === undefined) return body;
  const script = body.script.outline === undefined ? withoutConcurrently(body.script) : undefined;
  return script && { ...body, script, transactional: true, opening: undefined };
}

/** Places stay what they are. */
function withoutConcurrently(script: Script): Script | undefined {
  let { text } = script;
  for (const statement of script.statements) {
    if (transactionControl(statement) !== undefined) return undefined;
    const why = cannotRunInTransaction(statement);
    if (why === undefined) continue;
    const { start, end } = statement;
    const inside = leavesSchema(statement)
      ? " ".repeat(end - start)
      : text.slice(start, end).replaceAll(/\bconcurrently\b/gi, (word) => " ".repeat(word.length));
    if (!leavesSchema(statement) && !why.endsWith("CONCURRENTLY")) return undefined;
    text = text.slice(0, start) + inside + text.slice(end);
  }
  const { parts: _, ...rest } = script;
  return { ...rest, text };
}

function leavesSchema({ firstWord }: Statement): boolean {
  return firstWord === "VACUUM" || firstWord === "REINDEX";
}
