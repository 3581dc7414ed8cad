import { type Constraint, inside, type Node, type RangeVar, strings } from "#sql/parser.ts";
import type { LintFile } from "./file.ts";
import { refusesNulls } from "./null-rows.ts";
import type { Context } from "./rule.ts";
import { alterations } from "#sql/alterations.ts";
import { addedColumns, addedConstraints, isNullConstant } from "./syntax.ts";
import { isBeforeInsert } from "./world/filling-triggers.ts";
import type { World } from "./world/world.ts";

/**
 * New columns of a table that every release older than the file leaves out, and that may not be NULL when the file has run: without a
 * default, and without a trigger of the file that fills them. Of several statements that have a share in it, the last one has them.
 * To be asked when the whole file was seen.
 */
export function requiredOfOldWriters({ file, node, world }: Pick<Context, "file" | "node" | "world">): string[] {
  const [alteration] = alterations(node);
  if (alteration === undefined) return [];
  const { table } = alteration;
  const nodes = alterationsOf(file, world, table);
  const added = nodes.flatMap((other) => addedColumns(other)).map(({ column }) => column.colname ?? "");
  const columns = new Set(added.filter((name) => world.column(table, name)?.hasDefault === false));
  if (columns.size === 0 || isFilledBy(file, world, table)) return [];
  const isThere = ({ conname }: Constraint): boolean =>
    conname === undefined || world.find(table)?.constraints.has(conname) === true;
  return [...columns].filter((column) => {
    const refusing = nodes.filter((other) => refuses(other, column, columns, isThere));
    const isRequired = world.column(table, column)?.notNull === true || refusing.length > 0;
    const last = nodes.findLast((other) => refusing.includes(other) || bearsOn(other, column));
    return isRequired && last === node && !isOfRequiredColumn(node, column);
  });
}

/** Whether a file adds the column to a table that is there. */
export function isAddedBy(file: LintFile, world: World, table: RangeVar, column: string): boolean {
  return alterationsOf(file, world, table).some((node) =>
    addedColumns(node).some((added) => added.column.colname === column),
  );
}

/** The statements of a file that alter a table, by its name without a schema. */
const altering = new WeakMap<LintFile, ReadonlyMap<string, readonly Node[]>>();

function alterationsOf(file: LintFile, world: World, table: RangeVar): readonly Node[] {
  let byName = altering.get(file);
  if (byName === undefined) {
    const nodes = file.statements.flatMap(({ node }) => (inside(node, "AlterTableStmt") === undefined ? [] : [node!]));
    byName = Map.groupBy(nodes, (node) => inside(node, "AlterTableStmt")?.relation?.relname ?? "");
    altering.set(file, byName);
  }
  const key = world.keyOf(table);
  return (byName.get(table.relname ?? "") ?? []).filter((node) => world.keyOf(alterations(node)[0]?.table) === key);
}

/** Whether a statement takes the default of a column, or forbids NULL in it. */
function bearsOn(node: Node, column: string): boolean {
  return (
    alterations(node, "AT_SetNotNull").some(({ command }) => command.name === column) ||
    alterations(node, "AT_ColumnDefault").some(
      ({ command }) => command.name === column && (command.def === undefined || isNullConstant(command.def)),
    ) ||
    addedConstraints(node, "CONSTR_NOTNULL").some((added) => added.column === column)
  );
}

/** Whether a statement adds a constraint that refuses rows without these new columns, this one among them. */
function refuses(
  node: Node,
  column: string,
  columns: ReadonlySet<string>,
  isThere: (constraint: Constraint) => boolean,
): boolean {
  const others = new Set([...columns].filter((other) => other !== column));
  return addedConstraints(node, "CONSTR_CHECK", "CONSTR_NOTNULL").some(({ constraint }) => {
    const { contype, raw_expr: check, keys } = constraint;
    if (!isThere(constraint) || constraint.is_enforced === false) return false;
    if (contype === "CONSTR_NOTNULL") return strings(keys).includes(column);
    return refusesNulls(check, new Set([column])) || (refusesNulls(check, columns) && !refusesNulls(check, others));
  });
}

/** ADD COLUMN ... NOT NULL without a default, which required-column tells. */
function isOfRequiredColumn(node: Node, column: string): boolean {
  return addedColumns(node).some(({ column: { colname }, constraints }) => {
    const has = (kind: Constraint["contype"]): boolean => constraints.some(({ contype }) => contype === kind);
    const isNotNull = has("CONSTR_NOTNULL") || has("CONSTR_PRIMARY");
    return colname === column && isNotNull && !has("CONSTR_DEFAULT");
  });
}

/** Whether a file makes a trigger that may fill new columns, or the code of one. */
function isFilledBy(file: LintFile, world: World, table: RangeVar): boolean {
  const key = world.keyOf(table);
  return file.statements.some(({ node }) => {
    const trigger = inside(node, "CreateTrigStmt");
    if (trigger !== undefined) return isBeforeInsert(node) && world.keyOf(trigger.relation) === key;
    const code = inside(node, "CreateFunctionStmt");
    return code?.replace === true && world.isTriggerFunction(strings(code.funcname));
  });
}
