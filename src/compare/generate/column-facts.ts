import type { Catalogue } from "../catalogue/catalogue.ts";
import { parentTable, textOf } from "../engine/lookups.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { parseQualifiedName, writeIdentifier } from "#sql/quote.ts";

export interface ColumnState {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** An expression. */
  readonly default: string | undefined;
  readonly comment?: string | undefined;
}

export interface ColumnId {
  readonly kind: "column";
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

/** A column by the path of a change. */
export function columnId(path: readonly string[]): ColumnId {
  const [schema = "", table = "", name = ""] = path;
  return { kind: "column", schema, table, name };
}

export function isSameTable(
  one: Pick<ColumnId, "schema" | "table">,
  other: Pick<ColumnId, "schema" | "table">,
): boolean {
  return one.schema === other.schema && one.table === other.table;
}

export function stateOf(catalogue: Catalogue, id: ColumnId): ColumnState {
  const fact = catalogue.facts.get(id);
  return {
    name: id.name,
    type: textOf(catalogue.facts, id, "type") ?? "",
    notNull: fact?.payload["notNull"] === true,
    default: defaultOf(catalogue, id),
    comment: textOf(catalogue.facts, { kind: "comment", target: id }, "text"),
  };
}

function defaultOf({ facts }: Pick<Catalogue, "facts">, id: ColumnId): string | undefined {
  const value = facts.childrenOf(id).find((child) => child.id.kind === "default");
  return value === undefined ? undefined : textOf(facts, value.id, "expr");
}

/**
 * What a column that is only copied would not have, but for indexes and constraints (`belongings.ts`), or what a trigger on its
 * table would miss; undefined for nothing.
 */
export function obstacleOf({ facts }: Catalogue, id: ColumnId): string | undefined {
  const { payload = {} } = facts.get(id) ?? {};
  const obstacle = tableObstacleOf({ facts }, id) ?? ownObstacleOf({ facts }, id);
  if (obstacle !== undefined) return obstacle;
  if ((payload["identity"] ?? null) !== null) return "it is an identity column";
  if (/\bnextval\(/.test(defaultOf({ facts }, id) ?? "")) return "its default is a sequence";
  const first = dependentsOf({ facts }, id).find(({ kind }) => !ANEW.has(kind));
  return first === undefined ? undefined : dependentInWords(first, { facts });
}

/** Kinds of what is made anew for a new column. */
const ANEW: ReadonlySet<string> = new Set(["comment", "index", "constraint"]);

/**
 * What the domain of a column brings along: PostgreSQL writes the table anew to add a column whose domain has a constraint, and a
 * default fills it for releases that do not know it.
 */
export function domainObstacleOf({ facts }: Pick<Catalogue, "facts">, id: ColumnId): string | undefined {
  const type = parseQualifiedName(textOf(facts, id, "type") ?? "");
  if (type?.schema === undefined) return undefined;
  const domain: ObjectId = { kind: "domain", schema: type.schema, name: type.name };
  const fact = facts.get(domain);
  if (fact === undefined) return undefined;
  if ((fact.payload["default"] ?? null) !== null) {
    return `its domain ${type.name} has a default, so that a row of the old release would look like one of the new`;
  }
  const isConstrained =
    fact.payload["notNull"] === true || facts.childrenOf(domain).some((one) => one.id.kind === "constraint");
  return isConstrained
    ? `its domain ${type.name} has a constraint, and PostgreSQL writes the table anew to add a column of it (give it the type below the domain, and the domain later)`
    : undefined;
}

/** What a column has that no other can take over. */
export function ownObstacleOf({ facts }: Pick<Catalogue, "facts">, id: ColumnId): string | undefined {
  if (textOf(facts, id, "collation") !== undefined) return "it has a collation of its own";
  return (facts.get(id)?.payload["generatedExpr"] ?? null) === null ? undefined : "it is generated";
}

/** Why the rows of a table cannot be kept in step by a trigger on it. */
export function tableObstacleOf(
  { facts }: Pick<Catalogue, "facts">,
  { schema, table: name }: Pick<ColumnId, "schema" | "table">,
): string | undefined {
  const table: ObjectId = { kind: "table", schema, name };
  if (!facts.has(table)) return "it is not of a table";
  if (textOf(facts, table, "partitionKey") !== undefined) return "its table is partitioned";
  if (parentTable(facts, table) !== undefined) return "its table inherits from another";
  const hasHeirs = facts.facts().some(({ id: other }) => {
    const parent = other.kind === "table" ? parentTable(facts, other) : undefined;
    return parent?.name === name && parent.schema === schema;
  });
  if (hasHeirs) return "another table inherits from its table";
  const instead = facts
    .childrenOf(table)
    .find((part) => part.id.kind === "rule" && /\bDO INSTEAD\b/.test(textOf(facts, part.id, "def") ?? ""));
  if (instead !== undefined && "name" in instead.id) {
    return `the rule ${instead.id.name} does something else instead of a write, which the trigger that keeps old and new in step does not see`;
  }
  const last = facts
    .childrenOf(table)
    .find(({ id: part }) => part.kind === "trigger" && Buffer.compare(Buffer.from(part.name), Buffer.from("~")) >= 0);
  if (last !== undefined && "name" in last.id) {
    return `the trigger ${last.id.name} would fire behind the one that keeps old and new in step, and could change one of them (triggers fire in the order of their names)`;
  }
  return undefined;
}

/** Everything that stands on a column, but for its default. */
export function dependentsOf({ facts }: Pick<Catalogue, "facts">, id: ColumnId): ObjectId[] {
  return [...facts.childrenOf(id).map((child) => child.id), ...facts.incomingEdges(id).map((edge) => edge.from)].filter(
    ({ kind }) => kind !== "default",
  );
}

export function dependentInWords(id: ObjectId, { facts }: Pick<Catalogue, "facts">): string {
  if (id.kind === "acl") {
    const target = id.target.kind === "table" ? writeQualified(id.target) : "";
    const column = writeIdentifier(id.column ?? "");
    const rights = (facts.get(id)?.payload["privileges"] ?? []) as readonly string[];
    const list = rights.map((right) => `${right} (${column})`).join(", ");
    const to = id.grantee === "PUBLIC" ? id.grantee : writeIdentifier(id.grantee);
    return `it has rights of its own, which the new column would not have: GRANT ${list} ON ${target} TO ${to}. Revoke them in a migration first, and grant them again behind the contract`;
  }
  return `the ${id.kind}${"name" in id ? ` ${id.name}` : ""} would have to be made for the new column as well`;
}

function writeQualified({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${writeIdentifier(schema)}.${writeIdentifier(name)}`;
}
