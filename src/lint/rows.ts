import { inside, type Node, type NodeOf } from "#sql/parser.ts";
import { nodesIn } from "./syntax.ts";

/**
 * Whether a condition is true of every row: none at all, one in which no column stands (`WHERE true`), a column that is
 * compared with itself, or a key that is not NULL, which no key is.
 */
export function isEverything(where: Node | undefined): boolean {
  if (where === undefined) return true;
  const constant = inside(where, "A_Const");
  if (constant !== undefined) return constant.boolval?.boolval === true || /^t/i.test(constant.sval?.sval ?? "");
  const both = inside(where, "BoolExpr");
  if (both?.boolop === "AND_EXPR") return (both.args ?? []).every((part) => isEverything(part));
  if (both?.boolop === "OR_EXPR") return (both.args ?? []).some((part) => isEverything(part));
  const test = inside(where, "NullTest");
  if (test !== undefined) return test.nulltesttype === "IS_NOT_NULL" && columnName(test.arg) === "id";
  const comparison = inside(where, "A_Expr");
  if (comparison?.kind !== "AEXPR_OP" || inside(comparison.name?.[0], "String")?.sval !== "=") return false;
  const [left, right] = [inside(comparison.lexpr, "ColumnRef"), inside(comparison.rexpr, "ColumnRef")];
  if (left !== undefined && right !== undefined) {
    return JSON.stringify(left.fields) === JSON.stringify(right.fields);
  }
  return (
    isConstant(comparison.lexpr) &&
    JSON.stringify(valueOf(comparison.lexpr)) === JSON.stringify(valueOf(comparison.rexpr))
  );
}

/** Whether a condition somewhere in a statement is decided by constants alone: `WHERE 1 = 1`, `WHERE 't'`. */
export function comparesConstants(node: Node): boolean {
  return [...nodesIn(node)].some(([kind, inner]) => {
    if (kind === "A_Expr") return isConstant(inner["lexpr"] as Node) && isConstant(inner["rexpr"] as Node);
    const conditions = kind === "BoolExpr" ? ((inner["args"] ?? []) as Node[]) : [inner["whereClause"] as Node];
    return conditions.some(isConstant);
  });
}

/** Of a constant, wherever it stands. */
function valueOf(node: Node | undefined): unknown {
  const { location: _place, ...value } = inside(node, "A_Const") ?? {};
  return value;
}

/** Every statement of a kind in a statement: itself, and those of its WITH clause. */
export function statementsIn<Name extends "DeleteStmt" | "UpdateStmt">(node: Node, name: Name): NodeOf<Name>[] {
  // Bodies run later, if ever.
  if ("CreateFunctionStmt" in node || "RuleStmt" in node) return [];
  return [...nodesIn(node)].flatMap(([kind, inner]) => (kind === name ? [inner as NodeOf<Name>] : []));
}

/** Whether a WHERE clause picks a few rows by name: `id = 7`, `id IN (7, 8)`, and whatever narrows that further. */
export function isNarrow(where: Node | undefined): boolean {
  const and = inside(where, "BoolExpr");
  if (and !== undefined) return and.boolop === "AND_EXPR" && (and.args ?? []).some(isNarrow);
  const comparison = inside(where, "A_Expr");
  if (comparison === undefined) return false;
  const isEqual = inside(comparison.name?.[0], "String")?.sval === "=";
  const isKey = isKeyColumn(comparison.lexpr);
  if (comparison.kind === "AEXPR_IN") {
    const list = inside(comparison.rexpr, "List")?.items ?? [];
    return isEqual && isKey && list.every(isConstant);
  }
  return comparison.kind === "AEXPR_OP" && isEqual && isKey && isConstant(comparison.rexpr);
}

/** By its name: a flag or a state with the same value picks most of a table. */
function isKeyColumn(node: Node | undefined): boolean {
  return /(?:^|_)(?:id|key|code|name|slug|email|uuid|number)$/.test(columnName(node));
}

function columnName(node: Node | undefined): string {
  return inside(inside(node, "ColumnRef")?.fields?.at(-1), "String")?.sval ?? "";
}

function isConstant(node: Node | undefined): boolean {
  const cast = inside(node, "TypeCast");
  return cast === undefined ? inside(node, "A_Const") !== undefined : isConstant(cast.arg);
}
