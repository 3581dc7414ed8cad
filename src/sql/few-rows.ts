import { Lexer } from "./lexer/lexer.ts";
import { TokenKind } from "./lexer/token-kind.ts";
import { isWord } from "./lexer/word.ts";
import type { Span } from "./statement.ts";

/** Shorter texts stay as they are. In UTF-16 units. */
const LONG = 100_000;

/**
 * A long text in which rows of VALUES that hold nothing but constants are blank, the first of each list apart: PostgreSQL's parser makes
 * a hundred times their size of them. Everything else stays at its byte of the text in UTF-8. Pure.
 */
export function withFewRows(text: string): string {
  if (text.length <= LONG) return text;
  const parts: string[] = [];
  let kept = 0;
  for (const { start, end } of plainRows(text)) {
    parts.push(text.slice(kept, start), " ".repeat(Buffer.byteLength(text.slice(start, end))));
    kept = end;
  }
  return parts.join("") + text.slice(kept);
}

/** Rows behind the first of a list, with the comma before each; one span where several follow each other. */
function plainRows(text: string): Span[] {
  const found: { start: number; end: number }[] = [];
  const lexer = new Lexer(text);
  let isThere = lexer.next();
  while (isThere) {
    const isList = lexer.kind === TokenKind.word && isWord(lexer, "values");
    isThere = lexer.next();
    if (!isList) continue;
    for (let before: number | undefined; isThere && lexer.kind === TokenKind.open;) {
      const isPlain = isPlainRow(lexer);
      const last = found.at(-1);
      if (before !== undefined && isPlain && last?.end === before) last.end = lexer.end;
      else if (before !== undefined && isPlain) found.push({ start: before, end: lexer.end });
      before = lexer.end;
      isThere = lexer.next();
      if (!isThere || text[lexer.start] !== ",") break;
      isThere = lexer.next();
    }
  }
  return found;
}

/** Reads a row, from the parenthesis that opens it to the one that closes it. @returns whether there are constants in it alone */
function isPlainRow(lexer: Lexer): boolean {
  let isPlain = true;
  let isType = false;
  for (let depth = 1; depth > 0 && lexer.next();) {
    if (lexer.kind === TokenKind.open) depth++;
    else if (lexer.kind === TokenKind.close) depth--;
    isPlain &&= depth < 2 && isPlainToken(lexer, isType);
    isType = lexer.end - lexer.start === 2 && lexer.text.startsWith("::", lexer.start);
  }
  return isPlain && lexer.kind === TokenKind.close;
}

const PLAIN_WORD = /^(?:null|true|false|default)$/i;

function isPlainToken(lexer: Lexer, isType: boolean): boolean {
  const { kind, start, end, text } = lexer;
  switch (kind) {
    // The parser looks into strings with a prefix, and at what follows a number.
    case TokenKind.string:
      return text[start] === "'";
    case TokenKind.number:
      return /^[\d.]+$/.test(text.slice(start, end));
    case TokenKind.close:
    case TokenKind.punctuation:
      return true;
    case TokenKind.word:
      return isType || PLAIN_WORD.test(text.slice(start, end));
    case TokenKind.operator:
      return end - start === 1 && text.charAt(start) === "-";
    default:
      return false;
  }
}
