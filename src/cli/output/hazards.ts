import type { PlannedHazard } from "#compare/generate/hazards.ts";
import { describeHazard } from "#sql/hazard.ts";

/** A hazard for programs, with its words for people. */
export function hazardToJson({ sql, hazard }: PlannedHazard): Record<string, unknown> {
  return { statement: sql, ...hazard, message: describeHazard(hazard) };
}
