import { quoteIdentifier, quoteLiteral, writeIdentifier } from "#sql/quote.ts";
import type { OthersQuery } from "../plan.ts";
import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { type Edge, type Graph, isAdding, spread, type Wish } from "../subset/graph.ts";
import { isPartial } from "../subset/keys.ts";
import type { Subset } from "../subset/subset.ts";
import { followLine, lineInstead, rowsLine } from "./line-instead.ts";
import { columnNamed, shownTable } from "./names.ts";
import { rowsOf } from "./reference-trials.ts";
import type { Reference } from "./references.ts";
import type { Rules, TableRule } from "./rules.ts";
import { shownTenant, tenantConditions } from "./tenant.ts";
import { emptiableColumn, followColumn, shownEnd } from "./written-references.ts";

type Tenant = NonNullable<Rules["tenant"]>;

interface Sides {
  readonly graph: Graph;
  readonly subset: Subset;
  readonly ruleOf: ReadonlyMap<SourceTable, TableRule>;
  /** Parts of WITH that conditions need. */
  readonly before: readonly string[];
}

/** Rows that are not the tenant's, and that may be copied although the rules ask for one: a question about each table. */
export function otherTenants(
  tenant: Tenant,
  asked: readonly Wish[],
  { graph, subset, ruleOf, before }: Sides,
): OthersQuery[] {
  const hasColumn = (table: SourceTable): boolean => columnNamed(table, tenant.column) !== undefined;
  const bound = new Set(asked.map(({ table }) => table).filter(hasColumn));
  const leads = ({ direction, reference: { to, fromParts } }: Edge): boolean =>
    direction === "down" && fromParts === undefined && bound.has(to);
  const mixing = mixingEdges(tenant, new Set(bound), graph);
  spread(bound, graph.edges, (edge) => (leads(edge) ? edge.reference.from : undefined));
  return asked.flatMap(({ table }): OthersQuery[] => {
    const question = (words: Words, condition: string | undefined, sql?: string): OthersQuery => ({
      table: shownTable(table),
      tenant: shownTenant(tenant),
      sql: sql ?? subset.count(table, condition, before),
      ...words,
    });
    const others = othersIn(table, tenant, graph, []);
    if (!bound.has(table)) {
      if (others !== undefined) return [question(unbound(table, tenant, graph, ruleOf), others)];
      if (graph.isCut(table)) return [question(chosenOtherwise(table, tenant), undefined)];
      const some = `SELECT (CASE WHEN EXISTS (SELECT FROM ${rowsOf(table)}) THEN 1 ELSE 0 END)::float8 AS rows`;
      return [question({ whose: "", rest: "", without: tenant.column }, undefined, some)];
    }
    const ways = graph.edges.filter((edge) => edge.reference.from === table && leads(edge));
    const isFree = !hasColumn(table) && !ways.some(({ reference }) => holdsAlways(reference));
    return [
      ...(isFree ? [question(withoutParent(table, ways, graph, ruleOf.get(table)), refersToNothing(table, ways))] : []),
      ...(others !== undefined && mixing.some(({ reference }) => reference.to === table)
        ? [question(addedRows(table, mixing, graph, ruleOf), others)]
        : []),
    ];
  });
}

/**
 * The edges along which rows of other tenants may be added: not those that have the tenant's column on both sides, from a table that has no
 * rows but the tenant's.
 * @param own tables whose rows are chosen by the tenant's column
 */
function mixingEdges({ column }: Tenant, own: ReadonlySet<SourceTable>, graph: Graph): readonly Edge[] {
  const staysInside = ({ reference: { from, to, fromColumns, toColumns, period } }: Edge): boolean => {
    const at = fromColumns.indexOf(columnNamed(from, column)!);
    const isPeriod = period === true && at === fromColumns.length - 1;
    return at >= 0 && !isPeriod && toColumns[at] === columnNamed(to, column);
  };
  const adding = graph.edges.filter((edge) => graph.isAddedTo(edge.reference.to) && isAdding(edge, graph));
  const mixed = new Set(adding.map(({ reference }) => reference.from).filter((table) => !own.has(table)));
  const isMixing = (edge: Edge): boolean => mixed.has(edge.reference.from) || !staysInside(edge);
  spread(mixed, adding, (edge) => (isMixing(edge) ? edge.reference.to : undefined));
  return adding.filter(isMixing);
}

