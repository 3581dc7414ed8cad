import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { compareCatalogues } from "../catalogue/changes.ts";
import { statementOf } from "../plan/statement.ts";
import { Meter } from "../trace/meter.ts";
import { findColumnChange } from "./column-change.ts";
import { type ColumnStep, columnSteps } from "./column-steps.ts";
import { effectsOf, NO_EFFECTS } from "./effects.ts";
import type { PlanOptions } from "./options.ts";
import { requireNothing } from "./proof.ts";
import type { MeasuredStatement, Section } from "./section.ts";
import { type Plan, readPlanned, type Step, written } from "./steps.ts";

/**
 * The plan for columns that others take the place of, in steps that leave both releases of an application at
 * work; undefined where the difference is something else. Every statement of it is run in the scratch database, which is at
 * `from`, and at the other side afterwards.
 * @throws ConfitureError `generate_refused` for what was asked for and cannot be made so, and for a step that keeps others waiting
 */
export async function planInSteps(
  database: Database,
  from: Catalogue,
  to: Catalogue,
  options: PlanOptions,
): Promise<Plan | undefined> {
  const change = findColumnChange(from, to, options);
  if (change === undefined) return undefined;
  const meter = await Meter.start(database);
  const steps: Step[] = [];
  for (const { part, options: marker, up, down, transactional } of columnSteps(change)) {
    const statements: MeasuredStatement[] = [];
    for (const sql of up) {
      const measured = { ...statementOf(sql), effects: effectsOf(await meter.runAlone(sql, "commit")) };
      requireQuick(part, measured);
      statements.push(measured);
    }
    const back = down.map((sql) => ({ ...statementOf(sql), effects: NO_EFFECTS }));
    const section: Section = { statements, transactional, marker };
    const wayBack: Section = { statements: back, transactional: true };
    steps.push({ part, up: written(section), down: options.noDown ? undefined : written(wayBack) });
  }
  requireNothing(
    "The steps were tried and do not lead to the schema files",
    compareCatalogues(await readPlanned(database, options), to),
  );
  return {
    steps,
    changes: compareCatalogues(from, to),
    possibleRenames: [],
    byHand: { up: [], down: [] },
    synced: change,
  };
}

/** @throws ConfitureError `generate_refused` for an expand or contract that writes or reads a table */
function requireQuick(part: ColumnStep["part"], { sql, effects }: MeasuredStatement): void {
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
