import { inside, type Node, type NodeOf, strings } from "#sql/parser.ts";

type Setting = Pick<NodeOf<"VariableSetStmt">, "kind" | "name" | "args" | "is_local">;

/** What a statement sets in its session: SET and RESET, and `SELECT set_config('lock_timeout', '0', false)`. */
export function settingsSet(node: Node | undefined): Setting[] {
  const set = inside(node, "VariableSetStmt");
  if (set !== undefined) return [set];
  return (inside(node, "SelectStmt")?.targetList ?? []).flatMap((target): Setting[] => {
    const call = inside(inside(target, "ResTarget")?.val, "FuncCall");
    if (call === undefined || strings(call.funcname).at(-1) !== "set_config") return [];
    const [named, value, local] = call.args ?? [];
    const name = inside(named, "A_Const")?.sval?.sval?.toLowerCase();
    // What is computed is not known.
    if (name === undefined || value === undefined || inside(value, "A_Const") === undefined) return [];
    const isLocal = inside(local, "A_Const")?.boolval?.boolval === true;
    return [{ kind: "VAR_SET_VALUE", name, args: [value], is_local: isLocal }];
  });
}