type Words = Pick<OthersQuery, "whose" | "rest" | "without">;

/**
 * What to say of rows of other tenants: of those that were counted, or else of what may be.
 * @param rows for each of the queries
 */
export function othersSentences(queries: readonly OthersQuery[], rows?: readonly number[]): string[] {
  const found = queries.flatMap((query, at) => {
    const count = rows?.[at];
    return count === 0 ? [] : [{ ...query, count }];
  });
  const whole = Map.groupBy(
    found.filter(({ without }) => without !== undefined),
    ({ tenant, without }) => JSON.stringify([tenant, without]),
  );
  return [
    ...[...whole.values()].map((all) => {
      const { tenant, without } = all[0]!;
      const [they, have, them] = all.length === 1 ? ["it", "has", "it"] : ["they", "have", "them"];
      return `${tenant}: every row is copied of ${all.map(({ table }) => table).join(", ")}: ${they} ${have} no column ${without}, and no foreign key that leads to one; give ${them} \`rows: CONDITION\` and \`tenant: false\`, or \`tenant: false\` alone to copy every tenant's rows`;
    }),
    ...found.flatMap(({ tenant, count, whose, rest, without }) => {
      if (without !== undefined) return [];
      const are = count === undefined ? "may be" : count === 1 ? "is" : "are";
      const which = count === undefined ? "rows" : `${count} ${count === 1 ? "row" : "rows"}`;
      return [`${tenant}: ${which}${whose} ${are} copied${rest}`];
    }),
  ];
}

const NOT_OWN = " outside the tenant";

/**
 * SQL over a table by its name, true for rows of others: by its own column, by its key where that column refers to it, or by the rows that it
 * refers to. Undefined where nothing tells whose a row is.
 * @param path names of tables from which it was reached
 */
function othersIn(table: SourceTable, tenant: Tenant, graph: Graph, path: readonly string[]): string | undefined {
  const name = quoteIdentifier(table.name);
  const [own] = tenantConditions(table, tenant);
  if (own !== undefined) return `(${own.sql}) IS NOT TRUE`;
  const key = keyOfTenants(table, tenant, graph);
  if (key !== undefined) return `(${name}.${quoteIdentifier(key.name)} = ${quoteLiteral(tenant.value)}) IS NOT TRUE`;
  const ways = graph.edges.flatMap(({ reference }) => {
    const { from, to, fromColumns, toColumns, period } = reference;
    if (from !== table || isPartial(reference) || [table.name, ...path].includes(to.name)) return [];
    const theirs = othersIn(to, tenant, graph, [table.name, ...path]);
    if (theirs === undefined) return [];
    const alias = quoteIdentifier(to.name);
    const pairs = fromColumns.map((column, at) => {
      const sign = period === true && at === fromColumns.length - 1 ? "&&" : "=";
      return `${name}.${quoteIdentifier(column.name)} ${sign} ${alias}.${quoteIdentifier(toColumns[at]!.name)}`;
    });
    return [`EXISTS (SELECT FROM ${rowsOf(to)} AS ${alias} WHERE ${[...pairs, theirs].join(" AND ")})`];
  });
  return ways.length === 0 ? undefined : `(${ways.join(" OR ")})`;
}

/** The column by which tables name their tenant, of the table of tenants itself. */
function keyOfTenants(table: SourceTable, tenant: Tenant, graph: Graph): SourceColumn | undefined {
  const edge = graph.edges.find(
    ({ reference: { from, to, fromColumns } }) =>
      to === table && fromColumns.length === 1 && fromColumns[0] === columnNamed(from, tenant.column),
  );
  return edge?.reference.toColumns[0];
}

