import { withOwnOperators } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { dangersOf } from "#sql/effects/danger.ts";
import { type Danger, isAskedFor } from "#sql/effects/danger-kinds.ts";
import { isSchemaMadeBy } from "#sql/effects/opened.ts";
import { foldedName } from "#sql/lexer/token-names.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import type { Statement } from "#sql/statement.ts";
import { switchedOff } from "#sql/effects/switched-off.ts";

/**
 * What these statements, run in this order, put at risk of what is in use: triggers and rules that are off from then on, sequences
 * that give values again, settings and roles that protect no more, and replication.
 * @param database what it is before they run; undefined where there is none yet, and nothing is in use
 */
export async function dangersIn(
  statements: readonly Statement[],
  database: Database | undefined,
): Promise<ReadonlyMap<Statement, readonly Danger[]>> {
  const found = new Map<Statement, Danger[]>();
  if (database === undefined) return found;
  const off = switchedOff(statements);
  for (const statement of statements) {
    const what = off.get(statement);
    const dangers: Danger[] = what === undefined ? [] : [what];
    for (const { danger, relation, trigger, schema, role } of dangersOf(statement)) {
      if (!isAskedFor(danger) || (schema !== undefined && isSchemaMadeBy(schema, statements))) continue;
      if (role !== undefined && isRoleMadeBy(role, statements)) continue;
      if (relation === undefined || (await isThere(database, relation, trigger))) dangers.push(danger);
    }
    if (dangers.length > 0) found.set(statement, dangers);
  }
  return found;
}

function isRoleMadeBy(role: string, statements: readonly Statement[]): boolean {
  return statements.some(
    (statement) =>
      statement.firstWord === "CREATE" &&
      /^(?:ROLE|USER|GROUP)$/.test(statement.words[1] ?? "") &&
      foldedName(statement.tokens()[2] ?? "") === role,
  );
}

/** Whether a sequence or table is there, or a trigger of it. */
export async function isThere(database: Database, relation: string, trigger?: string): Promise<boolean> {
  // What is no name makes PostgreSQL stop.
  if (parseQualifiedName(relation) === undefined) return false;
  const [row] =
    trigger === undefined
      ? await database.query("select where pg_catalog.to_regclass($1) is not null", [relation])
      : await database.query(
          withOwnOperators(
            "select from pg_catalog.pg_trigger t where t.tgrelid = pg_catalog.to_regclass($1) and t.tgname = $2::pg_catalog.name",
          ),
          [relation, trigger],
        );
  return row !== undefined;
}
