import type { MapNode, TreeNode, YamlSource } from "#files/yaml-tree.ts";
import { nearest } from "#errors/suggest.ts";
import type { PlacedText, Problem, ReferenceRule } from "./rules.ts";

const KEYS = ["from", "to", "where"] as const;

const EXAMPLE = "- { from: events.user_id, to: users.id }";

/**
 * Reads what is below `references`.
 * @param problems what could not be read is added to them
 */
export function readReferences(node: TreeNode, file: YamlSource, problems: Problem[]): ReferenceRule[] {
  const problem = (offset: number, message: string, fix: string, rule = "invalid-rule"): void => {
    problems.push({ rule, message, fix, place: { file, offset } });
  };
  if (node.kind !== "list") {
    problem(node.offset, '"references" has to be a list', EXAMPLE);
    return [];
  }
  const text = (value: TreeNode, key: string): PlacedText[] => {
    if (value.kind === "scalar" && value.text.trim() !== "" && !value.text.includes("\0"))
      return [{ text: value.text, place: { file, offset: value.offset } }];
    problem(value.offset, `"${key}" has to be a single value`, EXAMPLE);
    return [];
  };
  /** The columns at one end of a reference: one, or a list of them. */
  const end = (value: TreeNode | undefined, key: "from" | "to"): PlacedText[] => {
    if (value === undefined) return [];
    const items = value.kind === "list" ? value.items : [value];
    const several = items.find((item) => columnsIn(item).length > 1 || (item.kind === "list" && value.kind === "list"));
    if (several === undefined) return items.flatMap((item) => text(item, key));
    const columns = items
      .flatMap(columnsIn)
      .map((column) => (/^[\w.]+$/.test(column) ? column : JSON.stringify(column)));
    problem(
      several.offset,
      "Columns at one end of a reference are one list, in brackets",
      `${key}: [${columns.join(", ")}]`,
    );
    return [];
  };
  const reference = (item: MapNode): ReferenceRule[] => {
    const before = problems.length;
    for (const { key, offset } of item.entries.values()) {
      if (KEYS.some((known) => known === key)) continue;
      const near = nearest(key, KEYS);
      const fix = near === undefined ? `Known: ${KEYS.join(", ")}` : `Did you mean "${near}"?`;
      problem(offset, `Unknown key "${key}"`, fix, "unknown-key");
    }
    const [from = [], to = []] = (["from", "to"] as const).map((key) => end(item.entries.get(key)?.value, key));
    const condition = item.entries.get("where");
    const [where] = condition === undefined ? [] : text(condition.value, "where");
    if (problems.length > before) return [];
    if (from.length === to.length && to.length > 0)
      return [{ pairs: from.map((one, at) => ({ from: one, to: to[at]! })), where }];
    if (from.length === 0 || to.length === 0) problem(item.offset, "A reference has a `from` and a `to`", EXAMPLE);
    else
      problem(
        item.offset,
        `A reference has as many columns in \`from\` as in \`to\`: there ${from.length === 1 ? "is 1" : `are ${from.length}`}, and ${to.length}`,
        "- { from: [events.tenant_id, events.user_id], to: [users.tenant_id, users.id] }",
      );
    return [];
  };
  return node.items.flatMap((item) => {
    if (item.kind === "map") return reference(item);
    problem(item.offset, "A reference is a map", EXAMPLE);
    return [];
  });
}

/** The columns that a node names, also in lists within it and with commas between them, which YAML takes for one text. */
export function columnsIn(node: TreeNode): string[] {
  if (node.kind === "list") return node.items.flatMap(columnsIn);
  if (node.kind !== "scalar") return [];
  // A comma in a quoted name parts nothing.
  return (node.text.match(/(?:"(?:[^"]|"")*"|[^",])+/g) ?? []).map((column) => column.trim()).filter(Boolean);
}
