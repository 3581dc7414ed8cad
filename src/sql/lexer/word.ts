import type { Lexer } from "./lexer.ts";

/**
 * Whether the lexer's current token, a word, reads `word` in any case. Compares in place: this runs for
 * every token of some statements. `word` is given in lower-case ASCII letters.
 */
export function isWord(lexer: Lexer, word: string): boolean {
  const start = lexer.start;
  const length = word.length;
  if (lexer.end - start !== length) return false;
  for (let i = 0; i < length; i++) {
    if ((lexer.text.charCodeAt(start + i) | 32) !== word.charCodeAt(i)) return false;
  }
  return true;
}
