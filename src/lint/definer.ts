import { inside, type Node } from "#sql/parser.ts";

/** Whether a function that is made or altered runs with the rights of its owner. */
export function isDefiner(node: Node): boolean {
  return optionsOf(node).some(
    (option) => option?.defname === "security" && inside(option.arg, "Boolean")?.boolval === true,
  );
}

/** Whether it looks names up in schemas of its own choice. */
export function setsSearchPath(node: Node): boolean {
  return optionsOf(node).some(
    (option) => option?.defname === "set" && inside(option.arg, "VariableSetStmt")?.name === "search_path",
  );
}

function optionsOf(node: Node) {
  const options = inside(node, "CreateFunctionStmt")?.options ?? inside(node, "AlterFunctionStmt")?.actions ?? [];
  return options.map((option) => inside(option, "DefElem"));
}
