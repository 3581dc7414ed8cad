import { nearest } from "#errors/suggest.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, writeIdentifier } from "#sql/quote.ts";
import type { SourceColumn, SourceTable, Trial } from "../plan.ts";
import { columnNamed, shownTable } from "./names.ts";
import type { Problem, Rules } from "./rules.ts";
import { type Edge, type Graph, spread, type Wish } from "../subset/graph.ts";
import type { Reference } from "./references.ts";
import { yamlKey } from "./yaml-key.ts";

type Tenant = NonNullable<Rules["tenant"]>;

/** The condition for the tenant on a table, whose rows are called by its name. */
export interface TenantCondition {
  readonly table: SourceTable;
  readonly column: SourceColumn;
  readonly sql: string;
}

/** A column that no table has narrows nothing, so that every tenant would be copied. */
export function tenantProblem(tenant: Tenant, tables: readonly SourceTable[]): Problem | undefined {
  if (tables.some((table) => columnNamed(table, tenant.column) !== undefined)) return undefined;
  const near = nearest(
    tenant.column,
    tables.flatMap(({ columns }) => columns.map(({ name }) => name)),
  );
  return {
    rule: "unknown-column",
    message: `No table that is copied has the tenant's column "${tenant.column}", so rows of every tenant would be copied`,
    fix: near === undefined ? "Name the column that says whose a row is" : `Did you mean "${near}"?`,
    place: tenant.place,
  };
}

/** Whether PostgreSQL takes the tenant's value: once for each type that its column has. */
export function tenantValueTrials({ value, place }: Tenant, conditions: readonly TenantCondition[]): Trial[] {
  const byType = new Map(conditions.map((each) => [each.column.type, each]));
  return [...byType.values()].map(({ table, column, sql }) => ({
    kind: "parse",
    sql: `SELECT FROM ${named(table)} WHERE ${sql}`,
    finding: {
      rule: "invalid-sql",
      message: `The tenant's value "${value}" does not go with ${shownTable(table)}.${column.name} (${column.type})`,
      fix: `Give a value of the type ${column.type}`,
      location: place.file.location(place.offset),
      table: undefined,
      column: undefined,
    },
  }));
}

/** Whether any row is the tenant's: a value that none has would empty the target. A source without rows has nothing to miss. */
export function tenantRowsTrial({ column, value, place }: Tenant, conditions: readonly TenantCondition[]): Trial[] {
  if (conditions.length === 0) return [];
  const some = (where: (condition: TenantCondition) => string): string =>
    conditions.map((each) => `EXISTS (SELECT FROM ${named(each.table)}${where(each)})`).join(" OR ");
  return [
    {
      kind: "refused",
      sql: `SELECT CASE WHEN ${some(({ sql }) => ` WHERE ${sql}`)} THEN false ELSE ${some(() => "")} END AS refused`,
      finding: {
        rule: "unknown-tenant",
        message: `No row has ${column} = ${value}, so no row of the tenant would be copied`,
        fix: `Give a value that rows of ${shownTable(conditions[0]!.table)} have`,
        location: place.file.location(place.offset),
        table: undefined,
        column: undefined,
      },
    },
  ];
}

/** The condition for the tenant, where the table has that column. */
export function tenantConditions(table: SourceTable, tenant: Tenant): (TenantCondition & { readonly shown: string })[] {
  const column = columnNamed(table, tenant.column);
  if (column === undefined) return [];
  const value = quoteLiteral(tenant.value);
  return [
    {
      table,
      column,
      sql: `(${quoteIdentifier(table.name)}.${quoteIdentifier(column.name)} = ${value})`,
      shown: `${writeIdentifier(column.name)} = ${value.trim()}`,
    },
  ];
}

