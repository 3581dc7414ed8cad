import { inside, type Node } from "#sql/parser.ts";

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
  const name = inside(inside(node, "ColumnRef")?.fields?.at(-1), "String")?.sval ?? "";
  return /(?:^|_)(?:id|key|code|name|slug|email|uuid|number)$/.test(name);
}

function isConstant(node: Node | undefined): boolean {
  const cast = inside(node, "TypeCast");
  return cast === undefined ? inside(node, "A_Const") !== undefined : isConstant(cast.arg);
}
