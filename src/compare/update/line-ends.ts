import { TokenKind } from "#sql/lexer/token-kind.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";

/** What ends most lines of a text. Pure. */
export function lineEndOf(text: string): "\n" | "\r\n" {
  const windows = text.split("\r\n").length - 1;
  return windows * 2 > text.split("\n").length - 1 ? "\r\n" : "\n";
}

/** SQL with other ends of lines. Those in quotes are a part of what is quoted and stay. */
export function withLineEnds(sql: string, lineEnd: string): string {
  if (!sql.includes("\n")) return sql;
  let text = "";
  let copied = 0;
  const copyTo = (end: number): void => {
    text += sql.slice(copied, end).replaceAll(/\r?\n/g, lineEnd);
    copied = end;
  };
  for (const { kind, start, end } of tokensOf(sql)) {
    if (!QUOTED.has(kind)) continue;
    copyTo(start);
    text += sql.slice(start, end);
    copied = end;
  }
  copyTo(sql.length);
  return text;
}

const QUOTED: ReadonlySet<TokenKind> = new Set<TokenKind>([
  TokenKind.string,
  TokenKind.dollarString,
  TokenKind.quotedIdentifier,
]);