/** Rows of other tenants that are copied although the rules ask for one. */
export function otherTenants(tenant: Tenant, asked: readonly Wish[], graph: Graph): string[] {
  const hasColumn = (table: SourceTable): boolean => columnNamed(table, tenant.column) !== undefined;
  const bound = new Set(asked.map(({ table }) => table).filter(hasColumn));
  const leads = ({ direction, reference: { to, fromParts } }: Edge): boolean =>
    direction === "down" && fromParts === undefined && bound.has(to);
  spread(bound, graph.edges, (edge) => (leads(edge) ? edge.reference.from : undefined));
  const free = asked.filter(({ table }) => !bound.has(table));
  const isCut = ({ table }: Wish): boolean => graph.isCut(table);
  const which = shownTenant(tenant);
  const without = `they have no column ${tenant.column}, and no foreign key that leads to one`;
  const line = (wishes: readonly Wish[], sentence: (names: string) => string): string[] =>
    wishes.length === 0 ? [] : [`${which}: ${sentence(wishes.map(({ table }) => shownTable(table)).join(", "))}`];
  const mixed = asked.filter(({ table }) => graph.isAddedTo(table) && hasColumn(table));
  return [
    ...line(
      free.filter((wish) => !isCut(wish)),
      (names) =>
        `every row is copied of ${names}: ${without}; give them \`rows:\` and \`tenant: false\`, or \`tenant: false\` alone to copy every tenant's rows`,
    ),
    ...line(
      free.filter(isCut),
      (names) =>
        `rows of every tenant are copied of ${names}: ${without} and is followed down, so other rules alone choose their rows; write \`tenant: false\` there if that is meant`,
    ),
    ...asked.flatMap(({ table }) => {
      if (hasColumn(table) || !bound.has(table)) return [];
      const ways = graph.edges.filter((edge) => edge.reference.from === table && leads(edge));
      return ways.some(({ reference }) => holdsAlways(reference)) ? [] : [`${which}: ${withoutParent(table, ways)}`];
    }),
    ...mixed.map(({ table }) => `${which}: ${addedRows(table, graph)}`),
  ];
}

/** What to say of a table that gets rows of other tenants, since copied rows refer to them. */
function addedRows(table: SourceTable, graph: Graph): string {
  const isAdding = ({ direction, reference: { from } }: Edge): boolean =>
    direction === "up" || (direction === "down" && graph.isAddedTo(from));
  // A table that gets rows itself passes them on.
  const behind = new Set([table]);
  spread(behind, graph.edges, (edge) =>
    behind.has(edge.reference.to) && isAdding(edge) && edge.direction === "down" ? edge.reference.from : undefined,
  );
  const ways = graph.edges.filter(({ direction, reference: { to } }) => direction === "up" && behind.has(to));
  const nameOf = ({ from, fromColumns }: Reference): string =>
    `${shownTable(from)}.${fromColumns.map(({ name }) => writeIdentifier(name)).join(", ")}`;
  const lines = ways.flatMap(({ reference }): string[] => {
    const { from, to, fromColumns, where } = reference;
    const empty =
      where === undefined ? fromColumns.find(({ notNull, generated }) => !notNull && !generated) : undefined;
    const isCircle = graph.circleOf(from) !== undefined && graph.circleOf(from) === graph.circleOf(to);
    const choices = [
      ...(empty === undefined ? [] : [`\`${yamlKey(empty.name)}: { value: null }\` (empties the column)`]),
      // All around a circle, nothing can be followed down.
      ...(isCircle ? [] : [`\`follow: { ${yamlKey(fromColumns[0]!.name)}: down }\` (leaves out its rows)`]),
    ];
    return choices.length === 0 ? [] : [`at ${shownTable(from)} ${choices.join(" or ")}`];
  });
  const advice = lines.length === 0 ? "" : `; to leave them out, write ${unique(lines).join("; ")}`;
  return `rows of other tenants are copied of ${shownTable(table)}, as copied rows refer to them (${unique(ways.map(({ reference }) => nameOf(reference))).join(", ")})${advice}`;
}

/** A column may refer to a table in more than one way. */
function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/** "tenant (clinic_id = 2)" */
export function shownTenant({ column, value }: Tenant): string {
  return `tenant (${column} = ${value})`;
}

/** Whether every row refers to another one. */
function holdsAlways({ fromColumns, where }: Reference): boolean {
  return where === undefined && fromColumns.every(({ notNull }) => notNull);
}

/** What to say of rows that refer to nothing that tells whose they are. */
function withoutParent(table: SourceTable, ways: readonly Edge[]): string {
  const columns = [...new Set(ways.flatMap(({ reference }) => reference.fromColumns))];
  const names = columns.map(({ name }) => writeIdentifier(name)).join(", ");
  const follow = columns.map(({ name }) => `${yamlKey(name)}: down`).join(", ");
  const some = columns.map(({ name }) => `${writeIdentifier(name)} IS NOT NULL`).join(" OR ");
  // Quotes of SQL are in quotes of YAML.
  const rows = some.includes('"') ? `'${some.replaceAll("'", "''")}'` : some;
  const only = `\`rows: ${rows}\`, \`follow: {${follow}}\` and \`tenant: false\``;
  return `rows of ${shownTable(table)} that refer to no other row by ${names} are copied, whichever tenant's they are; to leave them out, write ${only} there, or \`tenant: false\` alone if that is meant`;
}

function named({ schema, name }: SourceTable): string {
  return `${quoteQualified(schema, name)} AS ${quoteIdentifier(name)}`;
}
