import { parseQualifiedName } from "./quote.ts";
import { isWord, type Token, tokensOf } from "./lexer/tokens.ts";

/**
 * The columns of NEW and OLD that the body of a trigger function in PL/pgSQL names; undefined where it hands the whole row to
 * something else, which may do anything to it. Pure.
 */
export function rowColumns(body: string): ReadonlySet<string> | undefined {
  const columns = new Set<string>();
  const tokens = tokensOf(body);
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1];
    if (!isRow(token) || before?.text === ".") continue;
    const column = tokens[index + 1]?.text === "." ? parseQualifiedName(tokens[index + 2]?.text ?? "") : undefined;
    if (column !== undefined) columns.add(column.name);
    else if (!isWord(before, "RETURN")) return undefined;
  }
  return columns;
}

function isRow({ text }: Token): boolean {
  return /^(?:new|old)$/i.test(text) || text === '"new"' || text === '"old"';
}
