import type { PlannedHazard } from "#compare/generate/hazards.ts";
import type { PlanSegment } from "#compare/generate/plan.ts";
import { describeHazard } from "#sql/effects/hazard.ts";

/** A hazard for programs, with its words for people. */
export function hazardToJson({ sql, hazard }: PlannedHazard): Record<string, unknown> {
  return { statement: sql, ...hazard, message: describeHazard(hazard) };
}

/** A part of a plan for programs. */
export function segmentToJson({ transactional, statements }: PlanSegment): Record<string, unknown> {
  return {
    transactional,
    statements: statements.map((statement) => ({ ...statement, hazards: statement.hazards.map(hazardToJson) })),
  };
}