/** What to say of a table whose rows are the tenant's or not, and are not chosen by that. */
function unbound(table: SourceTable, tenant: Tenant, graph: Graph, ruleOf: ReadonlyMap<SourceTable, TableRule>): Words {
  const shown = shownTable(table);
  const key = keyOfTenants(table, tenant, graph);
  const why = `it has no column ${tenant.column}, and no foreign key that is followed down to one`;
  const only =
    key === undefined
      ? linesFor(table, graph, ruleOf)
      : `at ${shown} ${rowsLine(ruleOf.get(table), `${writeIdentifier(key.name)} = ${literalOf(key, tenant.value)}`)} and \`tenant: false\``;
  const advice = only === undefined ? "; " : `; to leave them out, ${only}, or `;
  return {
    whose: NOT_OWN,
    rest: ` of ${shown}: ${why}${advice}write \`tenant: false\` alone if that is meant`,
  };
}

/** What to write so that other rows decide about those of a table; and where they do already, so that none are added. */
function linesFor(table: SourceTable, graph: Graph, ruleOf: ReadonlyMap<SourceTable, TableRule>): string | undefined {
  const down = graph.edges.filter(
    (edge) => edge.reference.from === table && edge.direction !== "down" && !closesCircle(edge, graph),
  );
  if (down.length > 0) {
    const columns = down.map(({ reference }) => followColumn(reference, referencesOf(graph)));
    return `at ${shownTable(table)} ${followLine(ruleOf.get(table), columns)}`;
  }
  const emptied = graph.edges.flatMap((edge) => {
    const { from, to } = edge.reference;
    const column = edge.direction === "up" && to === table ? emptyColumn(edge) : undefined;
    if (column === undefined) return [];
    return [`at ${shownTable(from)} ${lineInstead(ruleOf.get(from), column, "{ value: null }")} (empties the column)`];
  });
  return emptied.length === 0 ? undefined : unique(emptied).join(" and ");
}

/** Whether a reference, followed down, would lead back to its own table along others that are. */
function closesCircle({ reference: { from, to } }: Edge, { edges }: Graph): boolean {
  const behind = new Set([to]);
  spread(behind, edges, ({ direction, reference }) =>
    direction === "down" && behind.has(reference.from) ? reference.to : undefined,
  );
  return behind.has(from);
}

/** What to say of a table of whose rows nothing tells whose they are, and that other rules choose. */
function chosenOtherwise(table: SourceTable, { column }: Tenant): Words {
  return {
    whose: "",
    rest: ` of ${shownTable(table)}, whichever tenant's they are: it has no column ${column}, and no foreign key that leads to one and is followed down, so other rules alone choose its rows; write \`tenant: false\` there if that is meant`,
  };
}

function literalOf({ baseType }: SourceColumn, value: string): string {
  const isNumber = /^(?:int[248]|numeric)$/.test(baseType) && /^\s*-?\d+\s*$/.test(value);
  return isNumber ? value.trim() : quoteLiteral(value);
}

/** What to say of a table that gets rows of other tenants, since copied rows refer to them. */
function addedRows(
  table: SourceTable,
  mixing: readonly Edge[],
  graph: Graph,
  ruleOf: ReadonlyMap<SourceTable, TableRule>,
): Words {
  // A table that gets rows itself passes them on.
  const behind = new Set([table]);
  spread(behind, graph.edges, (edge) =>
    behind.has(edge.reference.to) && isAdding(edge, graph) && edge.direction === "down"
      ? edge.reference.from
      : undefined,
  );
  const ways = mixing.filter(({ direction, reference: { to } }) => direction === "up" && behind.has(to));
  const byTable = Map.groupBy(ways, ({ reference }) => reference.from);
  const lines = [...byTable].flatMap(([from, some]) => {
    const choices = choicesAt(some, graph, ruleOf.get(from));
    return choices.length === 0 ? [] : [`at ${shownTable(from)} ${choices.join(", or ")}`];
  });
  const advice = lines.length === 0 ? "" : `; to leave them out, ${lines.join("; ")}`;
  return {
    whose: NOT_OWN,
    rest: ` of ${shownTable(table)}, where copied rows refer to them (${unique(ways.map(({ reference }) => shownEnd(reference))).join(", ")})${advice}`,
  };
}

