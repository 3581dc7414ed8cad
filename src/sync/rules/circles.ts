import type { SourceTable } from "../source/catalogue.ts";
import type { Edge, Graph } from "../subset/graph.ts";
import { followLine } from "./line-instead.ts";
import { shownTable } from "./names.ts";
import type { Problem, TableRule } from "./rules.ts";
import { followColumn, shownEnd } from "./written-references.ts";

/**
 * What is wrong with rules that follow references down all around a circle.
 * @param circle its tables, all of whose references to each other are followed down
 */
export function endlessProblem(
  circle: readonly SourceTable[],
  { edges }: Graph,
  ruleOf: ReadonlyMap<SourceTable, TableRule>,
): Problem {
  const around = edges.filter(
    ({ direction, reference: { from, to } }) => direction === "down" && circle.includes(from) && circle.includes(to),
  );
  const said = around.find(({ reference: { from } }) => (ruleOf.get(from)?.follow.length ?? 0) > 0) ?? around[0]!;
  const { from } = said.reference;
  const references = edges.map(({ reference }) => reference);
  const nameOf = ({ reference }: Edge): string => `${shownEnd(reference)} -> ${shownTable(reference.to)}`;
  return {
    rule: "endless-follow",
    message: `${circle.length === 1 ? `${shownTable(from)} refers to itself` : `${circle.map(shownTable).join(", ")} refer to each other in a circle`}, which cannot be followed down all around (${around.map(nameOf).join(", ")})`,
    fix: `Follow one of them up: at ${shownTable(from)}, ${followLine(ruleOf.get(from), [followColumn(said.reference, references)], "up")}`,
    place: ruleOf.get(from)!.place,
    table: shownTable(from),
  };
}
