import { Lexer } from "#sql/lexer/lexer.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";

const NAMES = new Map<number, string>(Object.entries(TokenKind).map(([name, kind]) => [kind, name]));

/** The tokens of `text` as "kind text", comments included when asked for. */
export function tokens(text: string, comments = false): string[] {
  const lexer = new Lexer(text, 0, text.length, comments);
  const found: string[] = [];
  while (lexer.next()) found.push(`${NAMES.get(lexer.kind)} ${text.slice(lexer.start, lexer.end)}`);
  return found;
}

/** What the end of `text` leaves open, and from where. */
export function gap(text: string): [string, number] | undefined {
  const lexer = new Lexer(text);
  while (lexer.next());
  return lexer.gap === undefined ? undefined : [lexer.gap, lexer.gapStart];
}
