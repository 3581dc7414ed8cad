import { nearest } from "#errors/suggest.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, writeIdentifier } from "#sql/quote.ts";
import type { Trial } from "../finding.ts";
import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { columnNamed, shownTable } from "./names.ts";
import type { Problem, Rules } from "./rules.ts";

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
        fix: `Give a value that ${shownTable(conditions[0]!.table)}.${writeIdentifier(conditions[0]!.column.name)} has in a row`,
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

/** "tenant (clinic_id = 2)" */
export function shownTenant({ column, value }: Tenant): string {
  return `tenant (${column} = ${value})`;
}

function named({ schema, name }: SourceTable): string {
  return `${quoteQualified(schema, name)} AS ${quoteIdentifier(name)}`;
}