/** What to write at a table so that its rows add none along these references: all of them at once, as it has one `follow`. */
function choicesAt(ways: readonly Edge[], graph: Graph, rule: TableRule | undefined): string[] {
  const emptied = new Map(ways.map((way) => [way, emptyColumn(way)]));
  const down = ways.filter(({ reference: { from, to } }) => {
    // All around a circle, nothing can be followed down.
    return graph.circleOf(from) === undefined || graph.circleOf(from) !== graph.circleOf(to);
  });
  const emptying = (some: readonly Edge[]): string[] =>
    unique(
      some.flatMap((way) => {
        const column = emptied.get(way);
        return column === undefined ? [] : [`${lineInstead(rule, column, "{ value: null }")} (empties the column)`];
      }),
    );
  const following =
    down.length === 0
      ? []
      : [
          `${followLine(
            rule,
            down.map(({ reference }) => followColumn(reference, referencesOf(graph))),
          )} (leaves out its rows)`,
        ];
  const rest = emptying(ways.filter((way) => !down.includes(way)));
  const instead = down.length > 0 && ways.every((way) => emptied.get(way) !== undefined) ? emptying(ways) : [];
  return [[...following, ...rest], instead].flatMap((parts) => (parts.length === 0 ? [] : [parts.join(" and ")]));
}

/** The column of a reference that may be NULL. */
function emptyColumn({ reference }: Edge): SourceColumn | undefined {
  return reference.where === undefined ? emptiableColumn(reference) : undefined;
}

function referencesOf({ edges }: Graph): Reference[] {
  return edges.map(({ reference }) => reference);
}

/** A column may refer to a table in more than one way. */
function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/** Whether every row refers to another one. */
function holdsAlways(reference: Reference): boolean {
  return !isPartial(reference) && reference.fromColumns.every(({ notNull }) => notNull);
}

/** SQL over a table by its name, true for rows that refer to none along these ways. */
function refersToNothing(table: SourceTable, ways: readonly Edge[]): string {
  const refers = ways.map(({ reference: { fromColumns, where } }) => {
    const some = fromColumns.map(({ name }) => `${quoteIdentifier(table.name)}.${quoteIdentifier(name)} IS NOT NULL`);
    return `(${[...some, ...(where === undefined ? [] : [`((${where.text}\n)) IS TRUE`])].join(" AND ")})`;
  });
  return `NOT (${refers.join(" OR ")})`;
}

/** What to say of rows that refer to nothing that tells whose they are. */
function withoutParent(table: SourceTable, ways: readonly Edge[], graph: Graph, rule: TableRule | undefined): Words {
  const columns = [...new Set(ways.flatMap(({ reference }) => reference.fromColumns))];
  const followed = ways.map(({ reference }) => followColumn(reference, referencesOf(graph)));
  const names = columns.map(({ name }) => writeIdentifier(name)).join(", ");
  const some = columns.map(({ name }) => `${writeIdentifier(name)} IS NOT NULL`).join(" OR ");
  const only = `${rowsLine(rule, some)}, ${followLine(rule, followed)} and \`tenant: false\``;
  return {
    whose: ` of ${shownTable(table)} that refer to no other row by ${names}`,
    rest: `, whichever tenant's they are; to leave them out, ${only} there, or \`tenant: false\` alone if that is meant`,
  };
}
