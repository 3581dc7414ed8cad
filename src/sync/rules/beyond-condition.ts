import type { BeyondQuery } from "../plan.ts";
import type { SourceTable } from "../source/catalogue.ts";
import type { Graph, Wish } from "../subset/graph.ts";
import type { Subset } from "../subset/subset.ts";
import { followLine } from "./line-instead.ts";
import { columnNamed, shownTable } from "./names.ts";
import type { TableRule } from "./rules.ts";
import { followColumn, shownEnd } from "./written-references.ts";

interface Sides {
  readonly graph: Graph;
  readonly subset: Subset;
  readonly ruleOf: ReadonlyMap<SourceTable, TableRule>;
  /** Parts of WITH that conditions need. */
  readonly before: readonly string[];
}

/**
 * Tables with a condition that may get rows beyond it, because copied rows of others refer to them and no rule says that they are not
 * to: what counts these rows, with the line to write.
 */
export function addedBeyondConditions(
  wishes: readonly Wish[],
  { graph, subset, ruleOf, before }: Sides,
): BeyondQuery[] {
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
    const from = [...new Set(adding.map(({ reference }) => shownEnd(reference)))];
    const { reference } = first;
    const references = graph.edges.map((edge) => edge.reference);
    const fix = `${followLine(ruleOf.get(reference.from), [followColumn(reference, references)])} at ${shownTable(reference.from)}`;
    const inCircle = adding.some((edge) => graph.circleOf(table)?.includes(edge.reference.from) === true);
    const why = inCircle ? ", since the tables refer to each other in a circle" : "";
    return [
      {
        table: shownTable(table),
        sql: subset.count(table, `(${own}) IS NOT TRUE`, before),
        at: `${file}:${line}`,
        rest: `that its condition does not take: those that copied rows refer to (${from.join(", ")})${why}. To leave out the rows that refer to others instead, ${fix}`,
      },
    ];
  });
}

/**
 * What to say of tables that get rows beyond their conditions: of the rows that were counted, or else of what may be.
 * @param rows for each of the queries
 */
export function beyondSentences(queries: readonly BeyondQuery[], rows?: readonly number[]): string[] {
  return queries.flatMap(({ table, at, rest }, index) => {
    const count = rows?.[index];
    if (count === 0) return [];
    const gets = count === undefined ? "may get rows" : `gets ${count} ${count === 1 ? "row" : "rows"}`;
    return [`${at}: ${table} ${gets} ${rest}`];
  });
}
