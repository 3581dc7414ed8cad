import type { Database } from "#database/database.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { planChanges } from "../plan/plan.ts";
import type { PlannedStatement } from "../plan/statement.ts";
import type { Meter } from "../trace/meter.ts";
import { measureStep, requireQuick } from "./measure-step.ts";
import type { MeasuredStatement } from "./section.ts";

/** Kinds of which a difference is no small thing that was lost with a column: the steps themselves would be wrong. */
const LARGE: ReadonlySet<ObjectId["kind"]> = new Set<ObjectId["kind"]>([
  "table",
  "column",
  "default",
  "constraint",
  "index",
  "view",
  "materializedView",
  "sequence",
  "function",
  "procedure",
  "trigger",
  "policy",
  "rule",
]);

/**
 * What only changes the catalogue and is lost with a column that goes, such as comments, rights to its sequence or its target of
 * statistics: statements that bring all of it, or undefined where the difference is something else.
 */
export async function carriedOver(
  database: Database,
  meter: Meter,
  from: Catalogue,
  to: Catalogue,
): Promise<MeasuredStatement[] | undefined> {
  const statements = planChanges(from, to);
  if (!statements.every(isSmall)) return undefined;
  const measured: MeasuredStatement[] = [];
  for (const { sql } of statements) {
    const one = await measureStep(database, meter, sql);
    requireQuick("contract", one);
    measured.push(one);
  }
  return measured;
}

function isSmall({ transactional, loss, rows, setting, behind, backfill, makes, removes }: PlannedStatement): boolean {
  const isPlain = transactional && [loss, rows, setting, behind, backfill].every((one) => one === undefined);
  return isPlain && ![...makes, ...removes].some(({ kind }) => LARGE.has(kind));
}
