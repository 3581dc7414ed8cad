import { parseQualifiedName } from "./quote.ts";

/**
 * Whether a text speaks of a relation, in whatever schema: its name stands there as a word of its own. Pure.
 * @param relation schema and name as SQL takes them
 */
export function namesRelation(text: string, relation: string): boolean {
  const name = parseQualifiedName(relation)?.name ?? relation;
  return new RegExp(String.raw`(?<![\w$])${RegExp.escape(name)}(?![\w$])`, "i").test(text);
}
