import type { SourceTable } from "../plan.ts";
import type { Graph, Wish } from "../subset/graph.ts";
import { columnNamed, shownTable } from "./names.ts";
import type { TableRule } from "./rules.ts";

/**
 * Tables with a condition that get rows beyond it, because others in a circle of references refer to them and no rule says that they are
 * not to: a sentence each, with the line to write.
 */
export function addedInCircles(
  wishes: readonly Wish[],
  graph: Graph,
  ruleOf: ReadonlyMap<SourceTable, TableRule>,
): string[] {
  return wishes.flatMap(({ table, isOwn }) => {
    const circle = graph.circleOf(table);
    if (!isOwn || circle === undefined || !graph.isAddedTo(table)) return [];
    const adding = graph.edges.filter(({ direction, reference: { from, to, fromColumns } }) => {
      const isSaid = ruleOf.get(from)?.follow.some(({ column }) => fromColumns.includes(columnNamed(from, column)!));
      return to === table && from !== table && circle.includes(from) && direction === "up" && isSaid !== true;
    });
    const [first] = adding;
    if (first === undefined) return [];
    const { place } = ruleOf.get(table)!;
    const { file, line } = place.file.location(place.offset);
    const from = [
      ...new Set(adding.map(({ reference }) => `${shownTable(reference.from)}.${reference.fromColumns[0]!.name}`)),
    ];
    const { reference } = first;
    const fix = `follow: { ${reference.fromColumns[0]!.name}: down } at ${shownTable(reference.from)}`;
    return [
      `${file}:${line}: ${shownTable(table)} gets more rows than its condition takes, up to all of them: those that copied rows refer to (${from.join(", ")}), since the tables refer to each other in a circle. To leave out the rows that refer to others instead: ${fix}`,
    ];
  });
}
