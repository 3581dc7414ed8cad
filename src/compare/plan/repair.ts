import type { FactBase, StableId } from "@supabase/pg-delta/core";
import type { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { PlannedStatement } from "./plan.ts";

/**
 * PostgreSQL refused a planned statement for something that another statement of the same plan may bring about: what it
 * names is not there yet (undefined_table, _column, _object, _function, invalid_schema_name), something else still
 * needs what it drops (dependent_objects_still_exist), or it wants another state first: an identity wants NOT NULL
 * (object_not_in_prerequisite_state). Running it later may do (manual, "PostgreSQL Error Codes").
 */
export function mayWorkLater(statement: PlannedStatement, error: ConfitureError): boolean {
  return statement.transactional && LATER.has(error.server?.sqlstate ?? "");
}

const LATER: ReadonlySet<string> = new Set(["42P01", "42703", "42704", "42883", "3F000", "2BP01", "55000"]);

/**
 * PostgreSQL changes no type of a column that a trigger names or a generated column is computed from (manual, ALTER
 * TABLE, "SET DATA TYPE"). Both hold nothing of their own: they are taken away first, and the next round plans them anew.
 * @returns the statements that take them away; none when that is not what was refused
 */
export function makeWay(
  { needs }: PlannedStatement,
  error: ConfitureError,
  facts: FactBase,
): readonly PlannedStatement[] {
  if (error.server?.sqlstate !== FEATURE_NOT_SUPPORTED) return [];
  const columns = needs.filter(({ kind }) => kind === "column");
  return columns.flatMap((column) =>
    facts.incomingEdges(column).flatMap(({ from }) => {
      const sql = removal(from, facts);
      return sql === undefined ? [] : [toStatement(sql, from)];
    }),
  );
}

const FEATURE_NOT_SUPPORTED = "0A000";

function removal(id: StableId, facts: FactBase): string | undefined {
  if (id.kind === "trigger")
    return `DROP TRIGGER ${quoteIdentifier(id.name)} ON ${quoteQualified(id.schema, id.table)}`;
  const isColumn = id.kind === "column" || id.kind === "default";
  const column = isColumn ? facts.get({ ...id, kind: "column" }) : undefined;
  if (!isColumn || typeof column?.payload["generatedExpr"] !== "string") return undefined;
  return `ALTER TABLE ${quoteQualified(id.schema, id.table)} DROP COLUMN ${quoteIdentifier(id.name)}`;
}

function toStatement(sql: string, removed: StableId): PlannedStatement {
  return {
    sql,
    startsTransaction: false,
    endsTransaction: false,
    transactional: true,
    makes: [],
    removes: [removed],
    needs: [],
  };
}
