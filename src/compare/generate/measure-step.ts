import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { statementOf } from "../plan/statement.ts";
import type { Meter } from "../trace/meter.ts";
import { effectsOf, NO_EFFECTS } from "./effects.ts";
import type { MeasuredStatement } from "./section.ts";
import type { ColumnStep } from "./sync-parts.ts";

/**
 * Runs a statement of a change in steps, and what it did.
 * @throws ConfitureError `generate_refused` where PostgreSQL does not take it
 */
export async function measureStep(database: Database, meter: Meter, sql: string): Promise<MeasuredStatement> {
  try {
    if (!isOutside(sql)) return { ...statementOf(sql), effects: effectsOf(await meter.runAlone(sql, "commit")) };
    await database.execute(sql);
    await meter.refresh();
    return { ...statementOf(sql), effects: NO_EFFECTS };
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    throw error.with({
      code: "generate_refused",
      message: `A statement of this change was tried and fails: ${error.message}`,
      hint: `Nothing was written. What is in its way can be taken away or renamed in a migration before. Or write the steps by hand, as docs/guides/medium-4-schema-to-schema.md shows. The statement:\n${sql}`,
    });
  }
}

/** Whether PostgreSQL does not take it inside a transaction. Pure. */
export function isOutside(sql: string): boolean {
  return /^(?:CREATE(?: UNIQUE)?|DROP) INDEX CONCURRENTLY /.test(sql);
}

/** @throws ConfitureError `generate_refused` for an expand or contract that writes or reads a table */
export function requireQuick(part: ColumnStep["part"], { sql, effects }: MeasuredStatement): void {
  const slow = [...effects.rewrites, ...effects.scans];
  if ((part !== "expand" && part !== "contract") || slow.length === 0) return;
  throw new ConfitureError(
    "generate_refused",
    `The ${part} of this change would read or write ${slow.join(", ")} while others wait`,
    {
      hint: `Nothing was written. Write the steps by hand, as docs/guides/medium-4-schema-to-schema.md shows. The statement:\n${sql}`,
    },
  );
}
