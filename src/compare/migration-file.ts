import { formatSqlStatements } from "@supabase/pg-delta/sql-format";
import type { PlannedStatement } from "./plan.ts";

/** A migration file in the form of `migrate new`, with a comment above each statement that can hurt. Pure. */
export function renderMigration(up: readonly PlannedStatement[], down: readonly PlannedStatement[]): string {
  const sections = [renderSection("up", up), ...(down.length === 0 ? [] : [renderSection("down", down)])];
  return sections.join("\n");
}

function renderSection(way: "up" | "down", statements: readonly PlannedStatement[]): string {
  const outside = statements.some(({ transactional }) => !transactional);
  const heading = `-- migrate:${way}${outside ? " transaction:false" : ""}\n`;
  return heading + statements.map((statement) => `\n${renderStatement(statement)}\n`).join("");
}

function renderStatement(statement: PlannedStatement): string {
  const { sql, losesData, rewrites, needsNoRows, lock } = statement;
  const notes = [
    ...(losesData ? ["-- DATA LOSS: what it drops is gone, also for a later rollback."] : []),
    ...(needsNoRows
      ? ["-- ROWS: fails on a table that has any. Give it a DEFAULT, or add it, fill it, then SET NOT NULL."]
      : []),
    ...(rewrites ? ["-- REWRITE: every row may be written anew while the lock is held."] : []),
    ...(lock === undefined ? [] : [`-- LOCK ${lock} until the migration is committed.`]),
  ];
  const [formatted = sql] = formatSqlStatements([sql], { preserveRoutineBodies: true, preserveViewBodies: true });
  const text = formatted.trim();
  return [...notes, text.endsWith(";") ? text : `${text};`].join("\n");
}
