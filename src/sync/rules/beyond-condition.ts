import type { BeyondQuery } from "../plan.ts";
import type { SourceTable } from "../source/catalogue.ts";
import { type Edge, type Graph, isAdding, spread, type Wish } from "../subset/graph.ts";
import type { Subset } from "../subset/subset.ts";
import { followLine, lineInstead } from "./line-instead.ts";
import { columnNamed, shownTable } from "./names.ts";
import type { Reference } from "./references.ts";
import type { Follow, TableRule } from "./rules.ts";
import { emptiableColumn, followColumn, shownEnd } from "./written-references.ts";

interface Sides {
  readonly graph: Graph;
  readonly subset: Subset;
  readonly ruleOf: ReadonlyMap<SourceTable, TableRule>;
  /** Parts of WITH that conditions need. */
  readonly before: readonly string[];
}

/**
 * Tables with a condition that may get rows beyond it, because copied rows of others refer to them and no rule says that they are
 * to: what counts these rows, with the line to write.
 */
export function addedBeyondConditions(
  wishes: readonly Wish[],
  { graph, subset, ruleOf, before }: Sides,
): BeyondQuery[] {
  return wishes.flatMap(({ table, own }) => {
    if (own === undefined || !graph.isAddedTo(table)) return [];
    const adding = graph.edges.filter((edge) => {
      const { from, to, fromColumns } = edge.reference;
      if (to !== table || from === table || !isAdding(edge, graph)) return false;
      const isSaid = ruleOf.get(from)?.follow.some(({ column }) => fromColumns.includes(columnNamed(from, column)!));
      return edge.direction === "down" || isSaid !== true;
    });
    if (adding.length === 0) return [];
    const { place } = ruleOf.get(table)!;
    const { file, line } = place.file.location(place.offset);
    const from = [...new Set(adding.map(({ reference }) => shownEnd(reference)))];
    const inCircle = adding.some((edge) => graph.circleOf(table)?.includes(edge.reference.from) === true);
    const why = inCircle ? ", since the tables refer to each other in a circle" : "";
    return [
      {
        table: shownTable(table),
        sql: subset.count(table, `(${own}) IS NOT TRUE`, before),
        at: `${file}:${line}`,
        rest: `that its condition does not take: those that copied rows refer to (${from.join(", ")})${why}. ${fixesOf(adding, graph, ruleOf)}`,
      },
    ];
  });
}

/** What to do so that rows are no longer added along any of these: one after the other, as if those before had been done. */
function fixesOf(adding: readonly Edge[], graph: Graph, ruleOf: Sides["ruleOf"]): string {
  const fixes: string[] = [];
  let now = graph;
  for (const { reference } of adding) {
    const edge = now.edges.find((one) => one.reference === reference)!;
    if (!isAdding(edge, now)) continue;
    const { text, after } = fixOf(edge, now, ruleOf);
    fixes.push(adding.length === 1 ? text : `${shownEnd(reference)}: ${text}`);
    now = after;
  }
  return fixes.join(". ");
}

/** The same for one of them. What is said has been tried, as rows may also come by a way round. */
function fixOf(edge: Edge, graph: Graph, ruleOf: Sides["ruleOf"]): { readonly text: string; readonly after: Graph } {
  const { reference } = edge;
  const references = graph.edges.map((one) => one.reference);
  const lineAt = (from: SourceTable, some: readonly Reference[], direction: Follow): string => {
    const columns = some.map((one) => followColumn(one, references));
    return `${followLine(ruleOf.get(from), columns, direction)} at ${shownTable(from)}`;
  };
  const bringing = bringingTo(reference.from, graph);
  const own = edge.direction === "up" ? [reference] : [];
  // What leaves out all such rows; or else all but those that are added to a table for another reason.
  const ways = [own, [...own, ...bringing], own].map((some, index) => {
    const after = graph.following(some, "down");
    const isWhole = !after.isAddedTo(reference.from);
    return { some, after, isWhole, works: some.length > 0 && after.endless === undefined && (isWhole || index === 2) };
  });
  const way = ways.find(({ works }) => works);
  if (way !== undefined) {
    const lines = [...Map.groupBy(way.some, ({ from }) => from)].map(([from, some]) => lineAt(from, some, "down"));
    const rest = way.isWhole ? "" : ", which leaves those that copied rows refer to";
    return {
      text: `To leave out the rows that refer to others instead, ${lines.join(", and ")}${rest}`,
      after: way.after,
    };
  }
  // Emptied is rather what brings rows than what chooses them: without that, all of the table's would come.
  const isOwn = bringing.length > 0 && bringing.every(({ from, to }) => from === to);
  const chooses = graph.isCut(reference.from) && !graph.following([reference], "none").isCut(reference.from);
  const emptied = bringing.length > 0 && (isOwn || chooses) ? bringing : [reference];
  const lines = emptied.map((one) => {
    const column = one.where === undefined ? emptiableColumn(one) : undefined;
    if (column === undefined) return undefined;
    return `at ${shownTable(one.from)} ${lineInstead(ruleOf.get(one.from), column, "{ value: null }")} (empties the column)`;
  });
  const isPossible = lines.every((line) => line !== undefined);
  return {
    text: `Nothing in \`follow\` leaves them out; ${isPossible ? `to do so, ${lines.join(" and ")}, or ` : ""}${lineAt(reference.from, [reference], "up")}, if that is meant`,
    after: isPossible ? graph.following(emptied, "none") : graph,
  };
}

/** The references along which rows are added to a table, and to those that pass theirs on to it. */
function bringingTo(table: SourceTable, graph: Graph): Reference[] {
  const behind = new Set([table]);
  spread(behind, graph.edges, (edge) =>
    behind.has(edge.reference.to) && edge.direction === "down" && isAdding(edge, graph)
      ? edge.reference.from
      : undefined,
  );
  return graph.edges.flatMap(({ direction, reference }) =>
    direction === "up" && behind.has(reference.to) ? [reference] : [],
  );
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
