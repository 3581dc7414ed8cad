import type { SourceTable } from "../plan.ts";
import { shownTable } from "./names.ts";
import type { Problem, TableRule } from "./rules.ts";

/** What is wrong with rules that follow references down all around a circle. */
export function endlessProblem(circle: readonly SourceTable[], ruleOf: ReadonlyMap<SourceTable, TableRule>): Problem {
  const table = circle.find((one) => (ruleOf.get(one)?.follow.length ?? 0) > 0) ?? circle[0]!;
  return {
    rule: "endless-follow",
    message: `${circle.map(shownTable).join(", ")} refer to each other in a circle, which cannot be followed down all around`,
    fix: "Follow one of the references up",
    place: ruleOf.get(table)!.place,
    table: shownTable(table),
  };
}
