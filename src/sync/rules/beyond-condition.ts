import type { SourceTable } from "../plan.ts";
import type { Graph, Wish } from "../subset/graph.ts";
import { columnNamed, shownTable } from "./names.ts";
import type { TableRule } from "./rules.ts";

/**
 * Tables with a condition that get rows beyond it, because copied rows of others refer to them and no rule says that they are not to: a
 * sentence each, with the line to write.
 */
export function addedBeyondConditions(
  wishes: readonly Wish[],
  graph: Graph,
  ruleOf: ReadonlyMap<SourceTable, TableRule>,
): string[] {
  return wishes.flatMap(({ table, own }) => {
    if (own === undefined || !graph.isAddedTo(table)) return [];
    const adding = graph.edges.filter(({ direction, reference: { from, to, fromColumns } }) => {
      const isSaid = ruleOf.get(from)?.follow.some(({ column }) => fromColumns.includes(columnNamed(from, column)!));
      return to === table && from !== table && direction === "up" && isSaid !== true;
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
    const inCircle = adding.some((edge) => graph.circleOf(table)?.includes(edge.reference.from) === true);
    const why = inCircle ? ", since the tables refer to each other in a circle" : "";
    return [
      `${file}:${line}: ${shownTable(table)} gets more rows than its condition takes, up to all of them: those that copied rows refer to (${from.join(", ")})${why}. To leave out the rows that refer to others instead: ${fix}`,
    ];
  });
}
