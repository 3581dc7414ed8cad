import { Lexer } from "./lexer.ts";
import { TokenKind } from "./token-kind.ts";

/** One token of a text; offsets are UTF-16 units. */
export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** How many parentheses are open around it; those themselves count as outside. */
  readonly depth: number;
}

/** Tokens of a text, without comments. */
export function tokensOf(text: string, from = 0, to = text.length): Token[] {
  const lexer = new Lexer(text, from, to);
  const tokens: Token[] = [];
  let depth = 0;
  while (lexer.next()) {
    const { kind, start, end } = lexer;
    if (kind === TokenKind.close || text.charAt(start) === "]") depth--;
    tokens.push({ kind, start, end, text: text.slice(start, end), depth });
    if (kind === TokenKind.open || text.charAt(start) === "[") depth++;
  }
  return tokens;
}

/** Whether a token is this keyword, given in upper case. */
export function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === TokenKind.word && token.text.toUpperCase() === word;
}
