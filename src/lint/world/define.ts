import { type ColumnDef, type Constraint, inside, type NodeOf, type RangeVar, strings } from "#sql/parser.ts";
import { asksNotNullAlone, isNullConstant, notNullColumns, typeText } from "../syntax.ts";
import type { KnownIndex, Relation } from "./relation.ts";
import type { Relations } from "./relations.ts";

/** Notes a table that CREATE TABLE makes, with its columns and constraints. */
export function createTable(relations: Relations, create: NodeOf<"CreateStmt">): void {
  const { relation: range } = create;
  // What is there stays what it is.
  if (create.if_not_exists === true && relations.find(range) !== undefined) return;
  const parent = create.partbound === undefined ? undefined : inside(create.inhRelations?.[0], "RangeVar");
  const isPlain = create.inhRelations === undefined && create.ofTypename === undefined;
  relations.make(range, "table", {
    complete: isPlain && !(create.tableElts ?? []).some((element) => "TableLikeClause" in element),
    partitioned: create.partspec !== undefined,
    rowSecurity: false,
  });
  const table = relations.find(range);
  if (table === undefined) return;
  if (parent !== undefined) attach(relations, table, parent, create.partbound?.is_default === true);
  for (const element of create.tableElts ?? []) {
    const column = inside(element, "ColumnDef");
    if (column !== undefined) addColumn(relations, table, range, column);
    const constraint = inside(element, "Constraint");
    if (constraint !== undefined) addConstraint(relations, table, range, constraint, undefined);
  }
}

/** Notes an index that CREATE INDEX makes. */
export function createIndex(relations: Relations, index: NodeOf<"IndexStmt">): void {
  if (index.relation === undefined) return;
  const columns = (index.indexParams ?? []).map((param) => inside(param, "IndexElem")?.name ?? "");
  const name = index.idxname ?? [index.relation.relname, ...columns, "idx"].join("_");
  makeIndex(relations, index.relation, name, {
    unique: index.unique === true,
    columns,
    plain: index.whereClause === undefined && (index.accessMethod ?? "btree") === "btree" && !columns.includes(""),
  });
}

/** Notes a table that becomes a partition. */
export function attach(relations: Relations, partition: Relation, parent: RangeVar, isDefault: boolean): void {
  partition.partitionOf = relations.keyOf(parent);
  const known = relations.find(parent);
  if (known !== undefined && isDefault) known.hasDefaultPartition = true;
}

/** Notes a column, with the constraints that stand beside it. */
export function addColumn(
  relations: Relations,
  table: Relation,
  range: RangeVar | undefined,
  definition: ColumnDef,
): void {
  const { colname: name = "", constraints = [] } = definition;
  const kinds = constraints.flatMap((node) => {
    const constraint = inside(node, "Constraint");
    const isNothing = constraint?.contype === "CONSTR_DEFAULT" && isNullConstant(constraint.raw_expr);
    return constraint === undefined || isNothing ? [] : [constraint.contype];
  });
  const type = typeText(definition.typeName);
  table.columns.set(name, {
    name,
    type,
    notNull: kinds.some((kind) => kind === "CONSTR_NOTNULL" || kind === "CONSTR_PRIMARY" || kind === "CONSTR_IDENTITY"),
    hasDefault:
      /^(?:small|big)?serial\d?$/.test(type) ||
      kinds.some((kind) => kind === "CONSTR_DEFAULT" || kind === "CONSTR_IDENTITY" || kind === "CONSTR_GENERATED"),
  });
  for (const node of constraints) {
    const constraint = inside(node, "Constraint");
    if (constraint !== undefined) addConstraint(relations, table, range, constraint, name);
  }
}

/** Notes a constraint, and the index that comes with it. */
export function addConstraint(
  relations: Relations,
  table: Relation,
  range: RangeVar | undefined,
  constraint: Constraint,
  column: string | undefined,
): void {
  const { contype: kind } = constraint;
  const suffix = kind === undefined ? undefined : SUFFIXES[kind];
  if (kind === undefined || suffix === undefined) return;
  const named = strings(kind === "CONSTR_FOREIGN" ? constraint.fk_attrs : constraint.keys);
  const columns = named.length > 0 ? named : column === undefined ? [] : [column];
  const name = constraint.conname ?? [table.name, ...(kind === "CONSTR_PRIMARY" ? [] : columns), suffix].join("_");
  table.constraints.set(name, {
    name,
    kind,
    columns,
    valid: constraint.skip_validation !== true && constraint.is_enforced !== false,
    provesNotNull: notNullColumns(constraint, columns),
    asksNotNullAlone: asksNotNullAlone(constraint),
    made: relations.here,
  });
  if (kind === "CONSTR_PRIMARY")
    for (const key of columns) {
      const known = table.columns.get(key);
      if (known !== undefined) known.notNull = true;
    }
  if (kind !== "CONSTR_PRIMARY" && kind !== "CONSTR_UNIQUE" && kind !== "CONSTR_EXCLUSION") return;
  const used =
    constraint.indexname === undefined ? undefined : relations.find({ ...range, relname: constraint.indexname });
  if (used?.index !== undefined) {
    used.index.ofConstraint = true;
    // PostgreSQL calls it as the constraint is called.
    relations.move(used, used.schema, constraint.conname ?? used.name);
    return;
  }
  if (range !== undefined)
    makeIndex(relations, range, name, {
      unique: true,
      columns,
      plain: kind !== "CONSTR_EXCLUSION",
      ofConstraint: true,
    });
}

function makeIndex(
  relations: Relations,
  table: RangeVar,
  name: string,
  index: Pick<KnownIndex, "unique" | "columns" | "plain"> & { readonly ofConstraint?: boolean },
): void {
  const range: RangeVar = {
    ...(table.schemaname === undefined ? {} : { schemaname: table.schemaname }),
    relname: name,
  };
  if (relations.find(range) !== undefined) return;
  relations.make(range, "index", { index: { ofConstraint: false, ...index, table: relations.keyOf(table) } });
}

/** How PostgreSQL names constraints that get no name (ChooseConstraintName). */
const SUFFIXES: Readonly<Partial<Record<NonNullable<Constraint["contype"]>, string>>> = {
  CONSTR_PRIMARY: "pkey",
  CONSTR_UNIQUE: "key",
  CONSTR_CHECK: "check",
  CONSTR_FOREIGN: "fkey",
  CONSTR_EXCLUSION: "excl",
  CONSTR_NOTNULL: "not_null",
};
