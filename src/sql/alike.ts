import { Lexer } from "./lexer/lexer.ts";
import { TokenKind } from "./lexer/token-kind.ts";
import { isWord } from "./lexer/word.ts";
import type { Statement } from "./statement.ts";

/** Longer statements are looked at one by one. In UTF-16 units. */
const LONGEST = 20_000;

const ROW_WORDS: ReadonlySet<string> = new Set(["INSERT", "UPDATE", "DELETE"]);

/**
 * What statements have in common that add, change or delete rows and differ in nothing but strings and numbers: PostgreSQL's grammar
 * takes all of them or none. Undefined for other statements, and for long ones. Pure.
 */
export function rowShapeOf({ firstWord = "", text }: Pick<Statement, "firstWord" | "text">): string | undefined {
  if (text.length > LONGEST || !ROW_WORDS.has(firstWord)) return undefined;
  const lexer = new Lexer(text);
  const shape: string[] = [];
  while (lexer.next()) {
    const token = text.slice(lexer.start, lexer.end);
    shape.push(isAnyValue(lexer.kind, token) ? VALUE : token);
  }
  return shape.join(" ");
}

/** The grammar looks into strings with a prefix. */
function isAnyValue(kind: TokenKind, token: string): boolean {
  if (kind === TokenKind.number) return /^\d+(?:\.\d+)?$/.test(token);
  return kind === TokenKind.string && token.startsWith("'");
}

/** No token of PostgreSQL's. */
const VALUE = "\0";

/** Whether functions are called in the rows of an INSERT, or behind them. Pure. */
export function callsInRows({ text }: Pick<Statement, "text">): boolean {
  const lexer = new Lexer(text);
  let isBehind = false;
  let isName = false;
  while (lexer.next()) {
    if (isBehind && isName && lexer.kind === TokenKind.open) return true;
    const isWordHere = lexer.kind === TokenKind.word;
    isBehind ||= isWordHere && isWord(lexer, "values");
    isName = lexer.kind === TokenKind.quotedIdentifier || (isWordHere && !NO_CALL.some((word) => isWord(lexer, word)));
  }
  return false;
}

/** Words before a parenthesis that is no call's. */
const NO_CALL = ["values", "in", "and", "or", "not", "conflict", "row", "returning"];
