import { parseQualifiedName } from "./quote.ts";

/** Whether two names may be those of the same thing: one without a schema may be in any. Pure. */
export function mayBeSame(one: string, other: string): boolean {
  const [a, b] = [parseQualifiedName(one), parseQualifiedName(other)];
  if (a === undefined || b === undefined || a.name !== b.name) return false;
  return a.schema === undefined || b.schema === undefined || a.schema === b.schema;
}

/**
 * Whether a text speaks of a relation, in whatever schema: its name stands there as a word of its own. Pure.
 * @param relation schema and name as SQL takes them
 */
export function namesRelation(text: string, relation: string): boolean {
  const name = parseQualifiedName(relation)?.name ?? relation;
  return new RegExp(String.raw`(?<![\w$])${RegExp.escape(name)}(?![\w$])`, "i").test(text);
}
