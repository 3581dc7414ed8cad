import type { LossQuery } from "../plan.ts";
import type { SourceTable } from "../source/catalogue.ts";
import type { Edge, Graph, Wish } from "../subset/graph.ts";
import type { Subset } from "../subset/subset.ts";
import { followLine, lineInstead } from "./line-instead.ts";
import { shownTable } from "./names.ts";
import type { Rules, TableRule } from "./rules.ts";
import { shownTenant, tenantConditions } from "./tenant.ts";
import { emptiableColumn, followColumn, shownEnd } from "./written-references.ts";

interface Sides {
  readonly graph: Graph;
  readonly subset: Subset;
  readonly ruleOf: ReadonlyMap<SourceTable, TableRule>;
  /** Parts of WITH that conditions need. */
  readonly before: readonly string[];
}

/**
 * What counts rows of the tenant that are left out: since a row that they refer to is, or since the table's own condition takes none. A
 * `follow` in the rules says that it is meant.
 */
export function tenantLosses(
  tenant: NonNullable<Rules["tenant"]>,
  asked: readonly Wish[],
  { graph, subset, ruleOf, before }: Sides,
): LossQuery[] {
  return asked.flatMap((wish): LossQuery[] => {
    const { table, own } = wish;
    const [condition] = tenantConditions(table, tenant);
    if (condition === undefined) return [];
    const ways = graph.edges.filter(
      ({ direction, reference }) =>
        reference.from === table &&
        direction === "down" &&
        graph.isCut(reference.to) &&
        wish.follow(reference) === undefined,
    );
    if (ways.length === 0 && own === undefined) return [];
    const { place } = ruleOf.get(table)!;
    const { file, line } = place.file.location(place.offset);
    const ofOwn = {
      because: `because its \`rows\` or \`sample\` takes none of them (${file}:${line}): change that condition`,
      ifAll: true,
    };
    return [
      {
        table: shownTable(table),
        tenant: shownTenant(tenant),
        sql: subset.losses(table, condition.sql, ways, before),
        causes: [
          ...ways.map((way) => ({ because: leftOut(way, graph, ruleOf), ifAll: false })),
          ...(own === undefined ? [] : [ofOwn]),
        ],
      },
    ];
  });
}

/** What to say of rows that go with the row that they refer to. */
function leftOut({ reference }: Edge, { edges }: Graph, ruleOf: ReadonlyMap<SourceTable, TableRule>): string {
  const { from, to, where } = reference;
  const followed = followColumn(
    reference,
    edges.map((edge) => edge.reference),
  );
  const rule = ruleOf.get(from);
  const empty = emptiableColumn(reference);
  const ways = [
    `${followLine(rule, [followed], "up")} to add it`,
    `${followLine(rule, [followed])} if that is meant`,
    ...(empty === undefined || where !== undefined
      ? []
      : [`${lineInstead(rule, empty, "{ value: null }")} to empty the column`]),
  ];
  const list = `${ways.slice(0, -1).join(", ")} or ${ways.at(-1)}`;
  return `because their row of ${shownTable(to)} (${shownEnd(reference)}) is left out; at ${shownTable(from)}, ${list}`;
}
