import { TokenKind } from "./lexer/token-kind.ts";
import { isWord, tokensOf } from "./lexer/tokens.ts";

/** Whether everything that fulfils `after` fulfils `before`, as far as the texts tell. Pure. */
export function isNarrower(before: string | undefined, after: string | undefined): boolean {
  if (before === undefined || before === "true" || before === after) return true;
  if (after === undefined) return false;
  const now = new Set(conjuncts(after));
  return conjuncts(before).every((each) => now.has(each));
}

/** What AND holds together, as pg_get_expr writes it: AND and OR in parentheses of their own, and what they join as well. */
function conjuncts(condition: string): string[] {
  const tokens = tokensOf(condition);
  const close = tokens.findIndex(({ kind, depth }, at) => at > 0 && depth === 0 && kind === TokenKind.close);
  const isWrapped = tokens[0]?.kind === TokenKind.open && close === tokens.length - 1;
  if (isWrapped) return conjuncts(condition.slice(tokens[0]!.end, tokens[close]!.start));
  const words = tokens.filter(({ depth }) => depth === 0);
  const ands = words.filter((token) => isWord(token, "AND"));
  if (ands.length === 0 || words.some((token) => isWord(token, "OR"))) return [condition.trim()];
  const starts = [0, ...ands.map(({ end }) => end)];
  return starts.flatMap((start, index) => conjuncts(condition.slice(start, ands[index]?.start)));
}
